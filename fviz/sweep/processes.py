"""Several processes on one sweep: who is who, and what they agree on first.

The processes meet before the work, at process 0, and compare what they are
about to do. Then they part: each renders its share on its own devices and
keeps its own ledger. So no picture waits for another host, and a process that
dies takes nobody along.

JAX's own service for this, `jax.distributed`, is not used: a backend that
starts while it runs spans all processes and ties them together for good, and
with its public functions alone nothing else can be said through it.
"""

import contextlib
import dataclasses
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import jax

from fviz import errors
from fviz.storage import config_file, locks, workdir
from fviz.sweep import clusters, connections

TIMEOUT = 300  # Seconds; as long as JAX waits.
_PATIENCE = 10  # Process 0 may read a long ledger and calibrate: so much more.


@dataclasses.dataclass(frozen=True)
class Group:
  """The processes of one sweep, as one of them sees it; `ALONE` is one.

  Attributes:
    index: number of this process.
    count: how many there are.
    others: connections of process 0 to all others, or of this one to it.
    lock: what `workdir.reserve` gave for this number, or None.
    timeout: seconds to wait for another.
  """

  index: int = 0
  count: int = 1
  others: Sequence[connections.Connection] = ()
  lock: locks.Lock | None = None
  timeout: float = TIMEOUT

  @contextlib.contextmanager
  def meeting(self) -> Iterator[None]:
    """What is done before the work: who fails in here, fails for all."""
    problem = ''
    try:
      yield
      self.share()  # None starts before all are ready: they still clean up.
    except BaseException as error:
      problem = f'process {self.index}: {error}'
      raise
    finally:
      for other in self.others:
        other.close(problem)

  def agree(self, record: Mapping[str, Any], ignore: Iterable[str]) -> None:
    """Returns once all processes have come here with the same record.

    It is plain data, what the pictures depend on; fields to ignore may differ.

    Raises:
      FvizError: another process failed, did not come, or brought another.
    """

    def compare(records: list[dict[str, Any]]) -> None:
      for other, theirs in enumerate(records):
        if lines := config_file.differences(records[0], theirs, ignore):
          raise errors.FvizError(
            f'Process {other} has another config than process 0 (0 -> {other}):'
            '\n' + '\n'.join(lines) + '\nStart all with the same.'
          )

    self._exchange(compare, config_file.normalized(record))

  def share(self, make: Callable[[], Any] = lambda: None) -> Any:
    """What process 0 makes when all have come here: plain data, for all."""
    return self._exchange(lambda brought: make())

  def _exchange(self, answer: Callable[[list], Any], mine: Any = None) -> Any:
    """What process 0 answers to what each process brings, in order."""
    if self.index:
      self.others[0].say(mine)
      return self.others[0].hear(0, self.timeout * _PATIENCE)
    others = enumerate(self.others, 1)
    value = answer([mine, *(o.hear(i, self.timeout) for i, o in others)])
    for other in self.others:
      other.say(value)
    return value


ALONE = Group()


def join(
  distributed: bool,
  path: str,
  given: clusters.Place = clusters.UNKNOWN,
  timeout: float = TIMEOUT,
) -> Group:
  """Meets the other processes of a sweep; before anything else of JAX.

  Args:
    distributed: whether there may be others; the rest is only for them.
    path: the working directory; a second process of the same number finds it
      locked.
    given: the place of this process; what is unknown is as the cluster tells.
    timeout: seconds to wait for the others.

  Raises:
    FvizError: for flags that make no sense, where nothing is detected, or
      when the others do not come.
  """
  if not distributed:
    if given != clusters.UNKNOWN:
      raise errors.FvizError(
        'coordinator, processes and process are for many: add --distributed.'
      )
    return ALONE
  if not 0 < timeout <= 86400:
    raise errors.FvizError(
      f'join_timeout is {timeout}: give seconds, up to a day (86400).'
    )
  coordinator, count, index = _completed(given)
  lock, others = workdir.reserve(path, index), []
  try:
    if index:
      others = [connections.attend(coordinator, count, index, timeout)]
    elif count > 1:
      port = int(coordinator.rpartition(':')[2])
      others = connections.gather(port, count, timeout)
  except BaseException:
    lock.release()
    raise
  return Group(index, count, others, lock, timeout)


def _completed(given: clusters.Place) -> tuple[str, int, int]:
  """(coordinator, count, index): what is given, completed by the cluster."""
  _check(given)
  known = {k: v for k, v in given._asdict().items() if v not in ('', None)}
  place = clusters.detected()._replace(**known)
  coordinator, count, index, devices = place
  if count == 1:
    return '', 1, 0
  if not coordinator or count is None or index is None:
    missing = [k for k in place._fields[:3] if getattr(place, k) in ('', None)]
    raise errors.FvizError(
      f'No SLURM job, TPU pod, MPI or Kubernetes tells {", ".join(missing)}: '
      'give coordinator (HOST:PORT of process 0), processes (how many) and '
      'process (which one this is, from 0).'
    )
  _check(place)
  if devices := os.environ.get('JAX_LOCAL_DEVICE_IDS') or devices:
    # Processes on one machine see the same GPUs: each takes its own.
    jax.config.update('jax_cuda_visible_devices', devices)
    jax.config.update('jax_rocm_visible_devices', devices)
  return coordinator, count, index


def _check(place: clusters.Place) -> None:
  coordinator, count, index, _ = place
  if coordinator:
    host, _, port = coordinator.rpartition(':')
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
      raise errors.FvizError(
        f'coordinator is {coordinator!r}: give HOST:PORT, the machine of '
        "process 0 and a free port of it, as in '10.0.0.1:9876'."
      )
  if count is not None and count < 1:
    raise errors.FvizError(f'processes is {count}: give 1 or more.')
  if index is not None and index < 0:
    raise errors.FvizError(f'process is {index}: they are numbered from 0.')
  if count is not None and index is not None and index >= count:
    raise errors.FvizError(
      f'process is {index} of {count} processes: give 0 to {count - 1}.'
    )
