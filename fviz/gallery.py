"""Pictures as files: PNGs that carry their record, and contact sheets."""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from etils import epath
from numpy.typing import ArrayLike
from PIL import Image, ImageDraw, ImageFont, PngImagePlugin

from fviz import workdir
from fviz.errors import FvizError

_KEY = 'fviz'  # The text chunk with the record.
_RECORD_LIMIT = 1 << 20  # Bytes; what Pillow reads back at most.
_BACKGROUND = (24, 24, 24)
_FAILED = (64, 64, 64)
_INK = (235, 235, 235)


def to_uint8(image: ArrayLike) -> np.ndarray:
  """An image as it can be shown.

  Args:
    image: [h, w] or [h, w, c], uint8, or float in [0, 1] (clipped; NaN is 0).

  Returns:
    uint8 [h, w, c] with c 1 (grey), 3 or 4 (with alpha). Of two channels the
    mean is shown, of five or more the first three.
  """
  image = np.asarray(image)
  image = image[..., None] if image.ndim == 2 else image
  if image.ndim != 3 or not image.size:
    raise FvizError(f'An image is [h, w, c], not {list(image.shape)}.')
  if image.dtype != np.uint8:
    image = _quantized(image)
  channels = image.shape[-1]
  if channels == 2:
    return np.uint8(image.mean(-1, keepdims=True) + 0.5)
  return image if channels in (1, 3, 4) else image[..., :3]


def stretched(image: ArrayLike) -> np.ndarray:
  """The most contrast about grey: .5 + d / (2 max |d|), d = image - .5.

  How Yosinski's toolbox shows pictures (saveimagescc), whose priors keep many
  of them faint.

  Args:
    image: [h, w, c] in [0, 1].

  >>> print(stretched([[[0.5], [0.6], [0.45]]]).ravel())
  [0.5  1.   0.25]
  """
  difference = np.asarray(image, np.float32) - 0.5
  most = np.abs(difference).max()
  return 0.5 + difference / (2 * max(most, 1e-12))


def save_png(
  path: epath.PathLike, image: ArrayLike, record: Mapping | None = None
) -> None:
  """Writes a PNG whole or not at all.

  Args:
    path: where; its directory is created.
    image: as in `to_uint8`.
    record: what made it, kept as JSON in the text chunk 'fviz'.
  """
  workdir.write(path, encode_png(image, record))


def encode_png(image: ArrayLike, record: Mapping | None = None) -> bytes:
  """The bytes of a PNG; see `save_png`."""
  info = None
  if record is not None:
    info = PngImagePlugin.PngInfo()
    info.add_text(_KEY, _record_text(record))
  buffer = io.BytesIO()
  _pil(to_uint8(image)).save(buffer, 'png', pnginfo=info)
  return buffer.getvalue()


def read_png(path: epath.PathLike) -> tuple[np.ndarray, dict[str, Any] | None]:
  """Reads a PNG from anywhere.

  Returns:
    (uint8 [h, w, c] with c 1, 3 or 4, its record or None).

  Raises:
    FvizError: no PNG, cut short, too large, or its record is not JSON.
  """
  try:
    data = epath.Path(path).read_bytes()
    with warnings.catch_warnings():
      # A bomb is an error, not a warning on the way to 179 megapixels.
      warnings.simplefilter('error', Image.DecompressionBombWarning)
      image, text = _decoded(data)
    return image, None if text is None else workdir.decode(text)
  except Exception as error:  # Pillow raises a dozen kinds on broken files.
    raise FvizError(
      f'Cannot read {path} as a PNG of fviz: {error}. Make it again.'
    ) from error


def pages(items: Sequence, per_page: int) -> list[Sequence]:
  """Cuts a sequence into pages.

  >>> pages('abcde', 2)
  ['ab', 'cd', 'e']
  """
  if per_page < 1:
    raise FvizError(f'A page holds at least 1 item, not {per_page}.')
  return [items[i : i + per_page] for i in range(0, len(items), per_page)]


def contact_sheet(
  images: Iterable[ArrayLike | None],
  captions: Sequence[str | int],
  columns: int | None = None,
  tile: int | tuple[int, int] | None = None,
  gap: int = 4,
) -> np.ndarray:
  """Many pictures on one, each with its caption below.

  Args:
    images: [h, w, c] each, as in `to_uint8`; None makes a tile 'failed'.
    captions: one an image; cut where they are wider than a tile.
    columns: tiles in a row; default about as many as rows.
    tile: side, or (height, width); default the largest image. Others are
      scaled to fit inside.
    gap: pixels between tiles and around.

  Returns:
    uint8 [height, width, 3].
  """
  # One transfer for an array on a device, rather than one an image.
  images = list(np.asarray(images) if hasattr(images, 'ndim') else images)
  captions = [str(caption) for caption in captions]
  _check(images, captions, columns, gap)
  images = [None if i is None else _rgb(to_uint8(i)) for i in images]
  height, width = _tile_size(images, tile)
  columns = columns or math.ceil(math.sqrt(len(images)))
  rows = math.ceil(len(images) / columns)
  font = _font(captions, width)
  line = math.ceil(sum(font.getmetrics())) if _has_text(captions) else 0
  cell = (height + line + gap, width + gap)
  size = (columns * cell[1] + gap, rows * cell[0] + gap)
  sheet = Image.new('RGB', size, _BACKGROUND)
  for i, (image, caption) in enumerate(zip(images, captions, strict=True)):
    left = gap + (i % columns) * cell[1]
    top = gap + (i // columns) * cell[0]
    sheet.paste(_tile(image, height, width, font), (left, top))
    _write_caption(sheet, caption, font, (left, top + height, width))
  return np.asarray(sheet)


def _has_text(captions: Iterable[str]) -> bool:
  """Whether any caption has text; without, tiles need no line for it."""
  return any(caption.strip() for caption in captions)


def _quantized(image: np.ndarray) -> np.ndarray:
  if image.dtype.kind in 'iucOSUmM':  # bfloat16's kind is V.
    raise FvizError(
      f'An image is uint8, or float in [0, 1], not {image.dtype}.'
    )
  image = np.nan_to_num(image.astype(np.float32), nan=0, posinf=1, neginf=0)
  return np.uint8(255 * np.clip(image, 0, 1) + 0.5)


def _record_text(record: Mapping) -> str:
  try:
    text = workdir.encode(dict(record))
  except (TypeError, ValueError) as error:
    raise FvizError(f'The record does not fit in JSON: {error}.') from error
  if len(text) > _RECORD_LIMIT:
    raise FvizError(
      f'The record takes {len(text)} bytes, more than {_RECORD_LIMIT}.'
    )
  return text


def _decoded(data: bytes) -> tuple[np.ndarray, str | None]:
  """(uint8 [h, w, c], text of the record), or one of Pillow's errors."""
  with Image.open(io.BytesIO(data), formats=['PNG']) as image:
    image.load()  # Also reads the text behind the pixels.
    text = image.text.get(_KEY)
    if image.mode not in ('L', 'RGB', 'RGBA'):
      image = image.convert('L' if image.mode == '1' else 'RGB')
    pixels = np.array(image)
  if text is not None and len(text) > _RECORD_LIMIT:
    raise FvizError(f'its record takes more than {_RECORD_LIMIT} bytes')
  return pixels[..., None] if pixels.ndim == 2 else pixels, text


def _pil(image: np.ndarray) -> Image.Image:
  """uint8 [h, w, 1 | 3 | 4] as Pillow's image."""
  image = np.ascontiguousarray(image)
  return Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)


def _rgb(image: np.ndarray) -> Image.Image:
  """uint8 [h, w, 1 | 3 | 4] as an RGB image, alpha over the background."""
  image = _pil(image)
  if image.mode != 'RGBA':
    return image.convert('RGB')
  below = Image.new('RGBA', image.size, _BACKGROUND)
  return Image.alpha_composite(below, image).convert('RGB')


def _check(images: list, captions: list, columns: int | None, gap: int) -> None:
  if not images:
    raise FvizError('A contact sheet needs at least one image.')
  if len(images) != len(captions):
    raise FvizError(
      f'{len(images)} images need as many captions, not {len(captions)}.'
    )
  if gap < 0 or (columns is not None and columns < 1):
    raise FvizError(f'columns > 0 and gap >= 0, not {columns} and {gap}.')


def _tile_size(images: list, tile: Any) -> tuple[int, int]:
  """(height, width) of a tile in pixels."""
  if tile is None:
    known = [i for i in images if i is not None]
    height = max((i.height for i in known), default=64)
    width = max((i.width for i in known), default=64)
  else:
    height, width = tile if isinstance(tile, Sequence) else (tile, tile)
  if height < 1 or width < 1:
    raise FvizError(f'A tile is at least 1 pixel, not {tile}.')
  return int(height), int(width)


def _font(captions: Iterable[str], width: int) -> Any:
  """The largest of a few sizes at which every caption fits, else the least."""
  for size in (14, 12, 11, 10, 9):
    font = ImageFont.load_default(size=size)
    if all(font.getlength(caption) <= width for caption in captions):
      break
  return font


def _tile(
  image: Image.Image | None, height: int, width: int, font: Any
) -> Image.Image:
  """An image in the middle of its tile."""
  if image is None:
    tile = Image.new('RGB', (width, height), _FAILED)
    draw = ImageDraw.Draw(tile)
    text = _shortened('failed', font, width)
    draw.text((width / 2, height / 2), text, _INK, font, anchor='mm')
    return tile
  scale = min(height / image.height, width / image.width)
  size = (
    max(1, min(width, round(image.width * scale))),
    max(1, min(height, round(image.height * scale))),
  )
  if size != image.size:
    image = image.resize(size, Image.Resampling.LANCZOS)
  tile = Image.new('RGB', (width, height), _BACKGROUND)
  tile.paste(image, ((width - size[0]) // 2, (height - size[1]) // 2))
  return tile


def _write_caption(
  sheet: Image.Image, caption: str, font: Any, place: tuple[int, int, int]
) -> None:
  left, top, width = place
  caption = _shortened(' '.join(caption.split()), font, width)
  draw = ImageDraw.Draw(sheet)
  draw.text((left + width / 2, top), caption, _INK, font, anchor='ma')


def _shortened(text: str, font: Any, width: int) -> str:
  """The text, or as much of its start as fits before an ellipsis."""
  if font.getlength(text) <= width:
    return text
  kept = text[:200]  # A hostile caption costs no quadratic time.
  while kept and font.getlength(kept + '…') > width:
    kept = kept[:-1]
  return kept + '…' if kept else ''
