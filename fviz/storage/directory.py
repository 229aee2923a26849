"""Where the files of a run lie: paths that never leave its directory.

Names of layers and paths in ledgers come from strangers.
"""

import os
import pathlib
import re
import stat
from collections.abc import Iterable, Mapping
from typing import Any

from etils import epath

from fviz.errors import FvizError
from fviz.storage import ledger_lines

_DEVICES = ('CON', 'PRN', 'AUX', 'NUL') + tuple(
  f'{port}{n}' for port in ('COM', 'LPT') for n in range(1, 10)
)
FOLDERS = ('images', 'films', 'gallery', 'frames')
# What stands in names of layers, but not in names of folders.
_SEPARATORS = {'posix': re.compile('/'), 'nt': re.compile(r'[/\\<>:"|?*]')}


class Directory:
  """The directory of a run; `path` is absolute."""

  def __init__(self, path: epath.Path):
    self.path = path
    self._root = pathlib.Path(path).resolve()
    self._inside: dict[str, str] = {}  # Folders that are inside, resolved.

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
    """images/<layer>/<channel>-<variant>.png, with '.' for '/' in the layer."""
    return self.path / _file('images', layer, channel, variant)

  def film_path(self, layer: str, channel: int, variant: int) -> epath.Path:
    """films/<layer>/<channel>-<variant>.png: the snapshots of a unit."""
    return self.path / _file('films', layer, channel, variant)

  def gallery_path(self, layer: str, page: int, step: int) -> epath.Path:
    """gallery/<layer>/<page>-<step>.png."""
    return self.path / _file('gallery', layer, page, step, (3, 6))

  def stamp(self, file: str) -> list[int] | None:
    """[bytes, nanoseconds] of a file in here; None for a link or the like."""
    folder, slash, name = file.replace(os.sep, '/').rpartition('/')
    folder = folder or slash  # '/' stays what it is: outside.
    if folder not in self._inside:
      self._inside[folder] = os.fspath(self.resolve(folder))
    found = os.lstat(f'{self._inside[folder]}/{name}')
    if not stat.S_ISREG(found.st_mode):
      return None
    return [found.st_size, found.st_mtime_ns]


def check_folders(layers: Iterable[str]) -> None:
  """Refuses layers of one run that would share a folder, before any work.

  Names that differ in upper and lower case only are one on some systems.

  Raises:
    FvizError: two layers share one, or a name cannot be that of a folder.
  """
  folders: dict[str, str] = {}
  for layer in layers:
    other = folders.setdefault(_folder(layer).casefold(), layer)
    if other != layer:
      raise FvizError(
        f'The layers {other!r} and {layer!r} would share the folder '
        f'{_folder(layer)!r}, and one would replace the pictures of the other: '
        'render them in two runs, with a working directory each.'
      )


def picture(unit: ledger_lines.Unit, record: Mapping[str, Any]) -> str:
  """The picture of a record, relative to the directory."""
  return record.get('file') or _file('images', *unit)


def _file(folder: str, layer: str, a: int, b: int, digits=(4, 2)) -> str:
  """<folder>/<layer>/<a>-<b>.png, the numbers with leading zeros."""
  numbers = zip((a, b), digits, strict=True)
  name = '-'.join(f'{ledger_lines.count(n):0{d}d}' for n, d in numbers)
  return f'{folder}/{_folder(layer)}/{name}.png'


def _folder(layer: str, system: str = os.name) -> str:
  """The folder of a layer: one plain name, never a way out."""
  name = _SEPARATORS[system].sub('.', layer)
  length = len(name.encode(errors='replace'))
  # Not printable: NUL, and half of a surrogate pair.
  if not name or name[0] == '.' or not name.isprintable() or length > 200:
    raise FvizError(
      f'The layer name {layer!r:.200} cannot name a folder: 1 to 200 printable '
      'bytes, and neither a dot nor a slash first.'
    )
  return name if system != 'nt' else _for_windows(name)


def _for_windows(name: str) -> str:
  """A name without those of devices, and without dots and blanks at its end."""
  whole = name.rstrip('. ')
  name = whole if whole == name else f'{whole}_'
  # Whatever follows a dot, it is the device.
  return f'_{name}' if name.partition('.')[0].upper() in _DEVICES else name
