"""The ledger: appended whole, on the disk at once, read with care.

A million lines must neither fill the memory nor the evening: an index holds
where a unit's line is, about 200 bytes a unit, and reads the line when asked.
"""

import logging
import mmap
import os
import pathlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, BinaryIO

from fviz.errors import FvizError
from fviz.storage import atomic_files, ledger_lines
from fviz.storage.ledger_lines import Unit

_log = logging.getLogger(__name__)

_WARNINGS = 10  # Broken lines of a ledger that are named one by one.
_VARIANT = (1 << 64) - 1
_LEDGER = (1 << 32) - 1


def append(path: str, lines: bytes) -> None:
  """Adds whole lines to a ledger, all or none; on the disk on return."""
  descriptor = os.open(path, atomic_files.APPENDING, 0o644)
  try:
    if size := os.fstat(descriptor).st_size:
      _mend(descriptor)
    atomic_files.append(descriptor, lines)
    os.fsync(descriptor)
    if not size:
      atomic_files.sync_directory(os.path.dirname(path))
  finally:
    os.close(descriptor)


class Index(Mapping[Unit, dict[str, Any]]):
  """Unit -> its last record in some ledgers, for units that are done.

  Args:
    find: gives the paths of the ledgers.
    is_done: (unit, record) -> whether the picture of the record is there.

  Attributes:
    failed: the units whose record says so.
    undone: the units that have a record but no picture.
  """

  def __init__(
    self,
    find: Callable[[], Iterable[pathlib.Path]],
    is_done: Callable[[Unit, dict[str, Any]], bool],
  ):
    self._find, self._is_done = find, is_done
    # Plain numbers, as a million tuples would burden the garbage collector:
    # layer -> channel and variant -> place and ledger.
    self._places: dict[str, dict[int, int]] = {}
    self._ledgers: list[pathlib.Path] = []
    self._ends: list[int] = []  # How far each has been read.
    self.failed: set[Unit] = set()
    self.undone: set[Unit] = set()
    self.refresh()

  def refresh(self) -> None:
    """Reads what this process and others have appended since."""
    new = [path for path in self._find() if path not in self._ledgers]
    self._ledgers += new
    self._ends += [0] * len(new)
    for number, path in enumerate(self._ledgers):
      for begin, end, found in _read(path, self._ends[number]):
        self._ends[number] = end
        if found is not None:
          self._note(*found, begin << 32 | number)

  def __getitem__(self, unit: Unit) -> dict[str, Any]:
    layer, channel, variant = unit
    place = self._places[layer][channel << 64 | variant]
    path = self._ledgers[place & _LEDGER]
    try:
      with path.open('rb') as file:
        file.seek(place >> 32)
        line = file.readline(ledger_lines.LINE_LIMIT + 1)
      return ledger_lines.from_line(line)[1]
    except (OSError, FvizError) as error:  # Changed since it was read.
      raise KeyError(unit) from error

  def __contains__(self, unit: object) -> bool:
    if not isinstance(unit, tuple) or len(unit) != 3:
      return False
    layer, channel, variant = unit
    try:
      return channel << 64 | variant in self._places[layer]
    except (KeyError, TypeError):
      return False

  def __iter__(self) -> Iterator[Unit]:
    for layer, places in self._places.items():
      for key in places:
        yield layer, key >> 64, key & _VARIANT

  def __len__(self) -> int:
    return sum(map(len, self._places.values()))

  def _note(self, unit: Unit, record: dict[str, Any], place: int) -> None:
    layer, channel, variant = unit
    key, places = channel << 64 | variant, self._places.setdefault(layer, {})
    self.failed.discard(unit)
    self.undone.discard(unit)
    if self._is_done(unit, record):
      places[key] = place
      if record.get('failed', -1) >= 0:
        self.failed.add(unit)
    else:
      places.pop(key, None)
      self.undone.add(unit)


def _read(
  path: pathlib.Path, begin: int
) -> Iterator[tuple[int, int, tuple[Unit, dict[str, Any]] | None]]:
  """Where each line begins, where to read on, and what it holds or None."""
  broken = 0
  try:
    with path.open('rb') as file:
      file.seek(begin)
      for line, size in _lines(file):
        # One without an end may yet get it.
        end = begin + size if line.endswith(b'\n') else begin
        try:
          yield begin, end, ledger_lines.from_line(line)
        except FvizError as error:
          yield begin, end, None
          broken += bool(line.strip())
          if line.strip() and broken <= _WARNINGS:
            _log.warning(
              'Skipped a line of %s: %s: %.80r', path, error, line[:80]
            )
        begin += size
  except OSError as error:
    _log.warning('Skipped %s: %s', path, error)
  if broken > _WARNINGS:
    _log.warning('Skipped %d broken lines of %s.', broken, path)


def _lines(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
  """Lines and their sizes; of one that is too long, its start."""
  while line := file.readline(ledger_lines.LINE_LIMIT + 1):
    size, rest = len(line), line
    while len(line) > ledger_lines.LINE_LIMIT and not rest.endswith(b'\n'):
      rest = file.readline(ledger_lines.LINE_LIMIT)
      size += len(rest)
      if not rest:
        break
    yield line, size


def _mend(descriptor: int) -> None:
  """Ends a file at a line's end, so that the next record stands alone."""
  os.lseek(descriptor, -1, os.SEEK_END)
  if os.read(descriptor, 1) == b'\n':
    return
  with mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ) as view:
    start = view.rfind(b'\n') + 1
    last = view[start : start + ledger_lines.LINE_LIMIT + 1]
  try:
    ledger_lines.from_line(last)
  except FvizError as error:
    _log.warning('Cut off half a line of the ledger: %s: %.80r', error, last)
    os.ftruncate(descriptor, start)
  else:
    os.write(descriptor, b'\n')
