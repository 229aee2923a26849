"""How long a sweep will take, and how much disk, from a short trial.

Two layers are tried for a few steps: the one with the fewest operations and the
one with the most. Between them the time of a step grows with the operations,
and the time of a compilation with the layer's place in the order of operations.
A PNG grows with the picture's contrast, about as much at each doubling of the
steps.
"""

import dataclasses
import itertools
import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from fviz import engine
from fviz.media import png
from fviz.sweep.sweep_plan import SweepPlan

_STEPS = 16  # A trial's, at most.
_LINE = 300  # Bytes of a record, in a line of the ledger and in a PNG.
_BLOCK = 4096  # Bytes; a file takes whole blocks of the disk.
_BYTES = ('B', 'kB', 'MB', 'GB', 'TB')
_SECONDS = ((86400, 'd'), (3600, 'h'), (60, 'min'), (1, 's'))


class Trial(NamedTuple):
  """What a layer showed in its first steps.

  Attributes:
    compile: seconds that its compilation takes.
    step: seconds that a step of one unit takes.
    sizes: mean bytes of a PNG after half of the steps, and after all.
    save: mean seconds to encode a PNG.
  """

  compile: float
  step: float
  sizes: tuple[float, float]
  save: float


# Of the estimate, what a sweep may take: a trial of a few steps also pays for
# the start and the end of its pictures, and the machine may be slower later.
_RANGE = 0.4, 1.3


class Estimate(NamedTuple):
  """What a sweep will take, on one process.

  Attributes:
    units: layer -> how many units are missing.
    compile: layer -> seconds of its compilation.
    unit: layer -> seconds for each unit, saving included.
    bytes: kind of file -> bytes on the disk.
    files: how many there will be.
  """

  units: dict[str, int]
  compile: dict[str, float]
  unit: dict[str, float]
  bytes: dict[str, float]
  files: int
  tried: tuple[str, ...]

  def text(self, processes: int = 1) -> str:
    """The estimate for a person, with the work shared among processes."""
    compile = sum(self.compile.values()) / processes
    render = sum(self.unit[k] * n for k, n in self.units.items()) / processes
    kinds = ', '.join(f'{k} {_size(v)}' for k, v in self.bytes.items() if v)
    shared = f', {processes} processes' if processes > 1 else ''
    low, high = (_duration(share * (compile + render)) for share in _RANGE)
    return (
      f'{sum(self.units.values())} pictures of {len(self.units)} layers'
      f'{shared}\n'
      f'  time  about {_duration(compile + render)} (compiling '
      f'{_duration(compile)}, rendering and saving {_duration(render)}), '
      f'between {low} and {high}\n'
      f'  disk  about {_size(sum(self.bytes.values()))} in {self.files} files '
      f'({kinds})\n'
      f'  from a trial of {" and ".join(self.tried)}'
    )


def measure(plan: SweepPlan, missing: Mapping[str, Sequence[int]]) -> Estimate:
  """Tries two layers and estimates what all missing units will take.

  Args:
    plan: its `flops` must have the missing layers.
    missing: layer -> the channel of each missing unit, at least one.
  """
  flops, recipe = plan.flops, plan.recipe
  ranked = sorted(missing, key=lambda name: flops[name])
  tried = tuple(dict.fromkeys((ranked[0], ranked[-1])))
  trials = [_try(plan, name, missing[name]) for name in tried]
  step = _line([flops[name] for name in tried], [t.step for t in trials])
  places = [ranked.index(name) for name in tried]
  compile = _line(places, [t.compile for t in trials])
  clean, _ = engine.check(plan.network, recipe)
  size = _sizes(trials, recipe.steps, math.prod(clean.shape))
  shots = len(recipe.snapshot_steps)
  film = sum(map(size, recipe.snapshot_steps))
  has_film = shots > 1  # One snapshot is the picture itself.
  # Each snapshot goes into a sheet, which goes into TensorBoard too.
  pictures = 1 + (2 + has_film) * shots
  save = pictures * float(np.mean([t.save for t in trials]))
  units = {name: len(channels) for name, channels in missing.items()}
  count = sum(units.values())
  sheets = sum(-(-n // plan.page) for n in units.values())
  return Estimate(
    units=units,
    compile={name: compile(rank) for rank, name in enumerate(ranked)},
    unit={name: step(flops[name]) * recipe.steps + save for name in missing},
    bytes={
      'pictures': count * _blocks(size(recipe.steps) + _LINE),
      'films': count * _blocks(film) if has_film else 0.0,
      'sheets': count * film,
      'TensorBoard': count * film,
      'ledger': count * _LINE,
    },
    files=(1 + has_film) * count + sheets * shots,
    tried=tried,
  )


def left(
  plan: SweepPlan, units: Mapping[str, int], done: Sequence[str], spent: float
) -> str:
  """What is left after some layers, from how long they took: for a person.

  Args:
    plan: its `flops` must have the layers.
    units: layer -> how many units there are to render.
    done: the layers that are finished.
    spent: seconds that they took.
  """
  work = {name: plan.flops[name] * n for name, n in units.items()}
  finished = sum(work[name] for name in done)
  rest = sum(work.values()) - finished
  return (
    f'{len(done)} of {len(work)} layers in {_duration(spent)}, about '
    f'{_duration(spent * rest / max(finished, 1e-9))} left'
  )


def _try(plan: SweepPlan, layer: str, channels: Sequence[int]) -> Trial:
  """Compiles a layer and runs the first steps of its first batch."""
  steps = min(_STEPS, plan.recipe.steps)
  shots = max(steps // 2, 1), steps
  recipe = dataclasses.replace(
    plan.recipe, steps=steps, snapshot_steps=shots, tolerance=0.0
  )
  units = np.asarray(channels)
  keys = engine.job_keys(plan.seed, units, np.zeros_like(units))
  jobs = engine.channel_jobs(plan.network, layer, units, keys)
  start = time.monotonic()
  one = engine.Engine(plan.network, jobs, recipe)
  batch = one.batch(len(channels), plan.batch_size)
  jobs = jobs.take(np.arange(min(batch, jobs.number)))
  list(one.run(jobs, batch))
  compiled = time.monotonic()
  ((_, result),) = one.run(jobs, batch)
  ran = time.monotonic()
  sizes = [
    [len(png.encode(image)) for image in images]
    for images in (result.snapshots[:, 0, 0], result.images[:, 0])
  ]
  half, full = np.mean(sizes, axis=1).tolist()
  return Trial(
    compile=max(2 * compiled - start - ran, 0.0),
    step=(ran - compiled) / steps / batch,
    sizes=(half, full),
    save=(time.monotonic() - ran) / np.size(sizes),
  )


def _line(x: Sequence[float], y: Sequence[float]) -> Callable[[float], float]:
  """The line through one or two points, flat where it would fall."""
  return lambda at: float(np.interp(at, x, np.maximum.accumulate(y)))


def _sizes(
  trials: Sequence[Trial], steps: int, raw: int
) -> Callable[[int], float]:
  """Bytes of a PNG after a number of steps; at most those of its pixels."""
  half, full = np.mean([t.sizes for t in trials], axis=0)
  last = min(_STEPS, steps)
  growth = max(full - half, 0.0)
  return lambda step: float(
    np.clip(full + growth * math.log2(step / last), min(half, raw), raw)
  )


def _blocks(size: float) -> float:
  return math.ceil(size / _BLOCK) * _BLOCK


def _duration(seconds: float) -> str:
  """A duration in its two largest units.

  >>> _duration(7), _duration(90), _duration(3700), _duration(200_000)
  ('7 s', '1 min 30 s', '1 h 1 min', '2 d 7 h')
  """
  seconds = round(seconds)
  for (large, name), (small, rest) in itertools.pairwise(_SECONDS):
    if seconds >= large:
      return f'{seconds // large} {name} {seconds % large // small} {rest}'
  return f'{seconds} s'


def _size(size: float) -> str:
  """A size in bytes with three digits.

  >>> _size(12), _size(1234), _size(5.67e11), _size(2e15)
  ('12 B', '1.23 kB', '567 GB', '2000 TB')
  """
  power = min(int(math.log10(max(size, 1)) // 3), len(_BYTES) - 1)
  value = size / 1000**power
  text = f'{value:.3g}' if value < 1000 else f'{value:.0f}'
  return f'{text} {_BYTES[power]}'
