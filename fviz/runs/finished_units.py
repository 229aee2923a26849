"""What a finished unit leaves: pictures, its record, and a ledger line.

A sweep and a comparison write the same: the picture of the unit with its
record, a strip of its snapshots, and the record again as a line of the ledger.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from fviz import engine
from fviz.media import png
from fviz.storage import ledger_lines, plain_json, workdir


class Series(NamedTuple):
  """What all pictures of one ledger have in common."""

  model: str  # The network's name.
  seed: int  # Of all randomness.
  history_steps: Sequence[int]  # Whose objective values a record keeps.
  candidate: str = ''  # The name of a compared config, '' in a sweep.


def save(
  directory: workdir.Workdir,
  series: Series,
  units: Sequence[ledger_lines.Unit],
  result: engine.Result,
  seconds: float,
  metrics: Sequence[Mapping[str, Any]] | None = None,
) -> list[dict[str, Any]]:
  """Writes pictures first, then ledger lines: a line means that all is there.

  Args:
    directory: where to.
    series: that they belong to.
    units: [jobs], as the result has them.
    result: of a batch, one picture a job.
    seconds: that one unit took.
    metrics: [jobs], what a comparison measured, name -> number or text.

  Returns:
    The records, as in the ledger.
  """
  records = []
  for i, unit in enumerate(units):
    path, record = directory.image_path(*unit), _record(series, unit, result, i)
    record['file'] = directory.relative(path)
    record['seconds'] = round(seconds, 3)
    if metrics is not None:
      record['metrics'] = {k: _number(v) for k, v in metrics[i].items()}
    if result.snapshots.shape[1] > 1:
      # Contact sheets of earlier steps are made from it.
      strip = np.concatenate(list(result.snapshots[i, :, 0]), axis=1)
      png.save(directory.film_path(*unit), strip)
    # With all that makes it again, wherever the picture is copied to.
    whole = {**record, 'config': directory.config}
    png.save(path, result.images[i, 0], whole)
    records.append(record)
  directory.append(records)
  return records


def has_failed(record: Mapping[str, Any]) -> bool:
  """Whether a unit met a value that was not finite."""
  return record.get('failed', -1) >= 0


def picture(
  directory: workdir.Workdir, record: Mapping[str, Any]
) -> np.ndarray:
  """The finished picture of a unit, uint8 [h, w, c].

  Raises:
    FvizError: its file is lost or damaged.
  """
  file, unit = record.get('file'), ledger_lines.unit(record)
  path = directory.resolve(file) if file else directory.image_path(*unit)
  return png.read(path)[0]


def snapshots(
  directory: workdir.Workdir, record: Mapping[str, Any], count: int
) -> list[np.ndarray] | list[None]:
  """The pictures of a unit at each of its snapshots, uint8 [h, w, c].

  Where their strip is lost, damaged or of another size, the finished picture
  stands for all of them; a unit that failed has None for each.
  """
  if has_failed(record):
    return [None] * count
  if count > 1:
    unit = ledger_lines.unit(record)
    try:
      strip, _ = png.read(directory.film_path(*unit))
      return np.split(strip, count, axis=1)
    except ValueError:
      pass
  return [picture(directory, record)] * count


def caption(unit: ledger_lines.Unit) -> str:
  """A unit on a contact sheet: its channel, and the variant unless it is 0.

  >>> caption(('mixed3', 7, 0)), caption(('mixed3', 7, 2))
  ('7', '7.2')
  """
  _, channel, variant = unit
  return f'{channel}.{variant}' if variant else f'{channel}'


def mean(values: Iterable[float | None]) -> float | None:
  """The mean of the numbers in a field of records, None without any."""
  known = [value for value in values if value is not None]
  return float(np.mean(known)) if known else None


def _record(
  series: Series, unit: ledger_lines.Unit, result: engine.Result, i: int
) -> dict[str, Any]:
  layer, channel, variant = unit
  history = result.history[i]
  # Old ledgers are resumed and old records redone: names and order must stay.
  # So a comparison still names its candidate 'comparison_variant', and has no
  # 'steps'.
  named = {'comparison_variant': series.candidate} if series.candidate else {}
  steps = {} if series.candidate else {'steps': int(result.steps[i])}
  return {
    'layer': layer,
    'channel': channel,
    'variant': variant,
    'seed': series.seed,
    'model': series.model,
    **named,
    'objective': _number(history[-1]),
    'activation': _number(result.activation[i]),
    'history': [_number(history[step - 1]) for step in series.history_steps],
    'failed': int(result.failed[i]),
    **steps,
  }


def _number(value: Any) -> float | str | None:
  return value if isinstance(value, str) else plain_json.number(value)
