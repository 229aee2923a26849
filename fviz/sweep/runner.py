"""The main job: pictures of many units, resumable, with galleries.

The ledger and the PNGs are the truth. Contact sheets and TensorBoard are made
from them, so a sweep that was killed ends as one that was not.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from etils import epath
from ml_collections import ConfigDict

from fviz import tensorboard, types
from fviz.runs import finished_units
from fviz.storage import ledger, workdir
from fviz.sweep import (
  estimate,
  pages,
  preemption,
  processes,
  rendering,
  shares,
  sweep_plan,
)
from fviz.sweep.sweep_plan import SweepPlan
from fviz.sweep.units import Unit

_log = logging.getLogger(__name__)

_SHEETS = 8  # Contact sheets that a report lists.


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
      again = (
        'Stopped early: the same command goes on from here.\n'
        if self.alone
        else 'The rest is for other processes, or for the next time.\n'
      )
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
  stop: preemption.Stop = lambda: False,
  group: processes.Group = processes.ALONE,
  tell: Callable[[str], None] = lambda text: None,
) -> Report:
  """Renders every unit of a config that its working directory lacks.

  Args:
    config: see `fviz.config.sweep`.
    path: the working directory; give it again to resume.
    network: your own, instead of the zoo's `config.model`.
    stop: asked before each batch whether to leave the rest for the next time.
    group: the processes that share the work, from `processes.join`.
    tell: called with what a person wants to know before the work begins, as
      `print` would be.

  Raises:
    FvizError: before any work, for everything wrong in the config or in the
      working directory, here or in another process.
  """
  start = time.monotonic()
  with contextlib.ExitStack() as stack:
    with group.meeting():
      plan = sweep_plan.plan(config, network)
      group.agree(plan.record, sweep_plan.IGNORED)
      directory, finished, whose = _enter(stack, plan, path, group, tell)
    writer = stack.enter_context(tensorboard.Writer(directory.path))
    if group.index == 0:
      writer.text('config', sweep_plan.markdown(plan.record))
    steps = plan.recipe.snapshot_steps
    gallery = pages.Gallery(directory, finished, writer, steps)
    layers = pages.layers_of(whose, plan.page)
    _render(plan, layers, whose, gallery, stop, group)
    keepers = _leave(plan, layers, gallery, group)
  count = sum(unit in finished for unit in plan.units)
  return Report(
    path=directory.path,
    sheets=[s for layer in layers for s in gallery.sheets(layer, keepers)],
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
  tell: Callable[[str], None],
) -> tuple[workdir.Workdir, ledger.Index, dict[Unit, int]]:
  """Opens the working directory and learns who renders what.

  Process 0 enters first: it writes the config and divides the work.

  Returns:
    The directory, its finished units, and unit -> the process that renders it,
    or `shares.DONE`.
  """
  like = plan.record, sweep_plan.IGNORED, group.index, group.count, group.lock
  enter = lambda: stack.enter_context(workdir.Workdir.open(path, *like))
  if group.index == 0:
    directory = enter()
    finished = directory.finished()
    owners = group.share(lambda: _divided(plan, finished, group.count, tell))
  else:
    owners = group.share()
    if not os.path.exists(os.path.join(path, 'config.json')):
      _log.warning(
        'This process does not see what process 0 wrote to %s. Merge the '
        'directories when all are done, see docs/scaling.md.',
        path,
      )
    directory = enter()
    finished = directory.finished()
  return directory, finished, dict(zip(plan.units, owners, strict=True))


def _divided(
  plan: SweepPlan,
  finished: ledger.Index,
  count: int,
  tell: Callable[[str], None],
) -> list[int]:
  """Who renders which unit; of many layers by the time that they will take."""
  missing = [unit not in finished for unit in plan.units]
  if not plan.flops or not any(missing):
    return shares.owners(missing, count).tolist()
  pending: dict[str, list[int]] = {}
  for layer, channel, _ in itertools.compress(plan.units, missing):
    pending.setdefault(layer, []).append(channel)
  guess = estimate.measure(plan, pending)
  tell(guess.text(count))
  costs = [guess.unit.get(unit[0], 0.0) for unit in plan.units]
  return shares.owners(missing, count, costs).tolist()


def _render(
  plan: SweepPlan,
  layers: list[pages.LayerPages],
  whose: Mapping[Unit, int],
  gallery: pages.Gallery,
  stop: preemption.Stop,
  group: processes.Group,
) -> None:
  """Renders this process's share, layer after layer and page after page."""
  series = finished_units.Series(
    plan.network.name, plan.seed, plan.recipe.snapshot_steps
  )
  rate_tag = 'units_per_second'
  if group.count > 1:
    rate_tag += f'/{group.index}'
  done = 0
  for layer in layers:
    waiting = gallery.missing(layer, group.index)
    waiting = gallery.finish(layer, waiting, group.index)
    pending = [unit for unit in layer.units if whose[unit] == group.index]
    for units, result, seconds in rendering.batches(plan, pending, stop):
      records = finished_units.save(
        gallery.directory, series, units, result, seconds / len(units)
      )
      gallery.finished.refresh()
      done += len(units)
      rate = len(units) / max(seconds, 1e-9)
      gallery.writer.scalar(rate_tag, rate, done)
      mean = finished_units.mean(record['activation'] for record in records)
      if mean is not None:
        gallery.writer.scalar(f'{layer.name}/mean_activation', mean, done)
      waiting = gallery.finish(layer, waiting, group.index)


def _leave(
  plan: SweepPlan,
  layers: list[pages.LayerPages],
  gallery: pages.Gallery,
  group: processes.Group,
) -> set[int | None]:
  """The last one out makes what several had a part in.

  Returns:
    The keepers whose pages are up to this process.
  """
  own: set[int | None] = {group.index}
  if group.count == 1:
    return own
  with gallery.directory.turn():
    gallery.finished.refresh()
    if not gallery.is_whole(plan.units):
      return own
    gallery.finish_shared(layers)
  return own | {None}
