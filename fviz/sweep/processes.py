"""Several processes on one sweep: who is who, and what they agree on first.

The processes meet before the work, at process 0, and compare what they are
about to do. Then they part: each renders its share on its own devices and
keeps its own ledger. So no picture waits for another host, and a process that
dies takes nobody along.

JAX's own service for this, `jax.distributed`, is not used: a backend that
starts while it runs spans all processes and ties them together for good, and
with its public functions alone nothing else can be said through it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import jax

from fviz import errors
from fviz.storage import config_file, locks, workdir
from fviz.sweep import clusters, connections

TIMEOUT = 300  # Seconds; as long as JAX waits.
_PATIENCE = 10  # Process 0 may read a long ledger and calibrate: so much more.


class Group:
  """The processes of one sweep, as one of them sees it; `ALONE` is one.

  Attributes:
    index: number of this process.
    count: how many there are.
    lock: what `workdir.reserve` gave for this number, or None.
  """

  def __init__(
    self,
    index: int = 0,
    count: int = 1,
    others: Sequence[connections.Connection] = (),
    lock: locks.Lock | None = None,
    timeout: float = TIMEOUT,
  ):
    self.index, self.count, self.lock = index, count, lock
    # Process 0 is connected to all others, they are connected to it alone.
    self._others, self._timeout = others, timeout

  @contextlib.contextmanager
  def meeting(self) -> Iterator[None]:
    """What is done before the work: who fails in here, fails for all."""
    try:
      yield
      # None starts before all are ready: they still clean up.
      self._hear_all()
      self._answer(None)
    except BaseException as error:
      for other in self._others:
        other.say_error(f'process {self.index}: {error}')
      raise
    finally:
      for other in self._others:
        other.close()

  def agree(self, record: Mapping[str, Any], ignore: Iterable[str]) -> None:
    """Returns once all processes have come here with the same record.

    Args:
      record: what the pictures depend on, plain data.
      ignore: fields that may differ.

    Raises:
      FvizError: another process failed, did not come, or brought another.
    """
    mine = config_file.normalized(record)
    for other, theirs in self._hear_all(mine):
      if lines := config_file.differences(mine, theirs, ignore):
        raise errors.FvizError(
          f'Process {other} has another config than process 0 (0 -> {other}):\n'
          + '\n'.join(lines)
          + '\nStart all with the same.'
        )
    self._answer(None)

  def share(self, make: Callable[[], Any] = lambda: None) -> Any:
    """What process 0 makes, plain data, given to all."""
    return self._answer(make() if self.index == 0 else None)

  def _hear_all(self, say: Any = None) -> list[tuple[int, Any]]:
    """Process 0 hears all others, one after the other; they speak."""
    if self.index:
      self._others[0].say(say)
      return []
    return [
      (number, other.hear(number, self._timeout))
      for number, other in enumerate(self._others, 1)
    ]

  def _answer(self, value: Any) -> Any:
    """Process 0 speaks to all others; they hear it."""
    if self.index:
      return self._others[0].hear(0, self._timeout * _PATIENCE)
    for other in self._others:
      other.say(value)
    return value


ALONE = Group()


def join(
  distributed: bool,
  path: str,
  coordinator: str = '',
  processes: int | None = None,
  process: int | None = None,
  timeout: float = TIMEOUT,
) -> Group:
  """Meets the other processes of a sweep; before anything else of JAX.

  Args:
    distributed: whether there may be others; the rest is only for them.
    path: the working directory; a second process of the same number finds it
      locked.
    coordinator: 'host:port' where process 0 listens; '' = as the cluster tells.
    processes: how many there are; None = as the cluster tells.
    process: number of this one, from 0; None = as the cluster tells.
    timeout: seconds to wait for the others.

  Raises:
    FvizError: for flags that make no sense, where nothing is detected, or
      when the others do not come.
  """
  if not distributed:
    if coordinator or (processes, process) != (None, None):
      raise errors.FvizError(
        'coordinator, processes and process are for many: add --distributed.'
      )
    return ALONE
  _check(coordinator, processes, process)
  if not 0 < timeout <= 86400:
    raise errors.FvizError(
      f'join_timeout is {timeout}: give seconds, up to a day (86400).'
    )
  coordinator, count, index = _place(coordinator, processes, process)
  lock = workdir.reserve(path, index)
  try:
    if count == 1:
      return Group(lock=lock)
    if index == 0:
      port = int(coordinator.rpartition(':')[2])
      others = connections.gather(port, count, timeout)
    else:
      others = [connections.attend(coordinator, count, index, timeout)]
  except BaseException:
    lock.release()
    raise
  return Group(index, count, others, lock, timeout)


def _check(
  coordinator: str, processes: int | None, process: int | None
) -> None:
  if coordinator:
    host, _, port = coordinator.rpartition(':')
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
      raise errors.FvizError(
        f'coordinator is {coordinator!r}: give HOST:PORT, the machine of '
        "process 0 and a free port of it, as in '10.0.0.1:9876'."
      )
  if processes is not None and processes < 1:
    raise errors.FvizError(f'processes is {processes}: give 1 or more.')
  if process is not None and process < 0:
    raise errors.FvizError(f'process is {process}: they are numbered from 0.')
  if processes is not None and process is not None and process >= processes:
    raise errors.FvizError(
      f'process is {process} of {processes} processes: give 0 to '
      f'{processes - 1}.'
    )


def _place(
  coordinator: str, processes: int | None, process: int | None
) -> tuple[str, int, int]:
  """(coordinator, count, index): what is given, completed by the cluster."""
  found = clusters.detected()
  coordinator = coordinator or found.coordinator or ''
  count = found.processes if processes is None else processes
  index = found.process if process is None else process
  if count == 1:
    return '', 1, 0
  if not coordinator or count is None or index is None:
    named = dict(coordinator=coordinator, processes=count, process=index)
    missing = ', '.join(k for k, v in named.items() if v in ('', None))
    raise errors.FvizError(
      f'No SLURM job, TPU pod, MPI or Kubernetes tells {missing}: give '
      'coordinator (HOST:PORT of process 0), processes (how many) and process '
      '(which one this is, from 0).'
    )
  _check(coordinator, count, index)
  if devices := os.environ.get('JAX_LOCAL_DEVICE_IDS') or found.devices:
    # Processes on one machine see the same GPUs: each takes its own.
    jax.config.update('jax_cuda_visible_devices', devices)
    jax.config.update('jax_rocm_visible_devices', devices)
  return coordinator, count, index
