"""Event files as TensorBoard reads them: checked records, one after another.

Written at once and by ourselves: tensorboard's own writer does it in a thread,
where a full disk is an exception that nobody catches, and computes checksums in
Python, a byte at a time.
"""

import itertools
import os
import pathlib
import socket
import struct
import time

import google_crc32c

from fviz.storage import atomic_files

_MASK = 0xA282EAD8  # Of TFRecord files.
_LATEST = 9_999_999_999  # Seconds that fit a name: the year 2286.
_count = itertools.count()


class File:
  """A new event file in a directory, which is created."""

  def __init__(self, logdir: str):
    pathlib.Path(logdir).mkdir(parents=True, exist_ok=True)
    self.path = os.path.join(logdir, _name(logdir))
    flags = atomic_files.APPENDING | os.O_EXCL
    self._descriptor = os.open(self.path, flags, 0o644)

  def add(self, event: bytes) -> None:
    """Appends a record, all of it or nothing; OSError on a full disk."""
    size = struct.pack('<Q', len(event))
    data = size + _checksum(size) + event + _checksum(event)
    atomic_files.append(self._descriptor, data)

  def sync(self) -> None:
    """Returns when all of it is on the disk."""
    os.fsync(self._descriptor)

  def close(self) -> None:
    """A second time does nothing."""
    if self._descriptor >= 0:
      os.close(self._descriptor)
    self._descriptor = -1


def _checksum(data: bytes) -> bytes:
  """CRC-32C, masked: data that holds its own checksums makes weak ones."""
  crc = google_crc32c.value(data)
  return struct.pack('<I', ((crc >> 15 | crc << 17) + _MASK) & 0xFFFFFFFF)


def _name(logdir: str) -> str:
  """A name that sorts after what is there, even if the clock was put back."""
  now = int(time.time())
  for file in pathlib.Path(logdir).glob('events.out.tfevents.*'):
    stamp = file.name.split('.')[3]
    if stamp.isascii() and stamp.isdigit() and len(stamp) == 10:
      now = max(now, min(int(stamp) + 1, _LATEST))
  host, process = socket.gethostname(), os.getpid()
  return f'events.out.tfevents.{now:010d}.{host}.{process}.{next(_count)}'
