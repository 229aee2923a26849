"""Candidates on the same units, side by side: pictures and numbers.

Each candidate has a working directory of its own inside the comparison's, and
is a run in TensorBoard. The ledgers and PNGs are the truth: sheets, tables and
events are made from them, so a comparison that was killed ends as one that was
not.
"""

from __future__ import annotations

import contextlib
import runpy
import time
from types import ModuleType
from typing import NamedTuple

from etils import epath
from ml_collections import ConfigDict

from fviz import errors, types
from fviz import sweep as sweeps
from fviz.compare import (
  comparison_plan,
  literature,
  outcomes,
  ranking,
  render_candidates,
  sheets,
  tensorboard_runs,
)
from fviz.compare.candidates import SweepFunction
from fviz.media import png
from fviz.storage import atomic_files, workdir


class Report(NamedTuple):
  """What a comparison came to; prints as the lines a person wants to see.

  Attributes:
    path: the working directory.
    table: the candidates, the best first.
    pictures: of all candidates.
    failed: pictures that met a value that was not finite.
    seconds: that this run took.
  """

  path: epath.Path
  table: ranking.Ranking
  pictures: int
  failed: int
  seconds: float

  def __str__(self) -> str:
    failed = f', {self.failed} failed' if self.failed else ''
    return (
      f'{ranking.plain(self.table)}\n'
      f'{self.pictures} pictures{failed} in {self.seconds:.0f} s\n'
      f'  sheet          {sheets.path_in(self.path)}\n'
      f'  report         {self.path / "report.html"}\n'
      f'  TensorBoard    {self.path}\n'
      f'Open it with: tensorboard --logdir {self.path}'
    )


def run(
  config: ConfigDict | ModuleType,
  path: str,
  sweep: SweepFunction | None = None,
  network: types.Network | None = None,
  other: types.Network | None = None,
) -> Report:
  """Renders, measures and ranks every candidate that the directory lacks.

  Args:
    config: see `fviz.config.compare`; or a config module, that is one with
      `get_config()` and `sweep(add)`.
    path: the working directory; give it again to resume, or with more
      candidates to add them.
    sweep: calls add(name, **{'dotted.field': value}) for each candidate; that
      of the module, or `regularizers`, by default.
    network: your own, instead of the zoo's `config.model`.
    other: your own for `transfer`.

  Raises:
    FvizError: before any work, for everything wrong in the config, its
      candidates, or the working directory.
  """
  start = time.monotonic()
  if isinstance(config, ModuleType):
    sweep = sweep or config.sweep
    return run(config.get_config(), path, sweep, network, other)
  sweep = sweep or literature.regularizers
  plan = comparison_plan.plan(config, sweep, network, other)
  with contextlib.ExitStack() as stack:
    enter = lambda where, record: stack.enter_context(
      workdir.Workdir.open(where, record, sweeps.IGNORED)
    )
    root = enter(path, plan.record)
    folders = {
      one.name: enter(root.path / one.name, {**plan.record, **one.config})
      for one in plan.candidates
    }
    for program in plan.programs:
      render_candidates.render(plan, program, folders)
    ranked = _present(plan, root.path, folders)
  failed = sum(row.failed for row in ranked.rows)
  pictures = len(plan.candidates) * len(plan.units)
  return Report(root.path, ranked, pictures, failed, time.monotonic() - start)


def sweep_of(file: str) -> SweepFunction:
  """The `sweep(add)` of a config file.

  Raises:
    FvizError: it has none.
  """
  sweep = runpy.run_path(file).get('sweep')
  if not callable(sweep):
    raise errors.FvizError(
      f"{file} defines no sweep(add): add one that calls add('name', "
      "**{'dotted.field': value}) for each candidate."
    )
  return sweep


def _present(
  plan: comparison_plan.ComparisonPlan,
  path: epath.Path,
  folders: render_candidates.Folders,
) -> ranking.Ranking:
  """Makes everything that people look at, from what is in the folders."""
  found = [
    outcomes.Outcome(one, folder, dict(folder.finished()))
    for one in plan.candidates
    for folder in [folders[one.name]]
  ]
  values = outcomes.values_of(found, plan.units, plan.judge)
  ranked = ranking.rank(
    values,
    {one.name: sum(map(one.failed, plan.units)) for one in found},
    plan.rank_by,
    plan.judge.natural_range([unit[1] for unit in plan.units]),
  )
  for name, data in (
    ('report.json', ranking.data(ranked, values, plan.units)),
    ('report.md', ranking.markdown(ranked).encode()),
    ('report.html', ranking.page(ranked).encode()),
  ):
    atomic_files.write(path / name, data)
  rows = {row.name: row for row in ranked.rows}
  for one in found:
    tensorboard_runs.write_candidate(plan, one, rows[one.name])
  sheet = tensorboard_runs.write_all(plan, path, found, ranked)
  png.save(sheets.path_in(path), sheet)
  return ranked
