"""Files that are whole or not there, whatever happens meanwhile."""

import contextlib
import os
import pathlib
import re
import struct
import uuid
import zlib
from collections.abc import Iterable
from typing import BinaryIO

from etils import epath

from fviz import errors

# For os.open: without the last, Windows writes \r\n for \n.
APPENDING = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, 'O_BINARY', 0)
_TEMPORARY = re.compile(r'\.[0-9a-f]{32}\.tmp')
_PNG = b'\x89PNG\r\n\x1a\n'
_PIECE = 1 << 20  # Bytes read at once.


def write(path: epath.PathLike, data: bytes) -> None:
  """Writes a file whole or not at all, creating its directory."""
  path = epath.Path(path)
  # A name of its own: two processes may write the same path.
  temporary = path.parent / f'.{uuid.uuid4().hex}.tmp'
  with errors.explained(
    f'Cannot write {path}',
    'Check the permissions and the free space, or choose another directory.',
  ):
    path.parent.mkdir(parents=True, exist_ok=True)
    if '://' in os.fspath(path):
      temporary.write_bytes(data)
      temporary.replace(path)
    else:
      _write_local(os.fspath(temporary), os.fspath(path), data)


def append(descriptor: int, data: bytes) -> None:
  """Adds to a file opened as `APPENDING`; an OSError leaves it as it was."""
  size = os.fstat(descriptor).st_size
  try:
    while data:
      data = data[os.write(descriptor, data) :]
  except BaseException:
    os.ftruncate(descriptor, size)
    raise


def remove_temporary(folders: Iterable[epath.PathLike]) -> None:
  """Removes what killed processes left behind; nobody may be writing."""
  for folder in folders:
    # Where a folder is missing or not ours they do no harm.
    with contextlib.suppress(OSError):
      with os.scandir(folder) as found:
        left = [e.path for e in found if _TEMPORARY.fullmatch(e.name)]
      for path in left:
        os.unlink(path)


def is_whole_png(path: epath.PathLike) -> bool:
  """Whether a file is a PNG from its first to its last checksum."""
  try:
    with open(path, 'rb') as file:
      begin = file.read(16)
      file.seek(8)
      is_png = begin[:8] == _PNG and begin[12:] == b'IHDR'
      return is_png and _has_whole_chunks(file)
  except OSError:
    return False


def sync_directory(path: str) -> None:
  """Puts a new name on the disk, where the file system can."""
  with contextlib.suppress(OSError):
    descriptor = os.open(path or '.', os.O_RDONLY)
    try:
      os.fsync(descriptor)
    finally:
      os.close(descriptor)


def _has_whole_chunks(file: BinaryIO) -> bool:
  """Piece by piece: a chunk may claim two gigabytes."""
  while len(head := file.read(8)) == 8:
    size, kind = struct.unpack('>I4s', head)
    checksum = zlib.crc32(kind)
    while size and (piece := file.read(min(size, _PIECE))):
      checksum, size = zlib.crc32(piece, checksum), size - len(piece)
    if size or file.read(4) != struct.pack('>I', checksum):
      return False
    if kind == b'IEND':
      return not file.read(1)
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
  sync_directory(os.path.dirname(path))
