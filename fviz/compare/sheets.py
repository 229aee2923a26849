"""The sheet of a comparison: rows are candidates, columns are units."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from etils import epath
from PIL import Image, ImageDraw, ImageFont

from fviz.media import contact_sheet

_TILE = 96  # Pixels of a picture, at most.


def draw(
  names: Sequence[str],
  pictures: Sequence[Sequence[np.ndarray | None]],
  captions: Sequence[str],
) -> np.ndarray:
  """A sheet with the candidates' names at the left, uint8 [height, width, 3].

  Args:
    names: of the candidates, from the top down.
    pictures: candidates x units, [h, w, c] each; None of one that failed.
    captions: of the units.
  """
  known = [p for row in pictures for p in row if p is not None]
  tile = min(_TILE, max((max(p.shape[:2]) for p in known), default=_TILE))
  tiles, texts = [], []
  for name, row in zip(names, pictures, strict=True):
    tiles += [_label(name, max(tile, 64)), *row]
    texts += ['', *captions]
  return contact_sheet.draw(tiles, texts, len(captions) + 1, tile)


def path_in(directory: epath.Path) -> epath.Path:
  """Where a comparison's directory has the sheet of the finished pictures."""
  return directory / 'gallery' / 'comparison.png'


def _label(name: str, side: int) -> np.ndarray:
  """A tile with a candidate's name, broken where it does not fit."""
  font = ImageFont.load_default(size=11)
  lines, line = [], ''
  for word in name.replace('_', '_\0').replace('-', '-\0').split('\0'):
    if line and font.getlength(line + word) > side - 4:
      lines.append(line)
      line = ''
    line += word
  tile = Image.new('RGB', (side, side), (24, 24, 24))
  text = '\n'.join([*lines, line])
  draw = ImageDraw.Draw(tile)
  draw.multiline_text((2, side // 2), text, (235, 235, 235), font, 'lm')
  return np.asarray(tile)
