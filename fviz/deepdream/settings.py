"""How to dream: how many sizes and steps, how strong, beyond what border."""

import dataclasses

import optax

from fviz import checks, errors, gradients
from fviz.compiler import precisions
from fviz.deepdream import windows


@dataclasses.dataclass(frozen=True)
class Settings:
  """How to dream; the defaults are those of the notebook of 2015.

  Attributes:
    octaves: at how many sizes the image is dreamt, 1 or more.
    scale: the factor between two sizes, above 1.
    iterations: steps at each size.
    strength: mean change of a pixel in a step, in units of the notebook's
      1.5 / 255; it means the same at every image size.
    jitter: how far the image is moved at most in a step, in pixels.
    border: what lies beyond the image: 'wrap' (it repeats, as in the
      notebook), 'reflect' (its mirror image, which shows no seam) or
      'panorama' (the width is a circle).
    gradient: conditioning of the gradient, without a step size.
    window: longest side of what the network sees at once, in pixels; 0 takes
      as much as fits into memory.
    precision: what the network is computed in, see `fviz.compiler.precisions`.

  Raises:
    FvizError: a value out of range.
  """

  octaves: int = 4
  scale: float = 1.4
  iterations: int = 10
  strength: float = 1.0
  jitter: int = 32
  border: str = 'wrap'
  gradient: optax.GradientTransformation = gradients.normalize()
  window: int = 0
  precision: str = precisions.DEFAULT

  @property
  def is_panorama(self) -> bool:
    """Whether the width is a circle."""
    return self.border == 'panorama'

  def __post_init__(self):
    ranges = dict(octaves=(1, 20), iterations=(0, 10_000), strength=(0, 1000))
    ranges |= dict(jitter=(0, 10_000), window=(0, 1 << 20), scale=(1, 10))
    for name, (least, most) in ranges.items():
      checks.check(name, getattr(self, name), least, most)
    precisions.check(self.precision)
    if self.border not in windows.BORDERS:
      raise errors.unknown('border', self.border, windows.BORDERS)
    if 0 < self.window < windows.SMALLEST:
      raise errors.FvizError(
        f'window must be 0 or at least {windows.SMALLEST} pixels, not '
        f'{self.window}.'
      )
