"""What candidates still lack: rendered, measured and written."""

import itertools
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from tqdm import tqdm

from fviz import engine, sweep, types
from fviz.compare import metrics
from fviz.compare.candidates import Candidate
from fviz.compare.comparison_plan import ComparisonPlan
from fviz.compare.shared_programs import SharedProgram
from fviz.runs import finished_units
from fviz.storage import workdir

_CURVE = 64  # Points of an objective's curve, at most.


class _Job(NamedTuple):
  """One unit of one candidate."""

  row: int  # Of the candidate in its program.
  candidate: Candidate
  unit: sweep.Unit


class _Clock:
  """Seconds a batch took, without the compilation before its first step."""

  def __init__(self):
    self._start: float | None = None

  def tick(self, step: int) -> None:
    # Steps are only dispatched by now, so none of the work is missed.
    self._start = self._start or time.monotonic()

  def lap(self) -> float:
    now = time.monotonic()
    start, self._start = self._start or now, None
    return now - start


def render(
  plan: ComparisonPlan,
  program: SharedProgram,
  folders: Mapping[str, workdir.Workdir],
) -> None:
  """Renders what the folders lack of the candidates of one program."""
  jobs = []
  for row, candidate in enumerate(program.candidates):
    finished = folders[candidate.name].finished()
    missing = (unit for unit in plan.units if unit not in finished)
    jobs += [_Job(row, candidate, unit) for unit in missing]
  if not jobs:
    return
  rows = np.array([job.row for job in jobs])
  channels = np.array([job.unit[1] for job in jobs])
  numbers = tuple(x[rows] for x in program.numbers)
  layer, network, clock = plan.units[0][0], plan.network, _Clock()
  parts = engine.batches(
    network,
    engine.channel_jobs(network, layer, channels, _keys(jobs), numbers),
    program.recipe,
    plan.batch_size,
    clock.tick,
  )
  label = ', '.join(one.name for one in program.candidates)
  label = label if len(label) < 30 else f'{label[:29]}…'
  with tqdm(total=len(jobs), unit='picture', desc=label) as bar:
    for where, result in parts:
      _save(plan, folders, [jobs[i] for i in where], result, clock.lap())
      bar.update(len(where))


def curve_steps(steps: int) -> list[int]:
  """The steps of a record's history: at most 64, the last one included.

  >>> curve_steps(4), len(curve_steps(1000)), curve_steps(1000)[-1]
  ([1, 2, 3, 4], 64, 1000)
  """
  count = min(steps, _CURVE)
  return [(i + 1) * steps // count for i in range(count)]


def _keys(jobs: Sequence[_Job]) -> types.Key:
  """A picture has the same key in all candidates of the same seed."""
  parts = []
  for seed, some in itertools.groupby(jobs, lambda job: job.candidate.seed):
    units = np.array([job.unit[1:] for job in some])
    parts.append(engine.job_keys(seed, *units.T))
  return jnp.concatenate(parts)


def _save(
  plan: ComparisonPlan,
  folders: Mapping[str, workdir.Workdir],
  jobs: Sequence[_Job],
  result: engine.Result,
  seconds: float,
) -> None:
  seconds /= len(jobs)
  measured = _measured(plan, jobs, result, seconds)
  by_candidate: dict[str, list[int]] = {}
  for i, job in enumerate(jobs):
    by_candidate.setdefault(job.candidate.name, []).append(i)
  for name, some in by_candidate.items():
    candidate = jobs[some[0]].candidate
    steps = curve_steps(candidate.recipe.steps)
    finished_units.save(
      folders[name],
      finished_units.Series(plan.network.name, candidate.seed, steps, name),
      [jobs[i].unit for i in some],
      jax.tree.map(lambda x, some=some: x[some], result),
      seconds,
      [measured[i] for i in some],
    )


def _measured(
  plan: ComparisonPlan,
  jobs: Sequence[_Job],
  result: engine.Result,
  seconds: float,
) -> list[dict[str, float | str]]:
  """The metrics of each job's picture, {} of one that failed."""
  measured: list[dict[str, float | str]] = [{} for _ in jobs]
  fine = np.flatnonzero(result.failed < 0).tolist()
  if not fine:
    return measured
  channels = [jobs[i].unit[1] for i in fine]
  found = plan.judge.measure(result.images[fine, 0], channels)
  for i, numbers in zip(fine, found, strict=True):
    history = result.history[i]
    steps = metrics.steps_to_95(history)
    share = seconds * steps / len(history)
    measured[i] = numbers | {'steps_to_95': steps, 'seconds_to_95': share}
  return measured
