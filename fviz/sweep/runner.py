"""The main job: pictures of many units, resumable, with galleries.

The ledger and the PNGs are the truth. Contact sheets and TensorBoard are made
from them, so a sweep that was killed ends as one that was not.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import math
import os
import platform
import time
from collections.abc import Mapping
from importlib import metadata
from typing import Any, NamedTuple

import numpy as np
from ml_collections import ConfigDict
from tqdm import tqdm

from fviz import config as configs
from fviz import (
  engine,
  errors,
  models,
  networks,
  tensorboard,
  types,
)
from fviz.compiler import flops as flops_module
from fviz.media import contact_sheet, png
from fviz.storage import workdir
from fviz.sweep import estimate, preemption, processes, shares

_log = logging.getLogger(__name__)

_VERSIONS = ('jax', 'flax', 'optax', 'numpy')
# What may change between a run and its resumption: no picture depends on it.
IGNORED = ('batch_size', 'remat', 'versions', 'versions.python') + tuple(
  f'versions.{name}' for name in _VERSIONS
)

_SHEETS = 8  # Contact sheets that a report lists.

Unit = tuple[str, int, int]  # (layer, channel, variant).


class Report(NamedTuple):
  """What a sweep came to; prints as the lines a person wants to see."""

  path: Any
  sheets: list[str]
  units: int
  failed: int
  seconds: float
  missing: int = 0  # Units for the next time, or for other processes.
  alone: bool = True  # No other process had a share.

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
    more = ' (and more)' if len(self.sheets) > _SHEETS else ''
    sheets = ''.join(f'  contact sheet  {sheet}{more}\n' for sheet in shown)
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
) -> Report:
  """Renders every unit of a config that its working directory lacks.

  Args:
    config: see `fviz.config.sweep`.
    path: the working directory; give it again to resume.
    network: your own, instead of the zoo's `config.model`.
    stop: asked after each batch whether to leave the rest for the next time.
    group: the processes that share the work, from `processes.join`.

  Raises:
    FvizError: before any work, for everything wrong in the config or in the
      working directory, here or in another process.
  """
  start = time.monotonic()
  with contextlib.ExitStack() as stack:
    with group.meeting():
      configs.check(config, own_network=network is not None)
      network = network or models.load(config.model, config.weights)
      units = plan(config, network)
      recipe = configs.recipe(config, network)
      engine.check(network, recipe)
      record = record_of(config, network)
      group.agree(record, IGNORED)
      enter = lambda: stack.enter_context(_open(path, record, group))
      if group.index == 0:  # It writes the config and says who renders what.
        directory = enter()
        finished = directory.finished()
      whose = shares.unpack(
        group.share(
          lambda: _divided(config, network, recipe, units, finished, group)
        )
      )
      if group.index > 0:
        _warn_apart(path)
        directory = enter()
        finished = directory.finished()
    writer = stack.enter_context(tensorboard.Writer(directory.path))
    if group.index == 0:
      writer.text('config', markdown(record))
    work = _Work(config, network, recipe, directory, writer, stop, group)
    work.begin(dict(zip(units, whose.tolist(), strict=True)), finished)
    for layer in work.units:
      work.layer(layer)
    work.leave()
  count = sum(u in finished for u in units)
  return Report(
    directory.path,
    work.sheets,
    count,
    len(finished.failed.intersection(units)),
    time.monotonic() - start,
    len(units) - count,
    group.count == 1,
  )


def _open(path, record, group) -> workdir.Workdir:
  return workdir.Workdir.open(
    path, record, IGNORED, group.index, group.count, group.lock
  )


def _divided(config, network, recipe, units, finished, group) -> bytes:
  """Who renders which unit, packed; of many layers by what they will take."""
  missing = [unit not in finished for unit in units]
  costs_of = None
  if networks.is_pattern(config.layer) and any(missing):
    pending: dict[str, list[int]] = {}
    for unit in itertools.compress(units, missing):
      pending.setdefault(unit[0], []).append(unit[1])
    flops = flops_module.trace(network, config.size).flops
    guess = estimate.measure(config, network, recipe, pending, flops)
    print(guess.text(group.count), flush=True)
    costs_of = [guess.unit.get(unit[0], 0.0) for unit in units]
  return shares.pack(shares.owners(missing, group.count, costs_of))


def _warn_apart(path: str) -> None:
  """By now process 0 has written its config."""
  if not os.path.exists(os.path.join(path, 'config.json')):
    _log.warning(
      'This process does not see what process 0 wrote to %s. Merge the '
      'directories when all are done, see docs/scaling.md.',
      path,
    )


def record_of(config: ConfigDict, network: types.Network) -> dict[str, Any]:
  """The config with versions and a hash of the weights: redoes any picture."""
  record = {**config.to_dict(), 'versions': _versions()}
  record['weights_sha256'] = networks.fingerprint(network)
  return record


def plan(config: ConfigDict, network: types.Network) -> list[Unit]:
  """All units of a config, in order; checks layers and channels.

  Raises:
    FvizError: for an unknown layer, a channel out of range, or none at all.
  """
  if not config.layer.strip():
    raise errors.FvizError("config.layer is empty: give 'mixed3', say.")
  layers = networks.select(network, config.layer)
  if networks.is_pattern(config.layer):
    same = flops_module.trace(network, config.size).same
    layers = [k for k in layers if same.get(k) not in layers]
  units = []
  for layer in layers:
    known = networks.check_layer(network, layer).channels
    channels = config.channels or range(known)
    bad = [c for c in channels if not 0 <= c < known]
    if bad:
      raise errors.FvizError(
        f'config.channels holds {bad}; {layer} of {network.name} has '
        f'channels 0 to {known - 1}.'
      )
    units += [
      (layer, int(c), v)
      for c in dict.fromkeys(channels)
      for v in range(config.variants)
    ]
  return units


class _Work:
  """A sweep under way: what every layer of it needs."""

  def __init__(self, config, network, recipe, directory, writer, stop, group):
    self.config, self.network, self.recipe = config, network, recipe
    self.directory, self.writer = directory, writer
    self.stop, self.group = stop, group
    self.sheets: list[str] = []
    self.done = 0

  def begin(self, whose, finished) -> None:
    """Takes {unit: its process, or shares.DONE}, and the ledgers' index."""
    self.whose, self.finished = whose, finished
    self.units: dict[str, list[Unit]] = {}  # By layer.
    for unit in whose:
      self.units.setdefault(unit[0], []).append(unit)

  def layer(self, layer: str) -> None:
    """Renders this process's share of a layer, page after page."""
    units = self.units[layer]
    pending = [u for u in units if self.whose[u] == self.group.index]
    pages = [page for page in self._pages(units) if self._keeps(page[1])]
    pages = self._without_sheets(pages)
    for _ in itertools.chain([None], self._render(layer, pending)):
      # Before its last sheet, which tells the next run that all is there.
      if pages and self._keeps(units) and self._is_whole(units):
        self._summarize(layer, units)
      pages = self._finish_pages(pages)

  def leave(self) -> None:
    """What several processes had a part in is done by the last one out."""
    if self.group.count == 1:
      return
    with self.directory.turn():
      self.finished.refresh()
      if not self._is_whole(self.whose):
        return
      for layer, units in self.units.items():
        if self._keeper(units) is None:
          self._summarize(layer, units)
        pages = [p for p in self._pages(units) if self._keeper(p[1]) is None]
        self._finish_pages(self._without_sheets(pages))

  def _pages(self, units):
    return enumerate(contact_sheet.pages(units, self.config.page))

  def _keeper(self, units) -> int | None:
    """The one process that has these in its hands, None where several do."""
    found = {self.whose[u] for u in units} - {shares.DONE}
    return None if len(found) > 1 else min(found, default=0)

  def _keeps(self, units) -> bool:
    return self._keeper(units) == self.group.index

  def _render(self, layer, pending):
    """Yields after each batch, when it is on the disk."""
    if not pending or self.stop():
      return
    channels = np.array([u[1] for u in pending])
    variants = np.array([u[2] for u in pending])
    keys = engine.job_keys(self.config.seed, channels, variants)
    jobs = engine.channel_jobs(self.network, layer, channels, keys)
    bar = tqdm(total=len(pending), unit='unit', desc=layer, dynamic_ncols=True)
    every = max(1, self.recipe.steps // 8)

    def on_step(step):
      if step % every == 0:
        bar.set_postfix_str(f'step {step}/{self.recipe.steps}')

    begin = time.monotonic()
    with bar:
      for where, result in engine.batches(
        self.network,
        jobs,
        self.recipe,
        self.config.batch_size or 'auto',
        on_step,
      ):
        seconds, begin = time.monotonic() - begin, time.monotonic()
        units = [pending[i] for i in where]
        self._save(units, result, seconds)
        bar.update(len(where))
        yield
        if self.stop():
          return

  def _save(self, units, result, seconds) -> None:
    """Pictures first, then the ledger: a line means that all is there."""
    records = []
    for i, unit in enumerate(units):
      record = self._record(unit, result, i, seconds / len(units))
      if len(self.recipe.snapshot_steps) > 1:
        # What contact sheets of earlier steps are made from.
        film = np.concatenate(list(result.snapshots[i, :, 0]), axis=1)
        png.save(self._film(unit), film)
      png.save(self.directory.image_path(*unit), result.images[i, 0], record)
      records.append(record)
    self.directory.append(records)
    self.finished.refresh()
    self.done += len(units)
    rate = len(units) / max(seconds, 1e-9)
    self.writer.scalar(self._tag('units_per_second'), rate, self.done)
    activation = [r['activation'] for r in records]
    self._mean_scalar(f'{units[0][0]}/mean_activation', activation, self.done)

  def _tag(self, name: str) -> str:
    return f'{name}/{self.group.index}' if self.group.count > 1 else name

  def _record(self, unit, result, i, seconds) -> dict:
    layer, channel, variant = unit
    history = result.history[i]
    return {
      'layer': layer,
      'channel': channel,
      'variant': variant,
      'seed': self.config.seed,
      'model': self.network.name,
      'objective': _number(history[-1]),
      'activation': _number(result.activation[i]),
      'history': [_number(history[s - 1]) for s in self.recipe.snapshot_steps],
      'failed': int(result.failed[i]),
      'steps': int(result.steps[i]),
      'file': self.directory.relative(self.directory.image_path(*unit)),
      'seconds': round(seconds, 3),
    }

  def _is_whole(self, units) -> bool:
    return all(u in self.finished for u in units)

  def _sheet_paths(self, number, units) -> list:
    path = self.directory.gallery_path
    return [path(units[0][0], number, s) for s in self.recipe.snapshot_steps]

  def _without_sheets(self, pages) -> dict[int, list[Unit]]:
    """The pages whose contact sheets are to be made: {number: units}."""
    rest = {}
    for number, units in pages:
      paths = self._sheet_paths(number, units)
      if all(map(os.path.exists, paths)):
        self.sheets.append(str(paths[-1]))
      else:
        rest[number] = units
    return rest

  def _finish_pages(self, pages):
    """Makes the contact sheets whose units are all there; returns the rest."""
    rest = {}
    for number, units in pages.items():
      if self._is_whole(units):
        self._sheets_of(number, units)
      else:
        rest[number] = units
    return rest

  def _sheets_of(self, number, units) -> None:
    layer, steps = units[0][0], self.recipe.snapshot_steps
    paths = self._sheet_paths(number, units)
    self.sheets.append(str(paths[-1]))
    films = [self._frames(u, self.finished[u]) for u in units]
    captions = [f'{u[1]}.{u[2]}' if u[2] else u[1] for u in units]
    sheets = [
      contact_sheet.draw([f and f[i] for f in films], captions)
      for i in range(len(steps))
    ]
    # TensorBoard first: the files tell the next run that it has them.
    for sheet, step in zip(sheets, steps, strict=True):
      self.writer.image(f'{layer}/page-{number:03d}', sheet, step)
    self.writer.flush()
    for sheet, path in zip(sheets, paths, strict=True):
      png.save(path, sheet)

  def _frames(self, unit, record):
    """The pictures of a unit at each snapshot, or None if it failed."""
    if record.get('failed', -1) >= 0:
      return None
    try:
      film, _ = png.read(self._film(unit))
      return np.split(film, len(self.recipe.snapshot_steps), axis=1)
    except ValueError:  # Lost, damaged or another: the picture itself will do.
      picture, _ = png.read(self.directory.image_path(*unit))
      return [picture] * len(self.recipe.snapshot_steps)

  def _film(self, unit):
    return self.directory.film_path(*unit, suffix='.png')

  def _summarize(self, layer, units) -> None:
    """The layer as a whole, from its ledger lines."""
    records = [self.finished[u] for u in units]
    histories = [r.get('history') or [] for r in records]
    for i, step in enumerate(self.recipe.snapshot_steps):
      values = [h[i] for h in histories if len(h) > i]
      self._mean_scalar(f'{layer}/mean_objective', values, step)
    activations = [r.get('activation') for r in records]
    activations = [a for a in activations if a is not None]
    if activations:
      self.writer.histogram(
        f'{layer}/activations', np.array(activations), self.recipe.steps
      )
    self.writer.flush()

  def _mean_scalar(self, tag, values, step) -> None:
    values = [v for v in values if v is not None]
    if values:
      self.writer.scalar(tag, float(np.mean(values)), step)


def _number(value) -> float | None:
  """JSON has no NaN."""
  return float(value) if math.isfinite(value) else None


def _versions() -> dict[str, str]:
  versions = {name: metadata.version(name) for name in _VERSIONS}
  return {'python': platform.python_version(), **versions}


def markdown(record: Mapping[str, Any]) -> str:
  """A record as a table."""
  rows = '\n'.join(f'| {k} | `{v}` |' for k, v in record.items())
  return f'| field | value |\n|---|---|\n{rows}'
