"""What parameterizations have in common: sizes, channels and colour maps."""

from __future__ import annotations

import numpy as np

from fviz import checks, config_strings
from fviz import color as colors
from fviz.errors import FvizError

Size = int | tuple[int, int]
Map = colors.Color | str | None
RAW = colors.Color(lambda t: t, lambda rgb: rgb)


def made(color: Map) -> colors.Color:
  """A colour map, or the one of a name; decorrelated by default."""
  if color is None:
    return colors.decorrelated()
  if not isinstance(color, str):
    return color
  (made,) = config_strings.parse(color, colors)
  return made


def mapped(color: Map, channels: int, alpha: bool):
  """(channels with alpha, colours of them)."""
  color = made(color)
  if not alpha:
    return channels, color.to_rgb
  return channels + 1, colors.with_alpha(color).to_rgb


def checked(size, channels, n, sd) -> tuple[int, int]:
  """(height, width), or an error for the number that makes no sense."""
  h, w = size if isinstance(size, (tuple, list)) else (size, size)
  for name, value in dict(h=h, w=w, channels=channels, n=n).items():
    if not isinstance(value, (int, np.integer)) or value < 1:
      raise FvizError(f'{name} must be an integer from 1 on, not {value!r}.')
  checks.check('sd', sd, 0)
  return int(h), int(w)
