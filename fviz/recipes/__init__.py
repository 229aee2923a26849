"""Published recipes, each a composition of primitives and nothing more.

What they have in common:
  size: of the images, a side or (height, width), in pixels.
  channels: of the images, 3 for RGB.
  n: images that one job makes together.
  learning_rate: of the optimizer.
  steps: how many; the publication's by default.
  snapshot_steps: after which steps to keep the images.
  reference: photos [n, h, w, c] in [0, 1].
  crops, crop_size: how many crops a step sees, each at the cost of an image,
    and their size in pixels, the image's by default.
"""

from fviz.recipes.classics import erhan, lewis, mahendran, simonyan, yosinski
from fviz.recipes.modern import (
  classes,
  cppn,
  diversity,
  lucid,
  maco,
  olah,
  quick,
)
from fviz.recipes.of_photos import accentuation, balance, caricature

__all__ = [
  'accentuation',
  'balance',
  'caricature',
  'classes',
  'cppn',
  'diversity',
  'erhan',
  'lewis',
  'lucid',
  'maco',
  'mahendran',
  'olah',
  'quick',
  'simonyan',
  'yosinski',
]

# What config strings can name.
CONFIG_NAMES = tuple(name for name in __all__ if name != 'balance')
