"""Several processes on one sweep: who is who, and what they agree on first.

JAX finds the processes (SLURM, TPU pods, MPI, Kubernetes, or flags) and its
coordination service carries what they have to say before the work. Then they
part: each renders its share on its own devices and keeps its own ledger. So no
picture waits for another host, and whoever dies takes nobody along, which a
process that stayed connected would.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import jax

# What JAX keeps to itself: the detection, to know the number before connecting,
# and the client, to talk without starting a backend that spans the processes.
from jax._src import clusters
from jax._src import distributed as jax_distributed

from fviz import errors
from fviz.storage import config_file, locks, plain_json, workdir

TIMEOUT = 300  # Seconds; JAX's own.
_PATIENCE = 10  # Process 0 may read a long ledger and calibrate: so much more.


class Place(NamedTuple):
  """Where a process stands among those that share a sweep."""

  coordinator: str  # host:port where process 0 listens.
  count: int
  index: int
  devices: list[int] | None = None  # Of this machine; None = all.


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
    client: Any = None,
    service: Any = None,
    lock: locks.Lock | None = None,
    timeout: float = TIMEOUT,
  ):
    self.index, self.count, self.lock = index, count, lock
    self._client, self._service, self._timeout = client, service, timeout

  @contextlib.contextmanager
  def meeting(self) -> Iterator[None]:
    """What is done before the work: who fails in here, fails for all."""
    if self.count == 1:
      yield
      return
    try:
      yield
    except BaseException as error:
      self._tell_all(f'-process {self.index}: {error}')
      raise
    self._part()

  def agree(self, record: Mapping[str, Any], ignore: Iterable[str]) -> None:
    """Returns once all processes have come here with the same record.

    Args:
      record: what the pictures depend on, plain data.
      ignore: fields that may differ.

    Raises:
      FvizError: another process failed, did not come, or brought another.
    """
    if self.index:
      self._set(f'ready/{self.index}', '+' + plain_json.encode(record))
      self._get('agreed', self._timeout * _PATIENCE)
      return
    for other in range(1, self.count):
      theirs = plain_json.decode(self._get(f'ready/{other}', self._timeout))
      mine = config_file.normalized(record)
      if lines := config_file.differences(mine, theirs, ignore):
        raise errors.FvizError(
          f'Process {other} has another config than process 0 (0 -> {other}):\n'
          + '\n'.join(lines)
          + '\nStart all with the same.'
        )
    self._set('agreed', '+')

  def share(self, make: Callable[[], bytes]) -> bytes:
    """What process 0 makes, given to all."""
    if self.count == 1:
      return make()
    if self.index == 0:
      self._set('shared', '+' + make().hex())
    return bytes.fromhex(self._get('shared', self._timeout * _PATIENCE))

  def _set(self, key: str, value: str) -> None:
    if self.count > 1:
      self._client.key_value_set(f'fviz/{key}', value)

  def _get(self, key: str, timeout: float) -> str:
    try:
      value = self._client.blocking_key_value_get(
        f'fviz/{key}', int(timeout * 1000)
      )
    except jax.errors.JaxRuntimeError as error:
      who = key.partition('/')[2] or '0'
      raise errors.FvizError(
        f'Process {who} was not ready within {timeout:.0f} s, see what it '
        'says. Start all processes again, with a longer join_timeout if it '
        'was still loading.'
      ) from error
    if value[0] == '-':
      raise errors.FvizError(value[1:])
    return value[1:]

  def _tell_all(self, message: str) -> None:
    """Wherever the others listen; what was said before stays."""
    keys = [f'ready/{self.index}'] if self.index else ['agreed', 'shared']
    for key in keys:
      with contextlib.suppress(jax.errors.JaxRuntimeError):
        self._set(key, message)

  def _part(self) -> None:
    try:
      # A barrier of our own: when that of the shutdown fails, JAX aborts.
      self._client.wait_at_barrier('fviz/part', int(self._timeout * 1000))
    except jax.errors.JaxRuntimeError as error:
      raise errors.FvizError(
        'A process was lost before the work began. Start all processes again.'
      ) from error
    self._client.shutdown()
    if self._service:
      self._service.shutdown()
    self._client = self._service = None


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
    coordinator: 'host:port' where process 0 listens; '' = as JAX detects.
    processes: how many there are; None = as JAX detects.
    process: number of this one, from 0; None = as JAX detects.
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
  _check_timeout(timeout)
  place = _detected(coordinator or None, processes, process, timeout)
  lock = workdir.reserve(path, place.index)
  try:
    if place.count == 1:
      return Group(lock=lock)
    deadline = time.monotonic() + timeout
    _knock(place, deadline)
    _connect(place, deadline)
  except BaseException:
    lock.release()
    raise
  # Taken out of JAX's hands, for with it in place the backend would span all
  # processes: started together, and each bound to the life of the others.
  state = jax_distributed.global_state
  client, service, watch = (
    state.client,
    state.service,
    state.preemption_sync_manager,
  )
  state.client = state.service = state.preemption_sync_manager = None
  state.process_id, state.num_processes = 0, 1
  if watch:
    watch.shutdown()
  return Group(place.index, place.count, client, service, lock, timeout)


def _check(coordinator, processes, process) -> None:
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
  if None not in (processes, process) and process >= processes:
    raise errors.FvizError(
      f'process is {process} of {processes} processes: give 0 to '
      f'{processes - 1}.'
    )


def _check_timeout(timeout: float) -> None:
  if not 0 < timeout <= 86400:
    raise errors.FvizError(
      f'join_timeout is {timeout}: give seconds, up to a day (86400).'
    )


def _detected(coordinator, count, index, timeout) -> Place:
  """The place among the processes, completed as JAX would."""
  detect = clusters.ClusterEnv.auto_detect_unset_distributed_params
  try:
    found = detect(coordinator, count, index, None, None, int(timeout))
  except Exception as error:  # A dozen kinds, from five clusters.
    raise errors.FvizError(
      f'JAX cannot read the cluster that it finds itself in ({error}): give '
      'coordinator, processes and process.'
    ) from error
  if found[1] == 1:
    return Place('', 1, 0)
  names = ('coordinator', 'processes', 'process')
  missing = [n for n, v in zip(names, found, strict=False) if v is None]
  if missing:
    raise errors.FvizError(
      f'No SLURM job, TPU pod, MPI or Kubernetes tells {", ".join(missing)}: '
      'give coordinator (HOST:PORT of process 0), processes (how many) and '
      'process (which one this is, from 0).'
    )
  _check(*found[:3])
  return Place(*found)


def _knock(place: Place, deadline: float) -> None:
  """Looks whether the coordinator is there, for JAX would abort."""
  host, _, port = place.coordinator.rpartition(':')
  address = host.strip('[]'), int(port)
  if place.index == 0:
    _check_free(address[1], place)
    return
  while True:
    try:
      socket.create_connection(address, timeout=5).close()
      return
    except OSError as error:
      problem = error.strerror or error
    if time.monotonic() > deadline:
      raise errors.FvizError(
        f'Nobody answers at the coordinator {place.coordinator} ({problem}). '
        'Start process 0 on that machine, and see that the port is open from '
        f'here ({socket.gethostname()}).'
      )
    time.sleep(0.2)


def _check_free(port: int, place: Place) -> None:
  """JAX would share the port with whoever listens there already."""
  with socket.socket() as probe:
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
      probe.bind(('', port))
    except OSError as error:
      raise errors.FvizError(
        f'Port {port} is taken on this machine ({error.strerror}): is another '
        'process 0 running? Give another port in coordinator, not '
        f'{place.coordinator}.'
      ) from error


def _connect(place: Place, deadline: float) -> None:
  """Connects in a thread: at its own timeout JAX would abort the process."""
  problems = []
  left = max(deadline - time.monotonic(), 1.0)

  def connect():
    try:
      jax.distributed.initialize(
        place.coordinator,
        place.count,
        place.index,
        local_device_ids=place.devices,
        cluster_detection_method='deactivate',
        initialization_timeout=int(left) + 60,
      )
    except Exception as error:
      problems.append(error)

  thread = threading.Thread(target=connect, daemon=True)
  thread.start()
  thread.join(left)
  if thread.is_alive():
    raise errors.FvizError(
      f'Process {place.index} is at {place.coordinator}, but not all '
      f'{place.count} processes came within {left:.0f} s. See what the others '
      'say; each needs a number of its own, 0 to '
      f'{place.count - 1}, and the same processes.'
    )
  if problems:
    raise errors.FvizError(
      f'Process {place.index} cannot join at {place.coordinator}: {problems[0]}'
    ) from problems[0]
