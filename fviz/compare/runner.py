"""Candidates on the same units, side by side: pictures and numbers.

Each candidate has a working directory of its own inside the comparison's, and
is a run in TensorBoard. The ledgers and PNGs are the truth: sheets, tables and
events are made from them, so a comparison that was killed ends as one that was
not.
"""

import contextlib
import runpy
import time
import traceback
from collections.abc import Mapping
from types import ModuleType
from typing import Any, NamedTuple

from etils import epath
from ml_collections import ConfigDict

from fviz import errors, types
from fviz import sweep as sweeps
from fviz.compare import candidates as candidates_module
from fviz.compare import comparison_plan, outcomes, ranking, render_candidates
from fviz.compare.candidates import SweepFunction
from fviz.storage import workdir


class Report(NamedTuple):
  """What a comparison came to; prints as the lines a person wants to see."""

  path: epath.Path  # The working directory.
  table: ranking.Ranking  # The candidates, the best first.
  pictures: int  # Of all candidates.
  failed: int  # Pictures that met a value that was not finite.
  seconds: float  # That this run took.

  def __str__(self) -> str:
    failed = f', {self.failed} failed' if self.failed else ''
    return (
      f'{ranking.plain(self.table)}\n'
      f'{self.pictures} pictures{failed} in {self.seconds:.0f} s\n'
      f'  sheet          {self.path / ranking.SHEET}\n'
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
  sweep = sweep or candidates_module.regularizers
  plan = comparison_plan.plan(config, sweep, network, other)
  with contextlib.ExitStack() as stack:
    enter = lambda where, record: stack.enter_context(
      workdir.Workdir.open(where, record, sweeps.ignored(record))
    )
    root = enter(path, plan.record)
    record = lambda one: {**plan.record, **one.config, **_own(plan.record)}
    folders = {
      one.name: enter(root.path / one.name, record(one))
      for one in plan.candidates
    }
    for program in plan.programs:
      render_candidates.render(plan, program, folders)
    ranked = outcomes.present(plan, root.path, folders)
  failed = sum(row.failed for row in ranked.rows)
  pictures = len(plan.candidates) * len(plan.units)
  return Report(root.path, ranked, pictures, failed, time.monotonic() - start)


def _own(record: Mapping[str, Any]) -> dict[str, Any]:
  """What a record says of a user's own network, nothing of the zoo's."""
  own = record.get('own_network')
  return {'model': record['model'], 'own_network': own} if own else {}


def sweep_of(file: str) -> SweepFunction:
  """The `sweep(add)` of a config file; an `FvizError` if it has none."""
  try:
    sweep = runpy.run_path(file).get('sweep')
  except OSError as error:
    raise errors.FvizError(
      f'Cannot read {file}: {error.strerror or error}. Give a Python file that '
      'defines sweep(add).'
    ) from error
  except Exception as error:  # It is the user's code.
    last = traceback.extract_tb(error.__traceback__)[-1]
    line = getattr(error, 'lineno', None) or last.lineno
    raise errors.FvizError(
      f'{file} cannot be run: {type(error).__name__}: {error} (line {line}).'
    ) from error
  if not callable(sweep):
    raise errors.FvizError(
      f"{file} defines no sweep(add): add one that calls add('name', "
      "**{'dotted.field': value}) for each candidate."
    )
  return sweep
