"""The working directory is the record: config, ledger, pictures, one lock.

The ledger is the checkpoint. A line is appended whole and fsynced once its
picture is on the disk, so that after a kill at any moment the finished units
are exactly those with a whole line and a whole PNG. Files in a working
directory may have been cut short, edited or sent by somebody else: reading
warns and skips, and no path found in a ledger leaves the directory.
"""

from __future__ import annotations

import fcntl
import json
import logging
import mmap
import os
import pathlib
import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from etils import epath

from fviz.errors import FvizError

_log = logging.getLogger(__name__)

Unit = tuple[str, int, int]  # (layer, channel, variant).

_LINE_LIMIT = 1 << 20  # Bytes; a record takes a few hundred.
_DEEPEST = 64  # Nested brackets in JSON; a record or config has three or four.
_PNG_HEAD = b'\x89PNG\r\n\x1a\n\0\0\0\rIHDR'
_PNG_TAIL = b'\0\0\0\0IEND\xaeB`\x82'
_ABSENT = object()


def encode(record: Any, indent: int | None = None) -> str:
  """JSON in ASCII; numpy and jax numbers and arrays become plain ones."""
  return json.dumps(record, default=_plain, indent=indent)


def decode(text: str | bytes) -> dict[str, Any]:
  """The dict that JSON from an untrusted file holds, else an FvizError."""
  try:
    text = text.decode() if isinstance(text, bytes) else text
    record = json.loads(text)
  except (ValueError, RecursionError) as error:
    raise FvizError(f'not JSON ({error})') from error
  # Only with so many brackets can it be deep, and counting them is fast.
  if text.count('[') + text.count('{') > _DEEPEST and _is_deep(record):
    raise FvizError(f'JSON nested more than {_DEEPEST} deep')
  if not isinstance(record, dict):
    raise FvizError(f'not a JSON object but a {type(record).__name__}')
  return record


def _is_deep(tree: Any) -> bool:
  """Level by level, without recursion."""
  level = [tree]
  for _ in range(_DEEPEST):
    level = [
      child
      for node in level
      if isinstance(node, (dict, list))
      for child in (node.values() if isinstance(node, dict) else node)
    ]
  return bool(level)


def write(path: epath.PathLike, data: bytes) -> None:
  """Writes a file whole or not at all, creating its directory."""
  path = epath.Path(path)
  # A name of its own: two processes may write the same path.
  temporary = path.parent / f'.{uuid.uuid4().hex}.tmp'
  try:
    path.parent.mkdir(parents=True, exist_ok=True)
    if '://' in os.fspath(path):
      temporary.write_bytes(data)
      temporary.replace(path)
    else:
      _write_local(os.fspath(temporary), os.fspath(path), data)
  except OSError as error:
    raise FvizError(
      f'Cannot write {path}: {error.strerror or error}. Check the permissions '
      'and the free space, or choose another directory.'
    ) from error


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

  @classmethod
  def open(
    cls,
    path: epath.PathLike,
    config: Mapping[str, Any],
    ignore: Iterable[str] = ('batch_size',),
    process: int = 0,
  ) -> Workdir:
    """Creates or resumes a working directory.

    Args:
      path: a local directory, created with its parents.
      config: what the pictures depend on; nested mappings are fine.
      ignore: dotted names of fields that may differ from the recorded config.
      process: number of this process among those that share the directory.

    Raises:
      FvizError: it cannot be written, is in use by another process, or was
        made with another config (the message lists the fields).
    """
    path = _create(path)
    lock = _lock(path, process)
    try:
      # Processes of one run start together: one writes, the others compare.
      with _short_lock(path):
        config = _settle_config(path, _normalized(config), tuple(ignore))
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

  # The ledger.

  def append(self, records: Iterable[Mapping[str, Any]]) -> None:
    """Adds finished units: one write, on the disk when this returns.

    Args:
      records: each has layer (str), channel and variant (int), optionally
        file (relative to the directory; default the unit's `image_path`).
    """
    if self._lock < 0:
      raise FvizError('This working directory is closed; open it again.')
    lines = b''.join(_line(record) for record in records)
    if not lines:
      return
    try:
      _append(os.fspath(self._ledger()), lines)
    except OSError as error:
      raise FvizError(
        f'Cannot append to {self._ledger()}: {error.strerror or error}. Free '
        'some space or fix the permissions, then run again: finished units '
        'are kept.'
      ) from error

  def finished(self) -> dict[Unit, dict[str, Any]]:
    """Unit -> its last record, for units whose picture is whole too."""
    records = {}
    for ledger in sorted(self._root.glob('ledger-*.jsonl')):
      for record in _records(ledger):
        records[_unit(record)] = record
    whole = {k: r for k, r in records.items() if self._has_picture(r)}
    if len(whole) < len(records):
      _log.warning(
        '%d of %d units in the ledger lack a whole picture: they run again.',
        len(records) - len(whole),
        len(records),
      )
    return whole

  def _ledger(self) -> epath.Path:
    return self.path / f'ledger-{self.process}.jsonl'

  def _has_picture(self, record: Mapping[str, Any]) -> bool:
    try:
      file = record.get('file') or self.relative(
        self.image_path(*_unit(record))
      )
      return _is_whole_png(self.resolve(file))
    except FvizError as error:
      _log.warning('Skipped the ledger entry of %s: %s', _unit(record), error)
      return False

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
    name = f'{_number(channel):04d}-{_number(variant):02d}.png'
    return self.path / 'images' / _folder(layer) / name

  def film_path(
    self, layer: str, channel: int, variant: int, suffix: str = '.gif'
  ) -> epath.Path:
    """films/<layer>/<channel>-<variant><suffix>."""
    name = f'{_number(channel):04d}-{_number(variant):02d}{suffix}'
    return self.path / 'films' / _folder(layer) / name

  def gallery_path(self, layer: str, page: int, step: int) -> epath.Path:
    """gallery/<layer>/<page>-<step>.png."""
    name = f'{_number(page):03d}-{_number(step):06d}.png'
    return self.path / 'gallery' / _folder(layer) / name


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
    raise _unwritable(path, error) from error
  return path


def _lock(path: epath.Path, process: int) -> int:
  """The descriptor that holds the lock; the kernel drops it with us."""
  file = path / f'.lock-{_number(process)}'
  descriptor = _open_lock(file)
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
  os.ftruncate(descriptor, 0)
  os.pwrite(descriptor, str(os.getpid()).encode(), 0)
  return descriptor


class _short_lock:
  """Waits for, holds and frees the lock on config.json."""

  def __init__(self, path: epath.Path):
    self._descriptor = _open_lock(path / '.lock-config')

  def __enter__(self) -> None:
    try:
      fcntl.flock(self._descriptor, fcntl.LOCK_EX)
    except OSError as error:
      _log.warning('No lock for config.json: %s', error)

  def __exit__(self, *unused) -> None:
    os.close(self._descriptor)


def _open_lock(file: epath.Path) -> int:
  try:
    return os.open(os.fspath(file), os.O_RDWR | os.O_CREAT, 0o644)
  except OSError as error:
    raise _unwritable(file.parent, error) from error


def _unwritable(path: epath.Path, error: OSError) -> FvizError:
  return FvizError(
    f'Cannot use {path} as working directory: {error.strerror or error}. '
    'Choose a directory you can write to, or fix its permissions.'
  )


def _settle_config(
  path: epath.Path, config: dict, ignore: tuple[str, ...]
) -> dict:
  """Records the config of a new directory, compares that of an old one."""
  file = path / 'config.json'
  if not file.exists():
    if any(path.glob('ledger-*.jsonl')):
      # Adopting these units would mix pictures of unknown configs.
      raise FvizError(
        f'{path} has a ledger but no config.json. Put config.json back, or '
        'use another workdir.'
      )
    write(file, encode(config, indent=2).encode() + b'\n')
    return config
  try:
    old = decode(file.read_bytes())
  except (FvizError, OSError) as error:
    raise FvizError(
      f'Cannot read {file}: {error}. Put it back, or use another workdir.'
    ) from error
  _compare(path, old, config, ignore)
  return old


def _compare(
  path: epath.Path, old: dict, new: dict, ignore: tuple[str, ...]
) -> None:
  old, new = dict(_flat(old)), dict(_flat(new))
  lines = []
  for name in dict.fromkeys([*old, *new]):
    if any(f'{name}.'.startswith(f'{i}.') for i in ignore):
      continue
    a, b = old.get(name, _ABSENT), new.get(name, _ABSENT)
    if not _same(a, b):
      lines.append(f'  {name}: {_shown(a)} -> {_shown(b)}')
  if lines:
    raise FvizError(
      f'{path} was made with another config (old -> new):\n'
      + '\n'.join(lines)
      + '\nUse another workdir, or the old config.'
    )


def _normalized(config: Mapping[str, Any]) -> dict:
  """The config as JSON gives it back: tuples are lists, keys are text."""
  if hasattr(config, 'to_dict'):  # ml_collections.ConfigDict.
    config = config.to_dict()
  try:
    return decode(encode(dict(config)))
  except TypeError as error:
    raise FvizError(f'The config does not fit in JSON: {error}.') from error


def _flat(tree: Any, prefix: str = '') -> Iterator[tuple[str, Any]]:
  """Pairs of dotted name and leaf; an empty dict is a leaf."""
  if not isinstance(tree, dict) or (not tree and prefix):
    yield prefix, tree
    return
  for key, value in tree.items():
    yield from _flat(value, f'{prefix}.{key}' if prefix else str(key))


def _same(a: Any, b: Any) -> bool:
  if a is _ABSENT or b is _ABSENT or isinstance(a, bool) != isinstance(b, bool):
    return a is b
  return a == b or encode(a) == encode(b)  # The second for NaN.


def _shown(value: Any) -> str:
  text = '(absent)' if value is _ABSENT else encode(value)
  return text if len(text) <= 200 else text[:200] + '…'


# Ledger lines.


def _line(record: Mapping[str, Any]) -> bytes:
  record = dict(record)
  try:
    line = encode(record).encode() + b'\n'
    _unit(decode(line))
  except (TypeError, ValueError) as error:
    raise FvizError(f'Not a ledger record: {error}.') from error
  if len(line) > _LINE_LIMIT:
    raise FvizError(
      f'A ledger record takes {len(line)} bytes, more than {_LINE_LIMIT}. '
      'Store arrays in files of their own.'
    )
  return line


def _is_number(value: Any) -> bool:
  if type(value) is int:
    return abs(value) < 2**63
  return value is None or type(value) is float


# What readers of ledgers compute with, where a record has it.
_FIELDS = {
  'failed': lambda value: type(value) is int,
  'activation': _is_number,
  'history': lambda value: (
    value is None or (isinstance(value, list) and all(map(_is_number, value)))
  ),
  'metrics': lambda value: (
    isinstance(value, dict)
    and all(isinstance(v, str) or _is_number(v) for v in value.values())
  ),
}


def _unit(record: Mapping[str, Any]) -> Unit:
  """The key of a record; FvizError where a field is missing or odd."""
  layer = record.get('layer')
  if not isinstance(layer, str):
    raise FvizError(f'layer is not a name: {layer!r:.200}')
  if not isinstance(record.get('file', ''), str):
    raise FvizError('file is not a path')
  for field, is_right in _FIELDS.items():
    if field in record and not is_right(record[field]):
      raise FvizError(f'odd {field}: {record[field]!r:.200}')
  return layer, _number(record.get('channel')), _number(record.get('variant'))


def _append(path: str, lines: bytes) -> None:
  descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
  try:
    _mend(descriptor, path)
    size = os.fstat(descriptor).st_size
    if os.write(descriptor, lines) < len(lines):
      os.ftruncate(descriptor, size)  # All or nothing.
      raise OSError('the disk is full')
    os.fsync(descriptor)
    if not size:
      _sync_directory(os.path.dirname(path))
  finally:
    os.close(descriptor)


def _mend(descriptor: int, path: str) -> None:
  """Ends the file at a line's end, so that the next record stands alone."""
  size = os.fstat(descriptor).st_size
  if not size or os.pread(descriptor, 1, size - 1) == b'\n':
    return
  with mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ) as view:
    start = view.rfind(b'\n') + 1
    last = view[start : start + _LINE_LIMIT + 1]
  if _parsed(last, path) is not None:
    os.write(descriptor, b'\n')
  else:
    os.ftruncate(descriptor, start)


def _records(path: pathlib.Path) -> Iterator[dict[str, Any]]:
  try:
    with path.open('rb') as file:
      while line := file.readline(_LINE_LIMIT + 1):
        too_long = len(line) > _LINE_LIMIT
        rest = line
        while too_long and rest and not rest.endswith(b'\n'):
          rest = file.readline(_LINE_LIMIT)
        if line.strip() and (record := _parsed(line, path)) is not None:
          yield record
  except OSError as error:
    _log.warning('Skipped %s: %s', path, error)


def _parsed(line: bytes, path: os.PathLike | str) -> dict[str, Any] | None:
  """The record of a line, or None and a warning."""
  try:
    if len(line) > _LINE_LIMIT:
      raise FvizError(f'longer than {_LINE_LIMIT} bytes')
    record = decode(line)
    _unit(record)
    return record
  except FvizError as error:
    _log.warning('Skipped a line of %s: %s: %.80r', path, error, line[:80])
    return None


# Small parts.


def _plain(value: Any) -> Any:
  if hasattr(value, 'tolist'):
    return value.tolist()
  raise TypeError(f'a {type(value).__name__} is no JSON: {value!r:.200}')


def _number(value: Any) -> int:
  """A count as an int; numpy integers too, but neither bools nor -1."""
  if isinstance(value, bool) or not hasattr(value, '__index__'):
    raise FvizError(f'Not a whole number: {value!r:.200}')
  value = value.__index__()
  if not 0 <= value < 2**63:
    raise FvizError(f'Out of range: {value!r:.200}')
  return value


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


def _is_whole_png(path: epath.Path) -> bool:
  """Looks at the two ends only: a cut file lacks its IEND."""
  try:
    with pathlib.Path(path).open('rb') as file:
      if file.read(len(_PNG_HEAD)) != _PNG_HEAD:
        return False
      file.seek(-len(_PNG_TAIL), os.SEEK_END)
      return file.read() == _PNG_TAIL
  except (OSError, ValueError):
    return False


def _write_local(temporary: str, path: str, data: bytes) -> None:
  try:
    with open(temporary, 'wb') as file:
      file.write(data)
      file.flush()
      os.fsync(file.fileno())
    os.replace(temporary, path)
  except BaseException:
    pathlib.Path(temporary).unlink(missing_ok=True)
    raise
  _sync_directory(os.path.dirname(path))


def _sync_directory(path: str) -> None:
  """Puts a new name on the disk, where the file system can."""
  try:
    descriptor = os.open(path or '.', os.O_RDONLY)
  except OSError:
    return
  try:
    os.fsync(descriptor)
  except OSError:
    pass
  finally:
    os.close(descriptor)
