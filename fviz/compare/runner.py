"""Variants of a config on the same units, side by side: pictures and numbers.

Each variant has a working directory of its own inside the comparison's, and is
a run in TensorBoard; the ledgers and PNGs are the truth. Sheets, tables and
events are made from them, so a comparison that was killed ends as one that
was not.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import runpy
import time
from types import ModuleType
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict
from tqdm import tqdm

from fviz import config as configs
from fviz import engine, errors, models, types
from fviz import sweep as sweeps
from fviz.compare import candidates, judge, metrics, report, sheets
from fviz.media import png
from fviz.storage import workdir

_WEIGHT = 'regularizers.'
_CURVE = 64  # Points of an objective's curve, at most.


class Report(NamedTuple):
  """What a comparison came to; prints as the lines a person wants to see."""

  path: Any
  table: report.Table
  pictures: int
  failed: int
  seconds: float

  def __str__(self) -> str:
    failed = f', {self.failed} failed' if self.failed else ''
    return (
      f'{report.plain(self.table)}\n'
      f'{self.pictures} pictures{failed} in {self.seconds:.0f} s\n'
      f'  sheet          {sheets.sheet_path(self.path)}\n'
      f'  report         {self.path / "report.html"}\n'
      f'  TensorBoard    {self.path}\n'
      f'Open it with: tensorboard --logdir {self.path}'
    )


def run(
  config: ConfigDict | ModuleType,
  path: str,
  sweep: candidates.Sweep | None = None,
  network: types.Network | None = None,
  other: types.Network | None = None,
) -> Report:
  """Renders, measures and ranks every variant that the directory lacks.

  Args:
    config: see `fviz.config.compare`; or a config module, that is one with
      `get_config()` and `sweep(add)`.
    path: the working directory; give it again to resume, or with more
      variants to add them.
    sweep: calls add(name, **{'dotted.field': value}) for each variant; that
      of the module, or `regularizers`, by default.
    network: your own, instead of the zoo's `config.model`.
    other: your own for `transfer`.

  Raises:
    FvizError: before any work, for everything wrong in the config, its
      variants, or the working directory.
  """
  start = time.monotonic()
  if isinstance(config, ModuleType):
    sweep, config = sweep or config.sweep, config.get_config()
  _check(config, network is not None)
  network = network or models.load(config.model, config.weights)
  units = sweeps.plan(config, network)
  found = candidates.collect(sweep or regularizers, config, network)
  groups = candidates.groups(found, network)
  measure = _judge(config, network, other)
  with contextlib.ExitStack() as stack:
    record = sweeps.record_of(config, network)
    enter = lambda where, config: stack.enter_context(
      workdir.Workdir.open(where, record | config.to_dict(), sweeps.IGNORED)
    )
    root = enter(path, config)
    folders = {name: enter(root.path / name, c) for name, c in found.items()}
    work = _Work(config, network, measure, units, found, folders)
    for group in groups:
      work.group(group)
    runs = [
      sheets.Run(name, found[name], folder, dict(folder.finished()))
      for name, folder in folders.items()
    ]
    table = sheets.write(root, config, runs, units, measure)
  failed = sum(run.failed(units) for run in runs)
  return Report(
    root.path,
    table,
    len(runs) * len(units),
    failed,
    time.monotonic() - start,
  )


def sweep_of(file: str) -> candidates.Sweep:
  """The `sweep(add)` of a config file.

  Raises:
    FvizError: it has none.
  """
  sweep = runpy.run_path(file).get('sweep')
  if not callable(sweep):
    raise errors.FvizError(
      f"{file} defines no sweep(add): add one that calls add('name', "
      "**{'dotted.field': value}) for each variant."
    )
  return sweep


def regularizers(add) -> None:
  """The default variants: the literature's ways to a picture, one by one.

  They start from `fviz.config.compare`: plain pixels, Adam, nothing else.
  """
  adam = 'adam(0.1)'
  add('none', optimizer=adam)
  add('l2_decay', optimizer=f'{adam}|decay(0.03)')
  add('total_variation', optimizer=adam, **{_WEIGHT + 'total_variation': 15.0})
  add('alpha_norm', optimizer=adam, **{_WEIGHT + 'alpha_norm': 1000.0})
  add('blur', optimizer=f'{adam}|blur_every(0.5, 4)')
  add('small_norm', optimizer=f'{adam}|small_norm(50)')
  add('jitter', optimizer=adam, transforms='jitter(8)')
  spectrum = dict(optimizer=adam, parameterization='fourier()')
  add('fourier', **spectrum)
  add('fourier_color', **spectrum, color='decorrelated')
  add(
    'robust',
    **spectrum,
    color='decorrelated',
    transforms='pad(12)|jitter(8)|scale(0.9, 1.1)|rotate(-10, 10)|jitter(4)',
  )
  add(
    'maco',
    parameterization='maco()',
    color='decorrelated',
    optimizer='nadam(1.0)',
    transforms='crops(2, 0.5)|uniform_noise(0.1)',
  )


class _Work:
  """A comparison under way: what every group of variants needs."""

  def __init__(self, config, network, measure, units, found, folders):
    self.config, self.network, self.judge = config, network, measure
    self.units, self.variants, self.folders = units, found, folders

  def group(self, group: candidates.Group) -> None:
    """Renders what is missing of the variants of one compiled program."""
    jobs = [
      (i, name, unit)
      for i, name in enumerate(group.names)
      for unit in _missing(self.folders[name], self.units)
    ]
    if not jobs:
      return
    rows = np.array([i for i, _, _ in jobs])
    channels = np.array([unit[1] for _, _, unit in jobs])
    work = engine.channel_jobs(
      self.network,
      jobs[0][2][0],
      channels,
      self._keys(jobs),
      tuple(x[rows] for x in group.numbers),
    )
    clock = _Clock()
    label = ', '.join(group.names)
    label = label if len(label) < 30 else f'{label[:29]}…'
    with tqdm(total=len(jobs), unit='picture', desc=label) as bar:
      for where, result in engine.batches(
        self.network,
        work,
        group.recipe,
        self.config.batch_size or 'auto',
        clock.tick,
      ):
        self._save([jobs[i] for i in where], result, clock.lap())
        bar.update(len(where))

  def _keys(self, jobs):
    """A picture has the same key in all variants of the same seed."""
    parts = []
    for name, some in itertools.groupby(jobs, lambda job: job[1]):
      units = np.array([unit[1:] for _, _, unit in some])
      parts.append(engine.job_keys(self.variants[name].seed, *units.T))
    return jnp.concatenate(parts)

  def _save(self, jobs, result, seconds) -> None:
    """Pictures first, then the ledgers: a line means that all is there."""
    fine = [i for i in range(len(jobs)) if result.failed[i] < 0]
    measured = dict.fromkeys(range(len(jobs)), {})
    if fine:
      channels = np.array([jobs[i][2][1] for i in fine])
      found = self.judge.measure(result.images[fine, 0], channels)
      measured |= dict(zip(fine, found, strict=True))
    records: dict[str, list] = {}
    for i, (_, name, unit) in enumerate(jobs):
      folder = self.folders[name]
      record = self._record(
        name, unit, result, i, seconds / len(jobs), measured[i]
      )
      film = np.concatenate(list(result.snapshots[i, :, 0]), axis=1)
      png.save(folder.film_path(*unit, suffix='.png'), film)
      picture = folder.image_path(*unit)
      png.save(picture, result.images[i, 0], record)
      records.setdefault(name, []).append(record)
    for name, some in records.items():
      self.folders[name].append(some)

  def _record(self, name, unit, result, i, seconds, measured) -> dict:
    layer, channel, variant = unit
    folder, config = self.folders[name], self.variants[name]
    history = result.history[i]
    if measured:
      steps = metrics.steps_to(history)
      measured = measured | {
        'steps_to_95': steps,
        'seconds_to_95': seconds * steps / len(history),
      }
    return {
      'layer': layer,
      'channel': channel,
      'variant': variant,
      'seed': config.seed,
      'model': self.network.name,
      'comparison_variant': name,
      'objective': _number(history[-1]),
      'activation': _number(result.activation[i]),
      'history': [_number(history[s - 1]) for s in curve_steps(config.steps)],
      'failed': int(result.failed[i]),
      'file': folder.relative(folder.image_path(*unit)),
      'seconds': round(seconds, 3),
      'metrics': {
        k: v if isinstance(v, str) else _number(v) for k, v in measured.items()
      },
    }


class _Clock:
  """Seconds a batch took, without the compilation before its first step."""

  def __init__(self):
    self._start = None

  def tick(self, step: int) -> None:
    # Steps are only dispatched by now, so none of the work is missed.
    self._start = self._start or time.monotonic()

  def lap(self) -> float:
    seconds = time.monotonic() - (self._start or time.monotonic())
    self._start = None
    return seconds


def curve_steps(steps: int) -> list[int]:
  """The steps of a record's history: at most 64, the last one included.

  >>> curve_steps(4), len(curve_steps(1000)), curve_steps(1000)[-1]
  ([1, 2, 3, 4], 64, 1000)
  """
  count = min(steps, _CURVE)
  return [(i + 1) * steps // count for i in range(count)]


def _missing(folder, units):
  finished = folder.finished()
  return [unit for unit in units if unit not in finished]


def _check(config: ConfigDict, own_network: bool) -> None:
  configs.check(config, own_network=own_network)
  wanted = config.comparison
  if wanted.rank_by not in metrics.METRICS:
    raise errors.unknown(
      'metric of config.comparison.rank_by', wanted.rank_by, metrics.METRICS
    )
  if not metrics.METRICS[wanted.rank_by].better:
    raise errors.FvizError(
      f'config.comparison.rank_by: more {wanted.rank_by} is neither better nor '
      'worse. Choose another metric.'
    )
  for name, field in (
    ('transfer', 'transfer'),
    ('natural_path', 'natural_images'),
  ):
    if wanted.rank_by == name and not wanted[field]:
      raise errors.FvizError(
        f'config.comparison.rank_by is {name}: give config.comparison.{field}.'
      )
  if ',' in config.layer:
    raise errors.FvizError(
      f'config.layer is {config.layer!r}: a comparison is about units of one '
      'layer. Run one for each.'
    )


def _judge(config, network, other) -> judge.Judge:
  wanted = config.comparison
  if other is None and wanted.transfer:
    other = models.load(wanted.transfer, wanted.transfer_weights)
  natural = None
  if wanted.natural_images:
    if network.input_channels != 3:
      raise errors.FvizError(
        f'config.comparison.natural_images are RGB, {network.name} takes '
        f'{network.input_channels} channels: leave them out.'
      )
    natural = judge.natural_images(wanted.natural_images, config.size)
  made = judge.Judge(network, config.layer.strip(), other, natural)
  if wanted.rank_by == 'class_probability' and not made.logits:
    raise errors.FvizError(
      f'config.comparison.rank_by is class_probability: the last layer of '
      f'{network.name} has no labels. Choose another metric.'
    )
  return made


def _number(value) -> float | None:
  """JSON has no NaN."""
  return float(value) if math.isfinite(value) else None
