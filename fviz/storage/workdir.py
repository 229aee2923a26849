"""The working directory is the record: config, ledger, pictures, one lock.

The ledger is the checkpoint. A line is appended whole and fsynced once its
picture is on the disk, so that after a kill at any moment the finished units
are exactly those with a whole line and a whole PNG. Files in a working
directory may have been cut short, edited or sent by somebody else: reading
warns and skips, and no path found in a ledger leaves the directory.
"""

from __future__ import annotations

import logging
import os
import pathlib
import stat
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from etils import epath

from fviz.errors import FvizError
from fviz.storage import atomic_files, config_file, ledger, ledger_lines, locks
from fviz.storage.atomic_files import write as write
from fviz.storage.ledger_lines import Unit
from fviz.storage.plain_json import decode as decode
from fviz.storage.plain_json import encode as encode

_log = logging.getLogger(__name__)

_FOLDERS = ('images', 'films', 'gallery', 'frames')


class Workdir:
  """A locked working directory; use `Workdir.open` and `with`.

  Attributes:
    path: the directory, absolute.
    config: the config as recorded, a plain dict.
    process: which process of the run this is; it has its own ledger.
  """

  def __init__(self, path: epath.Path, config: dict, process: int, lock: int):
    self.path = path
    self.config = config
    self.process = process
    self._lock = lock
    self._root = pathlib.Path(path).resolve()
    self._inside: dict[str, str] = {}  # Folders that do not lead out.

  @classmethod
  def open(
    cls,
    path: epath.PathLike,
    config: Mapping[str, Any],
    ignore: Iterable[str] = ('batch_size',),
    process: int = 0,
    processes: int = 1,
    held: int | None = None,
  ) -> Workdir:
    """Creates or resumes a working directory.

    Args:
      path: a local directory, created with its parents.
      config: what the pictures depend on; nested mappings are fine.
      ignore: dotted names of fields that may differ from the recorded config.
      process: number of this process among those that share the directory.
      processes: how many there are; number 0 looks for others.
      held: the lock from `reserve`, where it was called before.

    Raises:
      FvizError: it cannot be written, is in use by another process, or was
        made with another config (the message lists the fields).
    """
    path = _create(path)
    config, process = (
      config_file.normalized(config),
      ledger_lines.count(process),
    )
    # Process 0 enters before the others of its run begin to write.
    own = range(processes) if process == 0 else (process,)
    with locks.settling(path):
      lock = locks.hold(path, process) if held is None else held
      try:
        if process == 0:
          locks.check_none_beyond(path, processes)
        if locks.alone(path, own):
          atomic_files.remove_temporary(_folders(path))
        config = config_file.settle(path, config, tuple(ignore))
      except BaseException:
        os.close(lock)
        raise
    return cls(path, config, process, lock)

  def __enter__(self) -> Workdir:
    return self

  def __exit__(self, *unused) -> None:
    self.close()

  def close(self) -> None:
    """Gives the lock back; the lock file stays, removing it would race."""
    if self._lock >= 0:
      os.close(self._lock)
    self._lock = -1

  def turn(self) -> AbstractContextManager[None]:
    """`with directory.turn()`: one process after the other."""
    return locks.settling(self.path)

  # The ledger.

  def append(self, finished: Iterable[Mapping[str, Any]]) -> None:
    """Adds finished units: one write, on the disk when this returns.

    Args:
      finished: records; each has layer (str), channel and variant (int),
        optionally file (relative to the directory; default the unit's
        `image_path`).
    """
    if self._lock < 0:
      raise FvizError('This working directory is closed; open it again.')
    lines = b''.join(ledger_lines.to_line(self._stamped(r)) for r in finished)
    if not lines:
      return
    try:
      ledger.append(os.fspath(self._ledger()), lines)
    except OSError as error:
      raise FvizError(
        f'Cannot append to {self._ledger()}: {error.strerror or error}. Free '
        'some space or fix the permissions, then run again: finished units '
        'are kept.'
      ) from error

  def finished(self) -> ledger.Index:
    """Unit -> its last record, for units whose picture is whole too.

    A picture of the size and the time that the ledger has noted is whole; any
    other is read from end to end. The index reads records when asked for, and
    what has been appended since on `refresh`.
    """
    find = lambda: sorted(self._root.glob('ledger-*.jsonl'))
    index = ledger.Index(find, self._has_picture)
    if index.undone:
      _log.warning(
        '%d of %d units in the ledger lack a whole picture: they run again.',
        len(index.undone),
        len(index.undone) + len(index),
      )
    return index

  def _ledger(self) -> epath.Path:
    return self.path / f'ledger-{self.process}.jsonl'

  def _stamped(self, record: Mapping[str, Any]) -> dict[str, Any]:
    """With the size and time of its picture, where there is one."""
    record = dict(record)
    try:
      record['stamp'] = self._stamp(_file(ledger_lines.unit(record), record))
    except (FvizError, OSError, ValueError):
      record.pop('stamp', None)
    return record

  def _has_picture(self, unit: Unit, record: Mapping[str, Any]) -> bool:
    try:
      file = _file(unit, record)
      # Opening a million pictures would take minutes.
      if (stamp := self._stamp(file)) and record.get('stamp') == stamp:
        return True
      return atomic_files.is_whole_png(self.resolve(file))
    except FvizError as error:
      _log.warning('Skipped the ledger entry of %s: %s', unit, error)
    except (OSError, ValueError):  # Not there, or no name of a file.
      pass
    return False

  def _stamp(self, file: str) -> list[int] | None:
    """[bytes, nanoseconds] of a file in here; None of a link or the like."""
    folder, slash, name = file.rpartition('/')
    folder = folder or slash  # '/' stays what it is: outside.
    if folder not in self._inside:
      self._inside[folder] = os.fspath(self.resolve(folder))
    found = os.lstat(f'{self._inside[folder]}/{name}')
    if not stat.S_ISREG(found.st_mode):
      return None
    return [found.st_size, found.st_mtime_ns]

  # Paths.

  def resolve(self, relative: str) -> epath.Path:
    """The absolute path of a file in here; refuses to leave the directory."""
    try:
      path = (self._root / relative).resolve()
    except (TypeError, ValueError, OSError, RuntimeError) as error:
      raise FvizError(f'Not a path: {relative!r:.200} ({error}).') from error
    if os.path.isabs(relative) or not path.is_relative_to(self._root):
      raise FvizError(
        f'The path {relative!r:.200} leaves the working directory '
        f'{self.path}; paths in a ledger are relative and stay inside.'
      )
    return self.path / path.relative_to(self._root)

  def relative(self, path: epath.PathLike) -> str:
    """What a record stores for a path in here: the opposite of `resolve`."""
    return epath.Path(path).relative_to(self.path).as_posix()

  def image_path(self, layer: str, channel: int, variant: int) -> epath.Path:
    """images/<layer>/<channel>-<variant>.png, '/' in the layer as '.'."""
    return self.path / _image(layer, channel, variant)

  def film_path(
    self, layer: str, channel: int, variant: int, suffix: str = '.gif'
  ) -> epath.Path:
    """films/<layer>/<channel>-<variant><suffix>."""
    name = _name(channel, variant) + suffix
    return self.path / 'films' / _folder(layer) / name

  def gallery_path(self, layer: str, page: int, step: int) -> epath.Path:
    """gallery/<layer>/<page>-<step>.png."""
    name = f'{ledger_lines.count(page):03d}-{ledger_lines.count(step):06d}.png'
    return self.path / 'gallery' / _folder(layer) / name


def reserve(path: epath.PathLike, process: int) -> int:
  """Takes a process's lock ahead of `Workdir.open(held=...)`."""
  return locks.hold(_create(path), ledger_lines.count(process))


# Opening.


def _create(path: epath.PathLike) -> epath.Path:
  if '://' in os.fspath(path):
    raise FvizError(
      f'The working directory {os.fspath(path)} is not local; its lock and '
      'ledger need a local or mounted directory. Copy the result afterwards.'
    )
  path = epath.Path(os.path.abspath(os.path.expanduser(os.fspath(path))))
  try:
    path.mkdir(parents=True, exist_ok=True)
  except OSError as error:
    raise locks.unwritable(path, error) from error
  return path


def _folders(path: epath.Path) -> list[pathlib.Path]:
  """Where files are written."""
  parts = [path / name for name in _FOLDERS]
  return [path, *parts, *(inner for p in parts for inner in p.glob('*/'))]


def _file(unit: Unit, record: Mapping[str, Any]) -> str:
  """The picture of a record, relative to the directory."""
  return record.get('file') or _image(*unit)


def _image(layer: str, channel: int, variant: int) -> str:
  return f'images/{_folder(layer)}/{_name(channel, variant)}.png'


def _name(channel: int, variant: int) -> str:
  """The name of a unit's files, without a suffix."""
  count = ledger_lines.count
  return f'{count(channel):04d}-{count(variant):02d}'


def _folder(layer: str) -> str:
  """The folder of a layer: one plain name, never a way out."""
  name = layer.replace('/', '.')
  length = len(name.encode(errors='replace'))
  # isprintable: neither NUL nor half of a surrogate pair.
  if not name or name[0] == '.' or not name.isprintable() or length > 200:
    raise FvizError(
      f'The layer name {layer!r:.200} cannot name a folder: 1 to 200 printable '
      'bytes, and neither a dot nor a slash first.'
    )
  return name
