"""Locks that the kernel drops with their holder, on every system.

In a working directory `.lock-<process>` is held as long as a process works
there, `.lock-config` for the moment in which a process settles in or leaves.
"""

import contextlib
import logging
import os
from collections.abc import Iterable, Iterator

import filelock
from etils import epath

from fviz import errors

_log = logging.getLogger(__name__)

_SETTLING = '.lock-config'


class Lock(contextlib.AbstractContextManager['Lock']):
  """A file that one holder at a time can lock, until it releases it or dies.

  `with Lock(file) as lock` releases it at the end. The file is made where it
  does not exist, and stays where it is, as removing it would race.
  """

  def __init__(self, file: epath.PathLike):
    with usable(os.path.dirname(file)):
      self._file = open(file, 'a+b', buffering=0)

  def __exit__(self, *unused) -> None:
    self.release()

  @property
  def is_open(self) -> bool:
    """Whether it has not been released."""
    return not self._file.closed

  def take(self, wait: bool = False) -> bool:
    """Locks the file; False where another has it, unless we `wait` for it.

    OSError where there are no such locks, as on some network file systems.
    """
    return filelock.lock_descriptor(self._file.fileno(), blocking=wait)

  def sign(self) -> None:
    """Writes who we are into the file, for `owner`."""
    self._file.truncate(0)
    # On Windows nobody else can read the first byte, which is the locked one.
    self._file.write(b' %d' % os.getpid())

  def owner(self) -> str:
    """The process id of whoever signed last; '' if nobody did."""
    self._file.seek(1)
    return self._file.read(20).decode(errors='replace').strip()

  def release(self) -> None:
    """Gives the lock back; a second time does nothing."""
    if self.is_open:
      # Windows may let time pass between a close and its unlocking.
      with contextlib.suppress(OSError):
        filelock.unlock_descriptor(self._file.fileno())
      self._file.close()


def hold(path: epath.Path, process: int) -> Lock:
  """The lock of a process on a working directory; FvizError if it is held."""
  lock = Lock(path / f'.lock-{process}')
  try:
    is_ours = lock.take()
  except OSError as error:
    _log.warning('No lock on %s (%s): run one process only.', path, error)
    is_ours = True
  if not is_ours:
    owner = f'pid {lock.owner() or "unknown"}, process number {process}'
    lock.release()
    raise errors.FvizError(
      f'The working directory {path} is in use by another process ({owner}). '
      'Wait for it, stop it, or use another workdir.'
    )
  with contextlib.suppress(OSError):  # A full disk: only the message is poorer.
    lock.sign()
  return lock


@contextlib.contextmanager
def settling(path: epath.Path) -> Iterator[None]:
  """Processes of one run start together: inside this, one at a time."""
  with Lock(path / _SETTLING) as lock:
    try:
      lock.take(wait=True)
    except OSError as error:
      _log.warning('No lock for config.json: %s', error)
    yield


def check_none_beyond(path: epath.Path, processes: int) -> None:
  """Raises an FvizError where a run of more processes has left one at work."""
  for file in path.glob('.lock-*'):
    number = file.name.removeprefix('.lock-')
    if number.isdigit() and int(number) >= processes:
      hold(path, int(number)).release()


def alone(path: epath.Path, processes: Iterable[int]) -> bool:
  """Whether none but these works here; to be asked while settling."""
  own = {_SETTLING, *(f'.lock-{process}' for process in processes)}
  others = (file for file in path.glob('.lock-*') if file.name not in own)
  return not any(map(_is_held, others))


def usable(path: epath.PathLike) -> contextlib.AbstractContextManager[None]:
  """In here an OSError means that a directory cannot be worked in."""
  return errors.explained(
    f'Cannot use {path} as working directory',
    'Choose a directory you can write to, or fix its permissions.',
  )


def _is_held(file: epath.Path) -> bool:
  """Whether somebody else has a lock, or it cannot be known."""
  with Lock(file) as lock:
    try:
      return not lock.take()
    except OSError:
      return True
