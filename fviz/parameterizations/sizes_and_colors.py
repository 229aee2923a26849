"""What parameterizations have in common: sizes, channels and colour maps."""

from collections.abc import Callable

from fviz import checks
from fviz import color as colors
from fviz.errors import FvizError
from fviz.types import Array, Size

# A colour map, its name, or None for `color.decorrelated`.
Color = colors.Color | str | None
_MOST = 4096  # Channels, or images of a job.
RAW = colors.Color(lambda t: t, lambda rgb: rgb)


def made(color: Color) -> colors.Color:
  """The colour map of a name, and any other as it is."""
  if color is None:
    return colors.decorrelated()
  if isinstance(color, colors.Color):
    return color
  checks.check_choice('color', color, colors.CONFIG_NAMES)
  if color == 'learned':
    raise FvizError("color='learned': give fviz.color.learned(folder) instead.")
  return getattr(colors, color)()


def mapped(
  color: Color, channels: int, alpha: bool
) -> tuple[int, Callable[[Array], Array]]:
  """The number of channels with opacity, and the map to their colours."""
  color = made(color)
  checks.check_flag('alpha', alpha)
  if not alpha:
    return channels, color.to_rgb
  return channels + 1, colors.with_alpha(color).to_rgb


def checked(size: Size, channels: int, n: int, sd: float) -> tuple[int, int]:
  """(height, width), or an `FvizError` for a number that makes no sense."""
  checks.check_int('channels', channels, 1, _MOST)
  checks.check_int('n', n, 1, _MOST)
  checks.check('sd', sd, 0)
  return checks.check_size(size)
