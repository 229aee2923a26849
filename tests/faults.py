"""Real sweeps in processes of their own, and what may happen to them.

For `tests/sweep/faults_test.py` and `scripts/soak.py`. Run as a program it
imports what a sweep needs and forks one for every order it reads, so that a
sweep starts in a second.
"""

from __future__ import annotations

import errno
import itertools
import json
import os
import pathlib
import resource
import signal
import subprocess
import sys
import time
from typing import Any

import numpy as np
from PIL import Image

_ROOT = pathlib.Path(__file__).parents[1]

FLAGS = {
  'layer': 'second',
  'size': 16,
  'steps': 4,
  'snapshots': 2,
  'page': 8,
  'batch_size': 2,
  'transforms': 'jitter(2)',
  # A kill between two lines of the ledger shifts which units share a batch, and
  # so the last bit of their pictures in float32. With this seed no grey level
  # hangs on it; with seed 0 one of channel 5 does.
  'seed': 8,
}


class Nursery:
  """Starts sweeps; `with Nursery(folder) as nursery`.

  Args:
    folder: for compiled programs and logs.
    channels: of the network's layer 'second'.
  """

  def __init__(self, folder: pathlib.Path, channels: int = 32):
    self._folder, self._count = folder, itertools.count()
    programs = os.environ.get('JAX_COMPILATION_CACHE_DIR', folder / 'cache')
    cache = {
      'JAX_COMPILATION_CACHE_DIR': str(programs),
      'JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS': '0',
      'JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES': '-1',
      'JAX_PLATFORMS': 'cpu',
    }
    path = os.pathsep.join([str(_ROOT), str(_ROOT / 'tests')])
    self._process = subprocess.Popen(
      [sys.executable, __file__, str(channels)],
      env={**os.environ, **cache, 'PYTHONPATH': path},
      cwd=_ROOT,
      stdin=subprocess.PIPE,
      stdout=subprocess.PIPE,
      text=True,
    )

  def __enter__(self) -> Nursery:
    return self

  def __exit__(self, *unused) -> None:
    self._process.stdin.close()
    self._process.wait()
    self._process.stdout.close()

  def start(self, workdir: Any, fault: dict | None = None, **flags) -> Sweep:
    """A sweep that has begun.

    Args:
      workdir: where.
      fault: name and arguments of one of `FAULTS`.
      **flags: fields of the config.
    """
    log = self._folder / f'{next(self._count)}.log'
    order = dict(workdir=str(workdir), fault=fault, flags=FLAGS | flags)
    return Sweep(self, self.ask({**order, 'log': str(log)}), log)

  def run(self, *args, **flags) -> tuple[int, str]:
    """(exit code, what it said) of a sweep that is over."""
    return self.start(*args, **flags).wait()

  def ask(self, order: dict) -> int:
    self._process.stdin.write(json.dumps(order) + '\n')
    self._process.stdin.flush()
    return int(self._process.stdout.readline())


class Sweep:
  """A sweep under way."""

  def __init__(self, nursery: Nursery, pid: int, log: pathlib.Path):
    self._nursery, self.pid, self.log = nursery, pid, log

  def kill(self, number: int = signal.SIGKILL) -> None:
    os.kill(self.pid, number)  # Not yet waited for, so the number is its own.

  def wait(self) -> tuple[int, str]:
    """(exit code, minus the signal if killed; what it said)."""
    code = self._nursery.ask({'wait': self.pid})
    return code, self.log.read_text(errors='replace')


def killed(
  nursery: Nursery, path: pathlib.Path, rng, number: int, batches=4, **flags
) -> tuple[int, str]:
  """A sweep that SIGKILL met, within so many batches.

  Of five, one is killed by the clock, one in a write to the ledger, three at a
  touch of the disk.
  """
  if number % 5 == 0:
    sweep = nursery.start(path, **flags)
    time.sleep(rng.uniform(0.0, 1.0))
    sweep.kill()
    return sweep.wait()
  batch = int(rng.integers(1, batches))
  touches = 6 * (FLAGS | flags)['batch_size'] + 8  # Of the disk, a batch.
  moment = int(rng.integers(1, batches * touches))
  ledger, anywhere = ('kill_in_ledger', batch), ('kill_at', moment)
  name, place = ledger if number % 5 == 1 else anywhere
  return nursery.run(path, dict(name=name, moment=place), **flags)


# What is left of a sweep.


def finished(path: pathlib.Path) -> dict[tuple, dict]:
  """Unit -> record, for whole lines of ledgers with a picture; read plainly."""
  found = {}
  for ledger in path.glob('ledger-*.jsonl'):
    for line in ledger.read_bytes().splitlines():
      try:
        record = json.loads(line)
        _pixels(path / record['file'])
      except (ValueError, KeyError, OSError, SyntaxError):
        continue
      if (path / record['file']).resolve().is_relative_to(path.resolve()):
        found[record['layer'], record['channel'], record['variant']] = record
  return found


def check_whole(path: pathlib.Path) -> None:
  """Every file that has its name is whole."""
  for file in path.rglob('*.png'):
    _pixels(file)
  for file in path.glob('config.json'):
    json.loads(file.read_bytes())
  for ledger in path.glob('ledger-*.jsonl'):
    *lines, last = ledger.read_bytes().split(b'\n')
    for line in lines:
      json.loads(line)
    del last  # May be half a line.


def check_done(path: pathlib.Path, whole: pathlib.Path) -> None:
  """A run to the end: the pictures are those of another, nothing is left."""
  check_same(path, whole, 'images')
  check_same(path, whole, 'films')
  assert not list(path.rglob('.*.tmp'))
  units = finished(path)
  assert len(list((path / 'images').rglob('*.png'))) == len(units)
  for ledger in path.glob('ledger-*.jsonl'):
    assert ledger.read_bytes().endswith(b'\n')


def check_same(path: pathlib.Path, whole: pathlib.Path, folder: str) -> None:
  """The pictures in a folder are those of another run, to the last bit."""
  for file in (path / folder).rglob('*.png'):
    expected = _pixels(whole / file.relative_to(path))
    np.testing.assert_array_equal(_pixels(file), expected, str(file))


def _pixels(file: pathlib.Path) -> np.ndarray:
  with Image.open(file) as image:
    return np.asarray(image)


def full_after(count: int):
  """An os.write to a disk with room for so many bytes."""
  write, room = os.write, count

  def full(descriptor, data):
    nonlocal room
    if not room:
      raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    written = write(descriptor, data[:room])
    room -= written
    return written

  return full


# In the process of a sweep.


def kill_at(moment: int, half: bool = True) -> None:
  """SIGKILL at the n-th touch of the disk, in the midst of it if `half`."""
  signal_at(moment, signal.SIGKILL, half)


def signal_at(moment: int, number: int, half: bool = False) -> None:
  """A signal to itself at the n-th touch of the disk."""
  touches = itertools.count(1)

  def watched(name, function):
    def touch(*args, **kwargs):
      if next(touches) == moment:
        if half:
          _do_half(name, function, args)
        os.kill(os.getpid(), number)
      return function(*args, **kwargs)

    return touch

  for name in ('write', 'fsync', 'replace'):
    setattr(os, name, watched(name, getattr(os, name)))


def _do_half(name, function, args) -> None:
  if name == 'write':
    function(args[0], args[1][: len(args[1]) // 2])
  elif name == 'fsync' and (size := os.fstat(args[0]).st_size):
    if os.readlink(f'/proc/self/fd/{args[0]}').endswith('.tmp'):
      os.ftruncate(args[0], size // 2)


def kill_in_ledger(moment: int) -> None:
  """SIGKILL half way through the n-th write to the ledger."""
  write, writes = os.write, itertools.count(1)

  def half(descriptor, data):
    file = os.readlink(f'/proc/self/fd/{descriptor}')
    if file.endswith('.jsonl') and next(writes) == moment:
      write(descriptor, data[: len(data) // 2])
      os.kill(os.getpid(), signal.SIGKILL)
    return write(descriptor, data)

  os.write = half


def hold(appends: int, until: str) -> None:
  """Waits after so many batches until a file is there."""
  from fviz.storage import workdir as workdirs

  append, done = workdirs.Workdir.append, itertools.count(1)

  def held(self, finished):
    append(self, finished)
    while next(done) >= appends and not os.path.exists(until):
      time.sleep(0.02)

  workdirs.Workdir.append = held


def out_of_memory(moment: int, largest: int) -> None:
  """From the n-th step on, no more than `largest` units fit the device."""
  import jax

  from fviz.engine import programs

  program, steps = programs.Programs.step, itertools.count(1)

  def full(self, size):
    step = program(self, size)

    def tried(*args):
      if next(steps) >= moment and size > largest:
        raise jax.errors.JaxRuntimeError('RESOURCE_EXHAUSTED: out of memory')
      return step(*args)

    tried.input_shardings = step.input_shardings
    return tried

  programs.Programs.step = full


def file_size(most: int) -> None:
  """No file may grow larger: what a full disk looks like."""
  resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))


def clock(jump: float) -> None:
  """The wall clock goes back and forth at every look."""
  import tqdm.std

  real, looks = time.time, itertools.count()
  time.time = lambda: real() + (jump if next(looks) % 2 else -jump)
  tqdm.std.time = time.time


FAULTS = {
  f.__name__: f
  for f in (
    kill_at,
    signal_at,
    kill_in_ledger,
    hold,
    out_of_memory,
    file_size,
    clock,
  )
}


def _serve(channels: int) -> None:
  import tiny

  from experiments import sweep  # noqa: F401
  from fviz import models

  models.load = lambda name, weights='': tiny.network(channels)
  for line in sys.stdin:
    order = json.loads(line)
    if 'wait' in order:
      _, status = os.waitpid(order['wait'], 0)
      print(os.waitstatus_to_exitcode(status), flush=True)
    elif pid := os.fork():
      print(pid, flush=True)
    else:
      _sweep(order)


def _sweep(order: dict) -> None:
  import experiments
  from experiments import sweep

  log = os.open(order['log'], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
  os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
  os.dup2(log, 1)
  os.dup2(log, 2)
  if fault := order['fault']:
    FAULTS[fault.pop('name')](**fault)
  flags = [f'--config.{name}={value}' for name, value in order['flags'].items()]
  # The flags of a config are made from what is in sys.argv.
  config, path = '--config=configs/sweep.py', f'--workdir={order["workdir"]}'
  sys.argv = ['sweep', config, path, *flags]
  experiments.start(sweep.run)


if __name__ == '__main__':
  _serve(int(sys.argv[1]))
