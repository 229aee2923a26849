"""The main job: pictures of many units, resumable, with galleries.

The ledger and the PNGs are the truth. Contact sheets and TensorBoard are made
from them, so a sweep that was killed ends as one that was not.
"""

import contextlib
import dataclasses
import itertools
import logging
import os
import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from etils import epath
from ml_collections import ConfigDict
from tqdm import tqdm

from fviz import engine, tensorboard, types
from fviz.runs import finished_units
from fviz.storage import ledger, workdir
from fviz.sweep import estimate, pages, processes, shares, sweep_plan
from fviz.sweep.preemption import Stop
from fviz.sweep.sweep_plan import SweepPlan, Unit

_log = logging.getLogger(__name__)

_SHEETS = 8  # Contact sheets that a report lists.
Tell = Callable[[str], None]  # As `print`.


class Report(NamedTuple):
  """What a sweep came to; prints as the lines a person wants to see.

  Attributes:
    path: of the working directory.
    sheets: files of the contact sheets of the finished pictures.
    units: how many are finished, by whatever process and in whatever run.
    failed: how many of them met a value that was not finite.
    seconds: that this run took.
    missing: units for the next time, or for other processes.
    alone: whether no other process had a share.
  """

  path: epath.Path
  sheets: list[str]
  units: int
  failed: int
  seconds: float
  missing: int = 0
  alone: bool = True

  def __str__(self) -> str:
    failed = f', {self.failed} failed' if self.failed else ''
    of, again = '', ''
    if self.missing:
      of = f' of {self.units + self.missing}'
      again = 'The rest is for other processes, or for the next time.\n'
      if self.alone:
        again = 'Stopped early: the same command goes on from here.\n'
    shown = self.sheets[-_SHEETS:]
    sheets = ''.join(f'  contact sheet  {sheet}\n' for sheet in shown)
    if more := len(self.sheets) - len(shown):
      sheets += f'  and {more} more   {self.path / "gallery"}\n'
    return (
      f'{self.units}{of} pictures{failed} in {self.seconds:.0f} s\n'
      f'{again}{sheets}'
      f'  pictures       {self.path / "images"}\n'
      f'  TensorBoard    {self.path}\n'
      f'Open it with: tensorboard --logdir {self.path}'
    )


def run(
  config: ConfigDict,
  path: str,
  network: types.Network | None = None,
  stop: Stop = lambda: False,
  group: processes.Group = processes.ALONE,
  tell: Tell = lambda text: None,
) -> Report:
  """Renders every unit of a config that its working directory lacks.

  Args:
    config: see `fviz.config.sweep`.
    path: the working directory; give it again to resume.
    network: your own, instead of the zoo's `config.model`.
    stop: asked before each batch whether to leave the rest for the next time.
    group: the processes that share the work, from `processes.join`.
    tell: called with what a person wants to know before the work begins.

  Raises:
    FvizError: before any work, for everything wrong in the config or in the
      working directory, here or in another process.
  """
  start = time.monotonic()
  with contextlib.ExitStack() as stack:
    with group.meeting():
      plan = sweep_plan.plan(config, network)
      group.agree(plan.record, sweep_plan.IGNORED)
      directory, finished, owners = _enter(stack, plan, path, group, tell)
      # Sheets go on as they were begun; no picture depends on it.
      plan = dataclasses.replace(plan, page=directory.config['page'])
    writer = stack.enter_context(tensorboard.Writer(directory.path))
    if group.index == 0:
      writer.text('config', sweep_plan.markdown(plan.record))
    layers: dict[str, dict[Unit, int]] = {}
    for unit, owner in zip(plan.units, owners, strict=True):
      layers.setdefault(unit[0], {})[unit] = owner
    gallery = pages.Gallery(plan, layers, directory, finished, writer)
    _render(gallery, stop, group)
    shared = [None] if group.count > 1 and gallery.finish_shared() else []
  count = sum(unit in finished for unit in plan.units)
  return Report(
    path=directory.path,
    sheets=gallery.sheets([group.index, *shared]),
    units=count,
    failed=len(finished.failed.intersection(plan.units)),
    seconds=time.monotonic() - start,
    missing=len(plan.units) - count,
    alone=group.count == 1,
  )


def _enter(
  stack: contextlib.ExitStack,
  plan: SweepPlan,
  path: str,
  group: processes.Group,
  tell: Tell,
) -> tuple[workdir.Workdir, ledger.Index, list[int]]:
  """The working directory, its finished units, and each unit's owner.

  Process 0 enters first: it writes the config and divides the work.
  """
  owners = group.share() if group.index else []
  if group.index and not os.path.exists(os.path.join(path, 'config.json')):
    _log.warning(
      'This process does not see what process 0 wrote to %s. Merge the '
      'directories when all are done, see docs/scaling.md.',
      path,
    )
  ignored = sweep_plan.ignored(plan.record)
  like = plan.record, ignored, group.index, group.count, group.lock
  directory = stack.enter_context(workdir.Workdir.open(path, *like))
  finished = directory.finished()
  if group.index == 0:
    owners = group.share(lambda: _divided(plan, finished, group.count, tell))
  return directory, finished, owners


def _divided(
  plan: SweepPlan, finished: ledger.Index, count: int, tell: Tell
) -> list[int]:
  """Each unit's owner; of many layers by the time that they will take."""
  missing, costs = [unit not in finished for unit in plan.units], None
  if plan.flops and any(missing):
    pending: dict[str, list[int]] = {}
    for layer, channel, _ in itertools.compress(plan.units, missing):
      pending.setdefault(layer, []).append(channel)
    guess = estimate.measure(plan, pending)
    tell(guess.text(count))
    costs = [guess.unit.get(layer, 0.0) for layer, _, _ in plan.units]
  return shares.owners(missing, count, costs).tolist()


def _render(gallery: pages.Gallery, stop: Stop, group: processes.Group) -> None:
  """Renders this process's share, layer after layer and page after page."""
  plan, writer, done = gallery.plan, gallery.writer, 0
  begin, ended, shared = time.monotonic(), [], _shared(gallery, group)
  series = finished_units.Series(
    plan.network.name, plan.seed, plan.recipe.snapshot_steps
  )
  rate_tag = 'units_per_second'
  if group.count > 1:
    rate_tag += f'/{group.index}'
  for layer, owners in gallery.owners.items():
    waiting = gallery.finish(layer, gallery.missing(layer, group.index))
    own = [unit for unit, owner in owners.items() if owner == group.index]
    what = layer
    if ended and own and plan.flops:  # Of a pattern: it began with an estimate.
      spent = time.monotonic() - begin
      what += f' ({estimate.left(plan, shared, ended, spent)})'
    for units, result, seconds in _batches(plan, own, stop, what):
      records = finished_units.save(
        gallery.directory, series, units, result, seconds / len(units)
      )
      gallery.finished.refresh()
      done += len(units)
      rate, by = len(units) / max(seconds, 1e-9), 'By units finished.'
      writer.scalar(rate_tag, rate, done, by)
      mean = finished_units.mean(record['activation'] for record in records)
      if mean is not None:
        writer.scalar(f'{layer}/mean_activation', mean, done, by)
      waiting = gallery.finish(layer, waiting)
    ended += [layer] * bool(own)


def _shared(gallery: pages.Gallery, group: processes.Group) -> dict[str, int]:
  """Layer -> how many of its units this process renders, where it is some."""
  counts = {
    layer: sum(owner == group.index for owner in owners.values())
    for layer, owners in gallery.owners.items()
  }
  return {layer: count for layer, count in counts.items() if count}


def _batches(
  plan: SweepPlan, units: Sequence[Unit], stop: Stop, what: str
) -> Iterator[tuple[list[Unit], engine.Result, float]]:
  """Renders units of one layer; yields those of each batch, and its seconds.

  `what` is what the bar says they are.
  """
  if not units or stop():
    return
  layer, steps = units[0][0], plan.recipe.steps
  channels, variants = np.array([unit[1:] for unit in units]).T
  keys = engine.job_keys(plan.seed, channels, variants)
  jobs = engine.channel_jobs(plan.network, layer, channels, keys)
  bar = tqdm(total=len(units), unit='unit', desc=what, dynamic_ncols=True)

  def on_step(step: int) -> None:
    if step % max(1, steps // 8) == 0:
      bar.set_postfix_str(f'step {step}/{steps}')

  with bar:
    begin = time.monotonic()
    for where, result in engine.batches(
      plan.network, jobs, plan.recipe, plan.batch_size, on_step
    ):
      seconds, begin = time.monotonic() - begin, time.monotonic()
      yield [units[i] for i in where], result, seconds
      bar.update(len(where))
      if stop():
        return
