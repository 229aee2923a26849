"""What each candidate came to: read from its folder, and shown to people.

Tables, the sheet and TensorBoard's events are all made from ledgers and PNGs.
The sheet's rows are candidates, its columns are units. In TensorBoard there is
a run for each candidate, with the same tags, and one for all.
"""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from etils import epath
from PIL import Image, ImageDraw, ImageFont

from fviz import sweep, tensorboard
from fviz.compare import metrics, ranking
from fviz.compare.candidates import Candidate
from fviz.compare.comparison_plan import ComparisonPlan
from fviz.media import contact_sheet, png
from fviz.runs import finished_units
from fviz.storage import atomic_files, workdir

_TILE = 96  # Pixels of a picture on the sheet, at most.


class Outcome(NamedTuple):
  """A candidate and what its folder holds."""

  candidate: Candidate
  folder: workdir.Workdir
  records: Sequence[Mapping[str, Any]]  # [units], as in its ledger.
  # [units], the pictures at each snapshot; Nones of one that failed.
  films: Sequence[Sequence[np.ndarray | None]]


def present(
  plan: ComparisonPlan, path: epath.Path, folders: Mapping[str, workdir.Workdir]
) -> ranking.Ranking:
  """Makes everything that people look at, from what is in the folders."""
  found = {c.name: _read(plan, c, folders[c.name]) for c in plan.candidates}
  values = {name: _values(one) for name, one in found.items()}
  _add_diversity(plan, found, values)
  failed = lambda one: sum(map(finished_units.has_failed, one.records))
  ranked = ranking.rank(
    values,
    {name: failed(one) for name, one in found.items()},
    plan.rank_by,
    plan.judge.natural_range([unit[1] for unit in plan.units]),
  )
  for name, data in (
    ('report.json', ranking.data(ranked, values, plan.units)),
    ('report.md', ranking.markdown(ranked).encode()),
    ('report.html', _page(plan, ranked).encode()),
  ):
    atomic_files.write(path / name, data)
  captions = [finished_units.caption(unit) for unit in plan.units]
  for row in ranked.rows:
    _write_candidate(plan, found[row.name], row, captions)
  sheets = _sheets(plan, [found[row.name] for row in ranked.rows], captions)
  _write_all(plan, path, ranked, sheets)
  png.save(path / ranking.SHEET, sheets[-1])
  return ranked


def _page(plan: ComparisonPlan, ranked: ranking.Ranking) -> str:
  """The report with what was compared, and what candidates change."""
  record, layer = plan.record, plan.units[0][0]
  captions = ', '.join(map(finished_units.caption, plan.units))
  about = (
    f'{plan.network.name}, layer {layer}, channels {captions}: '
    f'{record.get("size")} pixels, {record.get("steps")} steps, seed '
    f'{record.get("seed")}, unless a candidate says otherwise. Rows are '
    'candidates, the best first; columns are channels.'
  )
  return ranking.page(ranked, about, _changes(plan))


def _changes(plan: ComparisonPlan) -> dict[str, str]:
  """Candidate -> where it differs from what most of them have, in words."""
  common = {
    field: statistics.mode(map(repr, of.values()))
    for field, of in plan.differences.items()
  }
  return {
    one.name: ', '.join(
      f'{field} = {of[one.name]}'
      for field, of in plan.differences.items()
      if repr(of[one.name]) != common[field]
    )
    for one in plan.candidates
  }


def _columns(plan: ComparisonPlan) -> dict[str, Mapping[str, Any]]:
  """Columns of the HParams tab: field -> candidate -> value.

  The tab shows five until more are asked for. Where there are more, one column
  says all changes, so that no two candidates look the same.
  """
  names = {one.name: one.name for one in plan.candidates}
  whole = {} if len(plan.differences) < 5 else {'changes': _changes(plan)}
  return {'candidate': names, **whole, **plan.differences}


def _read(
  plan: ComparisonPlan, candidate: Candidate, folder: workdir.Workdir
) -> Outcome:
  finished, count = folder.finished(), len(candidate.recipe.snapshot_steps)
  records = [finished[unit] for unit in plan.units]
  films = [finished_units.snapshots(folder, r, count) for r in records]
  return Outcome(candidate, folder, records, films)


def _values(outcome: Outcome) -> dict[str, list[float]]:
  """Metric -> [units], NaN where a unit has no such number."""
  found = [record.get('metrics', {}) for record in outcome.records]
  number = lambda value: np.nan if value is None else value
  return {k: [number(of.get(k)) for of in found] for k in metrics.METRICS}


def _add_diversity(
  plan: ComparisonPlan,
  outcomes: Mapping[str, Outcome],
  values: Mapping[str, Mapping[str, list[float]]],
) -> None:
  """Measured here, from the finished PNGs: it is about all candidates."""
  for i in range(len(plan.units)):
    fine = {
      name: finished_units.picture(one.folder, one.records[i]) / 255.0
      for name, one in outcomes.items()
      if not finished_units.has_failed(one.records[i])
    }
    if len(fine) < 2:
      continue
    activations = plan.judge.activations([*fine.values()])
    for name, value in zip(fine, metrics.diversity(activations), strict=True):
      values[name]['diversity'][i] = float(value)


# What people look at.


def _write_candidate(
  plan: ComparisonPlan,
  outcome: Outcome,
  row: ranking.Row,
  captions: Sequence[str],
) -> None:
  """The run of one candidate; all candidates have the same tags."""
  recipe, layer = outcome.candidate.recipe, plan.units[0][0]
  with _writer(outcome.folder.path) as writer:
    for i, step in enumerate(recipe.snapshot_steps):
      pictures = [film[i] for film in outcome.films]
      for caption, picture in zip(captions, pictures, strict=True):
        if picture is not None:
          writer.image(f'{layer}/unit-{caption}', picture, step)
      sheet = contact_sheet.draw(pictures, captions)
      writer.image(f'{layer}/all', sheet, step)
    _write_curve(writer, outcome.records, recipe.steps)
    for metric, (mean, _, _) in row.metrics.items():
      if np.isfinite(mean):  # A candidate that failed has none.
        writer.scalar(f'metrics/{metric}', mean, recipe.steps)
    writer.scalar('metrics/place', row.place[0], recipe.steps)
    writer.scalar('metrics/failed', row.failed, recipe.steps)
    values = {field: of[row.name] for field, of in _columns(plan).items()}
    writer.hparams(row.name, values)
    writer.text('config', sweep.markdown(outcome.folder.config))


def _write_curve(
  writer: tensorboard.Writer, records: Sequence[Mapping[str, Any]], steps: int
) -> None:
  """The mean objective over units, step by step."""
  histories = [record.get('history') or [] for record in records]
  count = max(map(len, histories))
  for i in range(count):
    mean = finished_units.mean(h[i] for h in histories if len(h) > i)
    if mean is not None:
      writer.scalar('mean_objective', mean, (i + 1) * steps // count)


def _write_all(
  plan: ComparisonPlan,
  path: epath.Path,
  ranked: ranking.Ranking,
  sheets: Sequence[np.ndarray],
) -> None:
  """The run of the comparison."""
  with _writer(path) as writer:
    for sheet, step in zip(sheets, plan.snapshot_steps, strict=True):
      writer.image('comparison', sheet, step)
    columns = {field: of.values() for field, of in _columns(plan).items()}
    tags = [f'metrics/{name}' for name in ('place', *ranked.rows[0].metrics)]
    writer.hparams_table(columns, tags)
    writer.text('report', ranking.markdown(ranked))


def _writer(path: epath.Path) -> tensorboard.Writer:
  """A new one: TensorBoard would show what an earlier report said, too."""
  for file in path.glob('events.out.tfevents.*'):
    file.unlink()
  return tensorboard.Writer(path)


def _sheets(
  plan: ComparisonPlan, outcomes: Sequence[Outcome], captions: Sequence[str]
) -> list[np.ndarray]:
  """A sheet a snapshot, uint8 [height, width, 3]; names are at the left."""
  sheets = []
  for i in range(len(plan.snapshot_steps)):
    # Candidates may differ in their number of snapshots.
    rows = [[f[min(i, len(f) - 1)] for f in one.films] for one in outcomes]
    known = [p for row in rows for p in row if p is not None]
    side = min(_TILE, max((max(p.shape[:2]) for p in known), default=_TILE))
    tiles, texts = [], []
    for one, row in zip(outcomes, rows, strict=True):
      tiles += [_label(one.candidate.name, max(side, 64)), *row]
      texts += ['', *captions]
    sheets.append(contact_sheet.draw(tiles, texts, len(captions) + 1, side))
  return sheets


def _label(name: str, side: int) -> np.ndarray:
  """A tile with a candidate's name, broken where it does not fit."""
  font = ImageFont.load_default(size=11)
  lines, line = [], ''
  for word in name.replace('_', '_\0').replace('-', '-\0').split('\0'):
    if line and font.getlength(line + word) > side - 4:
      lines.append(line)
      line = ''
    line += word
  tile = Image.new('RGB', (side, side), (24, 24, 24))
  text = '\n'.join([*lines, line])
  draw = ImageDraw.Draw(tile)
  draw.multiline_text((2, side // 2), text, (235, 235, 235), font, 'lm')
  return np.asarray(tile)
