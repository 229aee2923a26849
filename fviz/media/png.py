"""PNGs that carry their record, written whole and read with care."""

import io
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from etils import epath
from numpy.typing import ArrayLike
from PIL import Image

from fviz.errors import FvizError
from fviz.media import metadata
from fviz.storage import atomic_files, plain_json


def to_uint8(image: ArrayLike) -> np.ndarray:
  """An image as it can be shown.

  Args:
    image: [h, w] or [h, w, c], uint8, or float in [0, 1] (clipped; NaN is 0).

  Returns:
    uint8 [h, w, c] with c 1 (grey), 3 or 4 (with alpha). Two channels are
    shown by their mean, five or more by the first three.
  """
  image = np.asarray(image)
  image = image[..., None] if image.ndim == 2 else image
  if image.ndim != 3 or not image.size:
    raise FvizError(f'An image is [h, w, c], not {list(image.shape)}.')
  if image.dtype != np.uint8:
    image = _quantized(image)
  channels = image.shape[-1]
  if channels == 2:
    return (image.mean(-1, keepdims=True) + 0.5).astype(np.uint8)
  return image if channels in (1, 3, 4) else image[..., :3]


def stretched(image: ArrayLike) -> np.ndarray:
  """The most contrast about grey: .5 + d / (2 max |d|), d = image - .5.

  Yosinski's toolbox shows pictures so (saveimagescc), as its priors leave many
  of them faint.

  Args:
    image: [h, w, c] in [0, 1].

  >>> print(stretched([[[0.5], [0.6], [0.45]]]).ravel())
  [0.5  1.   0.25]
  """
  difference = np.asarray(image, np.float32) - 0.5
  most = np.abs(difference).max()
  return 0.5 + difference / (2 * max(most, 1e-12))


def save(
  path: epath.PathLike, image: ArrayLike, record: Mapping | None = None
) -> None:
  """Writes a PNG whole or not at all, with the directory that it lies in.

  The image is as in `to_uint8`. The record is what made it, and is kept as JSON
  in the text chunk 'fviz'.
  """
  atomic_files.write(path, encode(image, record))


def encode(image: ArrayLike, record: Mapping | None = None) -> bytes:
  """The bytes of a PNG; see `save`."""
  buffer, options = io.BytesIO(), metadata.options('png', record)
  to_pil(to_uint8(image)).save(buffer, 'png', **options)
  return buffer.getvalue()


def read(path: epath.PathLike) -> tuple[np.ndarray, dict[str, Any] | None]:
  """Reads a PNG from anywhere.

  Returns:
    (uint8 [h, w, c] with c 1, 3 or 4, its record or None).

  Raises:
    FvizError: no PNG, cut short, too large, or its record is not JSON.
  """
  try:
    data = io.BytesIO(epath.Path(path).read_bytes())
    with warnings.catch_warnings():
      # A bomb is an error, not a warning on the way to 179 megapixels.
      warnings.simplefilter('error', Image.DecompressionBombWarning)
      with Image.open(data, formats=['PNG']) as image:
        image.load()  # Also reads the text behind the pixels.
        text = metadata.of_picture(image)
        if image.mode not in ('L', 'RGB', 'RGBA'):
          image = image.convert('L' if image.mode == '1' else 'RGB')
        pixels = np.array(image)
    pixels = pixels[..., None] if pixels.ndim == 2 else pixels
    return pixels, None if text is None else plain_json.decode(text)
  except Exception as error:  # Pillow raises a dozen kinds on broken files.
    raise FvizError(
      f'Cannot read {path} as a PNG of fviz: {error}. Make it again.'
    ) from error


def _quantized(image: np.ndarray) -> np.ndarray:
  if image.dtype.kind in 'iucOSUmM':  # bfloat16's kind is V.
    raise FvizError(
      f'An image is uint8, or float in [0, 1], not {image.dtype}.'
    )
  image = np.nan_to_num(image.astype(np.float32), nan=0, posinf=1, neginf=0)
  return (255 * np.clip(image, 0, 1) + 0.5).astype(np.uint8)


def to_pil(image: np.ndarray) -> Image.Image:
  """uint8 [h, w, 1 | 3 | 4] as Pillow's image."""
  image = np.ascontiguousarray(image)
  return Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)
