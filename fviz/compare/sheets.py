"""A comparison as people see it: sheets and TensorBoard, from the ledgers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from ml_collections import ConfigDict
from PIL import Image, ImageDraw, ImageFont

from fviz import config as configs
from fviz import errors, sweep, tensorboard
from fviz.compare import candidates, judge, metrics, report
from fviz.media import contact_sheet, png
from fviz.storage import atomic_files, workdir

Unit = tuple[str, int, int]  # (layer, channel, variant).
_TILE = 96  # Pixels of a picture on the comparison sheet, at most.
_EVENTS = 'events.out.tfevents.*'


class Run(NamedTuple):
  """A variant and what its ledger says."""

  name: str
  config: ConfigDict
  folder: workdir.Workdir
  records: Mapping[Unit, Mapping[str, Any]]

  def values(self, metric: str, units: Sequence[Unit]) -> list[float]:
    """[units], NaN where a unit has no such number."""
    found = [self.records[u].get('metrics', {}).get(metric) for u in units]
    return [np.nan if value is None else value for value in found]

  def failed(self, units: Sequence[Unit]) -> int:
    return sum(self.records[u].get('failed', -1) >= 0 for u in units)


def write(
  root: workdir.Workdir,
  config: ConfigDict,
  runs: list[Run],
  units: list[Unit],
  measure: judge.Judge,
) -> report.Table:
  """Makes everything that people look at; returns the table."""
  values = _values(runs, units, measure)
  table = report.rank(values, {r.name: r.failed(units) for r in runs}, config)
  if config.comparison.natural_images:
    channels = [unit[1] for unit in units]
    table = table._replace(natural=measure.natural_range(channels))
  atomic_files.write(
    root.path / 'report.json', report.data(table, values, units)
  )
  atomic_files.write(root.path / 'report.md', report.markdown(table).encode())
  atomic_files.write(root.path / 'report.html', report.page(table).encode())
  columns = candidates.differences({r.name: r.config for r in runs}, config)
  for run, row in zip(runs, _in_order(table, runs), strict=True):
    _variant_events(run, row, units, columns)
  _root_events(root, config, runs, units, table, columns)
  return table


def sheet(
  names: Sequence[str],
  pictures: Sequence[Sequence[np.ndarray | None]],
  captions: Sequence[str],
) -> np.ndarray:
  """Rows are variants, columns are units; the names stand at the left."""
  known = [p for row in pictures for p in row if p is not None]
  tile = min(_TILE, max((max(p.shape[:2]) for p in known), default=_TILE))
  tiles, texts = [], []
  for name, row in zip(names, pictures, strict=True):
    tiles += [_label(name, max(tile, 64)), *row]
    texts += ['', *captions]
  return contact_sheet.draw(tiles, texts, len(captions) + 1, tile)


def sheet_path(path) -> Any:
  """Where the sheet of the finished pictures is."""
  return path / 'gallery' / 'comparison.png'


def _values(runs, units, measure) -> dict[str, dict[str, list[float]]]:
  """variant -> metric -> [units]; diversity is measured here, from the PNGs."""
  values = {
    run.name: {metric: run.values(metric, units) for metric in metrics.METRICS}
    for run in runs
  }
  for i, unit in enumerate(units):
    fine = [r for r in runs if r.records[unit].get('failed', -1) < 0]
    if len(fine) < 2:
      continue
    pictures = [_picture(run, unit) / 255.0 for run in fine]
    activations = measure.activations(pictures)
    for run, value in zip(fine, metrics.diversity(activations), strict=True):
      values[run.name]['diversity'][i] = float(value)
  return values


def _picture(run: Run, unit: Unit) -> np.ndarray:
  file = run.records[unit].get('file', '')
  return png.read(run.folder.resolve(file))[0]


def _frames(run: Run, unit: Unit) -> list[np.ndarray | None]:
  """The pictures of a unit at each snapshot, Nones if it failed."""
  count = len(configs.snapshot_steps(run.config))
  if run.records[unit].get('failed', -1) >= 0:
    return [None] * count
  try:
    film, _ = png.read(run.folder.film_path(*unit, suffix='.png'))
    return np.split(film, count, axis=1)
  except (errors.FvizError, ValueError):  # Lost or damaged.
    return [_picture(run, unit)] * count


def _variant_events(run: Run, row: report.Row, units, columns) -> None:
  """A run of TensorBoard; the same tags in all variants."""
  _forget_events(run.folder.path)
  steps = configs.snapshot_steps(run.config)
  with tensorboard.Writer(run.folder.path) as writer:
    frames = [_frames(run, unit) for unit in units]
    for i, step in enumerate(steps):
      pictures = [of_unit[i] for of_unit in frames]
      for unit, picture in zip(units, pictures, strict=True):
        if picture is not None:
          writer.image(f'{unit[0]}/unit-{_caption_of(unit)}', picture, step)
      all_units = contact_sheet.draw(pictures, [*map(_caption_of, units)])
      writer.image(f'{units[0][0]}/all', all_units, step)
    _curve(writer, run, units)
    for metric, (mean, _, _) in row.metrics.items():
      if np.isfinite(mean):  # A variant that failed has none.
        writer.scalar(f'metrics/{metric}', mean, run.config.steps)
    writer.scalar('metrics/place', row.place[0], run.config.steps)
    writer.scalar('metrics/failed', row.failed, run.config.steps)
    values = {field: of[run.name] for field, of in columns.items()}
    writer.hparams(run.name, {'variant': run.name, **values})
    writer.text('config', sweep.markdown(run.folder.config))


def _curve(writer, run: Run, units) -> None:
  """The mean objective over units, step by step."""
  histories = [run.records[u].get('history') or [] for u in units]
  count = max(map(len, histories))
  for i in range(count):
    values = [h[i] for h in histories if len(h) > i and h[i] is not None]
    if values:
      step = (i + 1) * run.config.steps // count
      writer.scalar('mean_objective', float(np.mean(values)), step)


def _root_events(root, config, runs, units, table, columns) -> None:
  _forget_events(root.path)
  captions = [_caption_of(unit) for unit in units]
  by_name = {run.name: run for run in runs}
  names = [row.name for row in table.rows]
  frames = [[_frames(by_name[name], unit) for unit in units] for name in names]
  with tensorboard.Writer(root.path) as writer:
    for i, step in enumerate(configs.snapshot_steps(config)):
      pictures = [[f[min(i, len(f) - 1)] for f in row] for row in frames]
      image = sheet(names, pictures, captions)
      writer.image('comparison', image, step)
    png.save(sheet_path(root.path), image)
    values = {field: of.values() for field, of in columns.items()}
    tags = [f'metrics/{name}' for name in ('place', *table.rows[0].metrics)]
    writer.hparams_table({'variant': by_name, **values}, tags)
    writer.text('report', report.markdown(table))


def _forget_events(path) -> None:
  """TensorBoard would show what an earlier report said, too."""
  for file in path.glob(_EVENTS):
    file.unlink()


def _in_order(table: report.Table, runs: list[Run]) -> list[report.Row]:
  rows = {row.name: row for row in table.rows}
  return [rows[run.name] for run in runs]


def _caption_of(unit: Unit) -> str:
  return f'{unit[1]}.{unit[2]}' if unit[2] else f'{unit[1]}'


def _label(name: str, side: int) -> np.ndarray:
  """A tile with a variant's name, broken where it does not fit."""
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
