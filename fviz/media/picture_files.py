"""Pictures as files that carry their recipe, written whole or not at all."""

import io
import os
import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fviz import checks
from fviz.errors import FvizError, unknown
from fviz.media import metadata, png
from fviz.storage import atomic_files
from fviz.storage.outputs import check_writable

# What can be written, and what can hold transparency.
_SUFFIXES = {'.png': True, '.jpg': False, '.jpeg': False, '.webp': True}
_QUALITY: dict[str, dict[str, int]] = {
  'png': {},
  'jpeg': {'quality': 95, 'subsampling': 0},
  'webp': {'quality': 95},
}


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


def write(
  path: str | os.PathLike,
  image: ArrayLike,
  record: Mapping[str, Any] | None = None,
  alpha: np.ndarray | None = None,
) -> None:
  """Writes a picture whole or not at all, its record in the metadata.

  Args:
    path: .png, .jpg, .jpeg or .webp.
    image: [h, w, c] in [0, 1], or uint8; c is 1, 3 or 4.
    record: what made it; `photos.read_record` gives it back.
    alpha: [h, w] in [0, 1].
  """
  check_output(path, alpha is not None)
  image = checks.images('The picture', image, 'h w c')
  if image.shape[-1] not in (1, 3, 4):
    raise FvizError(
      f'The picture has {image.shape[-1]} channels: files have 1 (grey), 3, or '
      '4 with transparency.'
    )
  pixels = png.to_uint8(image)
  if alpha is not None:
    pixels = np.dstack([pixels, png.to_uint8(alpha)])
  kind = pathlib.Path(path).suffix.lower().strip('.').replace('jpg', 'jpeg')
  buffer, options = io.BytesIO(), metadata.options(kind, record)
  png.to_pil(pixels).save(buffer, kind, **_QUALITY[kind], **options)
  atomic_files.write(path, buffer.getvalue())
