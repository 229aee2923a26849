"""A comparison in TensorBoard: a run for each candidate, and one for all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from etils import epath

from fviz import sweep, tensorboard
from fviz.compare import ranking, sheets
from fviz.compare.comparison_plan import ComparisonPlan
from fviz.compare.outcomes import Outcome
from fviz.compare.ranking import Ranking
from fviz.media import contact_sheet
from fviz.runs import finished_units

_EVENTS = 'events.out.tfevents.*'


def write_candidate(
  plan: ComparisonPlan, outcome: Outcome, row: ranking.Row
) -> None:
  """The run of one candidate; all candidates have the same tags."""
  _forget(outcome.folder.path)
  recipe = outcome.candidate.recipe
  with tensorboard.Writer(outcome.folder.path) as writer:
    frames = [outcome.snapshots(unit) for unit in plan.units]
    for i, step in enumerate(recipe.snapshot_steps):
      _write_pictures(
        writer, plan.units, [of_unit[i] for of_unit in frames], step
      )
    _write_curve(writer, plan, outcome)
    for metric, (mean, _, _) in row.metrics.items():
      if np.isfinite(mean):  # A candidate that failed has none.
        writer.scalar(f'metrics/{metric}', mean, recipe.steps)
    writer.scalar('metrics/place', row.place[0], recipe.steps)
    writer.scalar('metrics/failed', row.failed, recipe.steps)
    values = {field: of[row.name] for field, of in plan.differences.items()}
    writer.hparams(row.name, {'candidate': row.name, **values})
    writer.text('config', sweep.markdown(outcome.folder.config))


def write_all(
  plan: ComparisonPlan,
  directory: epath.Path,
  outcomes: Sequence[Outcome],
  ranked: Ranking,
) -> np.ndarray:
  """The run of the comparison; returns the sheet of the finished pictures."""
  _forget(directory)
  captions = [finished_units.caption(unit) for unit in plan.units]
  by_name = {one.name: one for one in outcomes}
  names = [row.name for row in ranked.rows]
  frames = [
    [by_name[name].snapshots(unit) for unit in plan.units] for name in names
  ]
  # Candidates may differ in their number of snapshots.
  drawn = [
    sheets.draw(
      names, [[f[min(i, len(f) - 1)] for f in row] for row in frames], captions
    )
    for i in range(len(plan.snapshot_steps))
  ]
  with tensorboard.Writer(directory) as writer:
    for sheet, step in zip(drawn, plan.snapshot_steps, strict=True):
      writer.image('comparison', sheet, step)
    values = {field: of.values() for field, of in plan.differences.items()}
    tags = [f'metrics/{name}' for name in ('place', *ranked.rows[0].metrics)]
    writer.hparams_table({'candidate': by_name, **values}, tags)
    writer.text('report', ranking.markdown(ranked))
  return drawn[-1]


def _write_pictures(
  writer: tensorboard.Writer,
  units: Sequence[sweep.Unit],
  pictures: Sequence[np.ndarray | None],
  step: int,
) -> None:
  """Each unit's picture at a snapshot, and all of them on a sheet."""
  layer, captions = units[0][0], [finished_units.caption(u) for u in units]
  for caption, picture in zip(captions, pictures, strict=True):
    if picture is not None:
      writer.image(f'{layer}/unit-{caption}', picture, step)
  writer.image(f'{layer}/all', contact_sheet.draw(pictures, captions), step)


def _write_curve(
  writer: tensorboard.Writer, plan: ComparisonPlan, outcome: Outcome
) -> None:
  """The mean objective over units, step by step."""
  histories = [outcome.records[u].get('history') or [] for u in plan.units]
  count = max(map(len, histories))
  for i in range(count):
    mean = finished_units.mean(h[i] for h in histories if len(h) > i)
    if mean is not None:
      step = (i + 1) * outcome.candidate.recipe.steps // count
      writer.scalar('mean_objective', mean, step)


def _forget(path: epath.Path) -> None:
  """TensorBoard would show what an earlier report said, too."""
  for file in path.glob(_EVENTS):
    file.unlink()
