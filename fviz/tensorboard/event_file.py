"""Event files as TensorBoard reads them: checked records, one after another.

Written at once and by ourselves: tensorboard's own writer does it in a thread,
where a full disk is an exception that nobody catches, and takes 0.2 seconds for
the checksum of a megabyte.
"""

from __future__ import annotations

import functools
import itertools
import os
import pathlib
import socket
import struct
import time

import numpy as np

from fviz.storage import atomic_files

_CASTAGNOLI = 0x82F63B78  # RFC 3720, appendix B.4, bits reversed.
_MASK = 0xA282EAD8  # Of TFRecord files.
_LANES = 4096  # Parts of a long text whose checksums are taken side by side.
_BITS = np.arange(32, dtype=np.uint32)
_LATEST = 9_999_999_999  # Seconds that fit a name: the year 2286.
_count = itertools.count()


class File:
  """A new event file in a directory, which is created."""

  def __init__(self, logdir: str):
    pathlib.Path(logdir).mkdir(parents=True, exist_ok=True)
    self.path = os.path.join(logdir, _name(logdir))
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
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


def crc32c(data: bytes) -> int:
  """The checksum of RFC 3720.

  >>> hex(crc32c(b'123456789'))
  '0xe3069283'
  """
  state, width = 0xFFFFFFFF, len(data) // _LANES
  table = _table()
  if width > 1:
    # A lane starts from zero, as checksums of parts add up: crc(ab) is crc(a)
    # moved on by the length of b, xor crc(b) from zero.
    lanes = np.frombuffer(data, np.uint8, width * _LANES).reshape(_LANES, width)
    states = np.zeros(_LANES, np.uint32)
    states[0] = state
    for column in np.ascontiguousarray(lanes.T):
      states = table[(states ^ column) & 255] ^ (states >> 8)
    state = int(_joined(states, _moved(width)))
    data = data[width * _LANES :]
  table = table.tolist()
  for byte in data:
    state = table[(state ^ byte) & 255] ^ (state >> 8)
  return state ^ 0xFFFFFFFF


def _checksum(data: bytes) -> bytes:
  """Masked, as checksums of texts with checksums in them are weak."""
  crc = crc32c(data)
  return struct.pack('<I', ((crc >> 15 | crc << 17) + _MASK) & 0xFFFFFFFF)


def _joined(states: np.ndarray, moved: np.ndarray) -> np.uint32:
  """One state of those of equal parts in a row: pairs, pairs of pairs, ..."""
  while len(states) > 1:
    states = _apply(moved, states[::2]) ^ states[1::2]
    moved = _apply(moved, moved)
  return states[0]


@functools.cache
def _moved(width: int) -> np.ndarray:
  """What `width` zero bytes make of each bit of a state: uint32 [32]."""
  one = np.uint32(1) << _BITS
  power = _table()[one & 255] ^ (one >> 8)
  total = one
  while width:
    if width & 1:
      total = _apply(power, total)
    power, width = _apply(power, power), width >> 1
  return total


def _apply(operator: np.ndarray, states: np.ndarray) -> np.ndarray:
  """A linear map over bits, given by what it makes of each: [32] on [n]."""
  bits = states[:, None] >> _BITS & 1
  return np.bitwise_xor.reduce(bits * operator, axis=1)


@functools.cache
def _table() -> np.ndarray:
  table = np.arange(256, dtype=np.uint32)
  for _ in range(8):
    table = np.where(table & 1, table >> 1 ^ np.uint32(_CASTAGNOLI), table >> 1)
  return table


def _name(logdir: str) -> str:
  """Later by name than what is there: a clock may have been put back."""
  now = int(time.time())
  for file in pathlib.Path(logdir).glob('events.out.tfevents.*'):
    stamp = file.name.split('.')[3]
    if stamp.isascii() and stamp.isdigit() and len(stamp) == 10:
      now = max(now, min(int(stamp) + 1, _LATEST))
  host, process = socket.gethostname(), os.getpid()
  return f'events.out.tfevents.{now:010d}.{host}.{process}.{next(_count)}'
