"""Locks on a working directory: the kernel drops them with their holders.

`.lock-<process>` is held as long as a process works there, `.lock-config`
for the moment in which a process settles in or leaves.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import pathlib
from collections.abc import Iterable, Iterator

from fviz.errors import FvizError

_log = logging.getLogger(__name__)

_SETTLING = '.lock-config'


def hold(path: pathlib.Path, process: int) -> int:
  """The descriptor that holds the lock of a process until it is closed.

  Raises:
    FvizError: somebody else has it, or the directory is not writable.
  """
  descriptor = _open(path / f'.lock-{process}')
  try:
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
  except BlockingIOError as error:
    owner = os.pread(descriptor, 20, 0).decode(errors='replace').strip()
    os.close(descriptor)
    raise FvizError(
      f'The working directory {path} is in use by another process (pid '
      f'{owner or "unknown"}, process number {process}). Wait for it, stop '
      'it, or use another workdir.'
    ) from error
  except OSError as error:  # Some network file systems have no locks.
    _log.warning('No lock on %s (%s): run one process only.', path, error)
  with contextlib.suppress(OSError):  # A full disk: only the message is poorer.
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, str(os.getpid()).encode(), 0)
  return descriptor


@contextlib.contextmanager
def settling(path: pathlib.Path) -> Iterator[None]:
  """Processes of one run start together: inside this, one at a time."""
  descriptor = _open(path / _SETTLING)
  try:
    try:
      fcntl.flock(descriptor, fcntl.LOCK_EX)
    except OSError as error:
      _log.warning('No lock for config.json: %s', error)
    yield
  finally:
    os.close(descriptor)


def check_none_beyond(path: pathlib.Path, processes: int) -> None:
  """Raises an FvizError where a run of more processes has left one at work."""
  for file in path.glob('.lock-*'):
    number = file.name.removeprefix('.lock-')
    if number.isdigit() and int(number) >= processes:
      os.close(hold(path, int(number)))


def alone(path: pathlib.Path, processes: Iterable[int]) -> bool:
  """Whether none but these works here; to be asked while settling."""
  own = {_SETTLING, *(f'.lock-{process}' for process in processes)}
  for file in path.glob('.lock-*'):
    if file.name in own:
      continue
    descriptor = _open(file)
    try:
      fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
      return False
    finally:
      os.close(descriptor)
  return True


def unwritable(path: pathlib.Path, error: OSError) -> FvizError:
  """What to say of a directory that cannot be worked in."""
  return FvizError(
    f'Cannot use {path} as working directory: {error.strerror or error}. '
    'Choose a directory you can write to, or fix its permissions.'
  )


def _open(file: pathlib.Path) -> int:
  try:
    return os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
  except OSError as error:
    raise unwritable(file.parent, error) from error
