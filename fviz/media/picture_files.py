"""Pictures as files that carry their recipe, written whole or not at all."""

from __future__ import annotations

import io
import os
import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image

from fviz.errors import FvizError, unknown
from fviz.media import png
from fviz.storage import atomic_files, plain_json

# What can be written, and what can hold transparency.
_SUFFIXES = {'.png': True, '.jpg': False, '.jpeg': False, '.webp': True}
DESCRIPTION = 0x010E  # EXIF ImageDescription: where WebP keeps the record.
_COMMENT_LIMIT = 65_000  # Bytes; a JPEG segment holds 65 533.


def is_picture(path: str | os.PathLike) -> bool:
  """Whether `write` knows the format, by the name."""
  return pathlib.Path(path).suffix.lower() in _SUFFIXES


def check_output(path: str | os.PathLike, alpha: bool = False) -> None:
  """Refuses a path that `write` could not serve, before any work.

  Raises:
    FvizError: an unknown suffix, a directory, no permission, or transparency
      in a format that has none.
  """
  path = pathlib.Path(path)
  suffix = path.suffix.lower()
  if suffix not in _SUFFIXES:
    raise unknown('picture format', suffix or str(path), _SUFFIXES)
  if alpha and not _SUFFIXES[suffix]:
    raise FvizError(
      f'{path}: {suffix} has no transparency, which the photo has: write a '
      '.png, or flatten the photo first.'
    )
  check_writable(path)


def check_writable(path: str | os.PathLike) -> None:
  """Refuses a path where no file can be made or replaced."""
  path = pathlib.Path(path)
  if path.is_dir():
    raise FvizError(f'{path} is a directory: give the name of a file.')
  folder = path.absolute().parent
  while not folder.exists() and folder != folder.parent:
    folder = folder.parent
  if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
    raise FvizError(
      f'Cannot write {path}: {folder} is no directory that we may write to. '
      'Choose another place.'
    )


def write(
  path: str | os.PathLike,
  image: ArrayLike,
  record: Mapping[str, Any] | None = None,
  alpha: np.ndarray | None = None,
) -> None:
  """Writes a picture whole or not at all, its record in the metadata.

  Args:
    path: .png (record in a text chunk), .jpg (comment) or .webp (EXIF).
    image: [h, w, 3] in [0, 1], or uint8.
    record: what made it; `read_record` gives it back.
    alpha: [h, w] in [0, 1].
  """
  check_output(path, alpha is not None)
  pixels = png.to_uint8(image)
  if alpha is not None:
    pixels = np.dstack([pixels, png.to_uint8(alpha)])
  if pathlib.Path(path).suffix.lower() == '.png':
    png.save(path, pixels, record)
    return
  atomic_files.write(path, _encoded(path, pixels, record))


def _encoded(path, pixels: np.ndarray, record) -> bytes:
  text = b'' if record is None else plain_json.encode(dict(record)).encode()
  if len(text) > _COMMENT_LIMIT:
    raise FvizError(f'The record takes {len(text)} bytes: write a .png.')
  squeezed = pixels[..., 0] if pixels.shape[-1] == 1 else pixels
  image, buffer = Image.fromarray(squeezed), io.BytesIO()
  if pathlib.Path(path).suffix.lower() == '.webp':
    exif = Image.Exif()
    if text:
      exif[DESCRIPTION] = text.decode()
    image.save(buffer, 'webp', quality=95, exif=exif)
  else:
    image.save(buffer, 'jpeg', quality=95, subsampling=0, comment=text)
  return buffer.getvalue()
