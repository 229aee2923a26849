"""Contact sheets: many pictures on one, each with its caption below."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image, ImageDraw, ImageFont

from fviz.errors import FvizError
from fviz.media import png

_BACKGROUND = (24, 24, 24)
_FAILED = (64, 64, 64)
_INK = (235, 235, 235)


def pages(items: Sequence, per_page: int) -> list[Sequence]:
  """Cuts a sequence into pages.

  >>> pages('abcde', 2)
  ['ab', 'cd', 'e']
  """
  if per_page < 1:
    raise FvizError(f'A page holds at least 1 item, not {per_page}.')
  return [items[i : i + per_page] for i in range(0, len(items), per_page)]


def draw(
  images: Iterable[ArrayLike | None],
  captions: Sequence[str | int],
  columns: int | None = None,
  tile: int | tuple[int, int] | None = None,
  gap: int = 4,
) -> np.ndarray:
  """Many pictures on one, each with its caption below.

  Args:
    images: [h, w, c] each, as in `png.to_uint8`; None makes a tile 'failed'.
    captions: one an image; cut where they are wider than a tile.
    columns: tiles in a row; default about as many as rows.
    tile: side, or (height, width); default the largest image. Others are
      scaled to fit inside.
    gap: pixels between tiles and around.

  Returns:
    uint8 [height, width, 3].
  """
  # One transfer for an array on a device, rather than one an image.
  given = list(np.asarray(images) if hasattr(images, 'ndim') else images)
  texts = [str(caption) for caption in captions]
  _check(given, texts, columns, gap)
  tiles = [None if i is None else _rgb(png.to_uint8(i)) for i in given]
  height, width = _tile_size(tiles, tile)
  columns = columns or math.ceil(math.sqrt(len(tiles)))
  rows = math.ceil(len(tiles) / columns)
  font = _font(texts, width)
  has_text = any(text.strip() for text in texts)
  line = math.ceil(sum(font.getmetrics())) if has_text else 0
  cell = (height + line + gap, width + gap)
  size = (columns * cell[1] + gap, rows * cell[0] + gap)
  sheet = Image.new('RGB', size, _BACKGROUND)
  for i, (image, text) in enumerate(zip(tiles, texts, strict=True)):
    left = gap + (i % columns) * cell[1]
    top = gap + (i // columns) * cell[0]
    sheet.paste(_tile(image, height, width, font), (left, top))
    middle, shown = left + width / 2, _shortened(text, font, width)
    draw = ImageDraw.Draw(sheet)
    draw.text((middle, top + height), shown, _INK, font, anchor='ma')
  return np.asarray(sheet)


def _rgb(pixels: np.ndarray) -> Image.Image:
  """uint8 [h, w, 1 | 3 | 4] as an RGB image, alpha over the background."""
  image = png.to_pil(pixels)
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
    sizes = [image.size for image in images if image is not None]
    width, height = np.max(sizes or [(64, 64)], axis=0)
  else:
    height, width = tile if isinstance(tile, Sequence) else (tile, tile)
  if height < 1 or width < 1:
    raise FvizError(f'A tile is at least 1 pixel, not {tile}.')
  return int(height), int(width)


def _font(captions: Iterable[str], width: int) -> Any:
  """The largest of a few sizes at which every caption fits, else the least.

  A sheet is mostly seen scaled down: captions are a sixth of a tile high.
  """
  for size in (max(14, width // 6), 14, 12, 11, 10, 9):
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
    draw, text = ImageDraw.Draw(tile), _shortened('failed', font, width)
    draw.text((width / 2, height / 2), text, _INK, font, anchor='mm')
    return tile
  scale = min(height / image.height, width / image.width)
  w = max(1, min(width, round(image.width * scale)))
  h = max(1, min(height, round(image.height * scale)))
  if (w, h) != image.size:
    image = image.resize((w, h), Image.Resampling.LANCZOS)
  tile = Image.new('RGB', (width, height), _BACKGROUND)
  tile.paste(image, ((width - w) // 2, (height - h) // 2))
  return tile


def _shortened(text: str, font: Any, width: int) -> str:
  """A text on one line, or as much of it as fits before an ellipsis."""
  text = ' '.join(text.split())
  if font.getlength(text) <= width:
    return text
  kept = text[:200]  # A hostile caption costs no quadratic time.
  while kept and font.getlength(kept + '…') > width:
    kept = kept[:-1]
  return kept + '…' if kept else ''
