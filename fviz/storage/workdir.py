"""The working directory is the record: config, ledger, pictures, one lock.

The ledger is the checkpoint. A line is appended whole and fsynced once its
picture is on the disk, so that after a kill at any moment the finished units
are exactly those with a whole line and a whole PNG. Files in a working
directory may have been cut short, edited or sent by somebody else: reading
warns and skips, and no path found in a ledger leaves the directory.
"""

import logging
import os
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Self

from etils import epath

from fviz import errors
from fviz.storage import (
  atomic_files,
  config_file,
  directory,
  ledger,
  ledger_lines,
  locks,
)
from fviz.storage.ledger_lines import Unit

_log = logging.getLogger(__name__)


class Workdir(directory.Directory, AbstractContextManager['Workdir']):
  """A locked working directory; use `Workdir.open` and `with`.

  Attributes:
    config: as recorded, a plain dict.
    process: which process of the run this is; it has its own ledger.
  """

  def __init__(
    self, path: epath.Path, config: dict, process: int, lock: locks.Lock
  ):
    super().__init__(path)
    self.config, self.process, self._lock = config, process, lock

  @classmethod
  def open(
    cls,
    path: epath.PathLike,
    config: Mapping[str, Any],
    ignore: Iterable[str] = ('batch_size',),
    process: int = 0,
    processes: int = 1,
    held: locks.Lock | None = None,
  ) -> Self:
    """Creates or resumes a working directory.

    Args:
      path: a local directory, created with its parents.
      config: what the pictures depend on; nested mappings are fine.
      ignore: dotted names of fields that may differ from the recorded config.
      process: number of this process among the `processes` that share the
        directory; number 0 looks for others.
      held: the lock from `reserve`, if it was called before.

    Raises:
      FvizError: it cannot be written, is in use by another process, or was
        made with another config (the message lists the fields).
    """
    path = _create(path)
    process = ledger_lines.count(process)
    config = config_file.normalized(config)
    # Process 0 enters before the others of its run begin to write.
    own = range(processes) if process == 0 else (process,)
    with locks.settling(path):
      lock = locks.hold(path, process) if held is None else held
      try:
        if process == 0:
          locks.check_none_beyond(path, processes)
        if locks.alone(path, own):
          atomic_files.remove_temporary(_folders(path))
        config = config_file.settle(path, config, ignore)
      except BaseException:
        lock.release()
        raise
    return cls(path, config, process, lock)

  def __exit__(self, *unused) -> None:
    self.close()

  def close(self) -> None:
    """Gives the lock back; a second time does nothing."""
    self._lock.release()

  def turn(self) -> AbstractContextManager[None]:
    """`with directory.turn():` lets one process in after the other."""
    return locks.settling(self.path)

  def append(self, finished: Iterable[Mapping[str, Any]]) -> None:
    """Adds finished units: one write, on the disk when this returns.

    Each record has layer (str), channel and variant (int), optionally file
    (relative to the directory; default the unit's `image_path`).
    """
    if not self._lock.is_open:
      raise errors.FvizError('This working directory is closed; open it again.')
    lines = b''.join(ledger_lines.to_line(self._stamped(r)) for r in finished)
    if not lines:
      return
    file = self.path / f'ledger-{self.process}.jsonl'
    with errors.explained(
      f'Cannot append to {file}',
      'Free some space or fix the permissions, then run again: finished units '
      'are kept.',
    ):
      ledger.append(os.fspath(file), lines)

  def finished(self) -> ledger.Index:
    """Unit -> its last record, for units whose picture is whole too.

    A picture is whole if it has the size and the time that the ledger noted;
    otherwise it is read from end to end. The index reads a record when asked
    for it, and what has been appended since on `refresh`.
    """
    find = lambda: sorted(self._root.glob('ledger-*.jsonl'))
    index = ledger.Index(find, self._has_picture)
    if lost := len(index.undone):
      _log.warning(
        '%d of %d units in the ledger lack a whole picture: they run again.',
        lost,
        lost + len(index),
      )
    return index

  def _stamped(self, record: Mapping[str, Any]) -> dict[str, Any]:
    """With the size and time of its picture, where there is one."""
    record = dict(record)
    try:
      file = directory.picture(ledger_lines.unit(record), record)
      record['stamp'] = self.stamp(file)
    except (OSError, ValueError):
      record.pop('stamp', None)
    return record

  def _has_picture(self, unit: Unit, record: Mapping[str, Any]) -> bool:
    try:
      file = directory.picture(unit, record)
      # Opening a million pictures would take minutes.
      if (stamp := self.stamp(file)) and record.get('stamp') == stamp:
        return True
      return atomic_files.is_whole_png(self.resolve(file))
    except errors.FvizError as error:
      _log.warning('Skipped the ledger entry of %s: %s', unit, error)
    except (OSError, ValueError):  # Not there, or no name of a file.
      pass
    return False


def reserve(path: epath.PathLike, process: int) -> locks.Lock:
  """Takes a process's lock ahead of `Workdir.open(held=...)`."""
  return locks.hold(_create(path), ledger_lines.count(process))


def _create(path: epath.PathLike) -> epath.Path:
  if '://' in os.fspath(path):
    raise errors.FvizError(
      f'The working directory {os.fspath(path)} is not local; its lock and '
      'ledger need a local or mounted directory. Copy the result afterwards.'
    )
  path = epath.Path(os.path.abspath(os.path.expanduser(os.fspath(path))))
  with locks.usable(path):
    path.mkdir(parents=True, exist_ok=True)
  return path


def _folders(path: epath.Path) -> list[epath.Path]:
  """Where files are written."""
  parts = [path / name for name in directory.FOLDERS]
  return [path, *parts, *(inner for p in parts for inner in p.glob('*/'))]
