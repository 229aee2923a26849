"""DeepDream: an image, octave by octave."""

from fviz.deepdream.dreamer import (
  STEP,
  Dreamer,
  Settings,
  dream,
  noise,
)

__all__ = [
  'Dreamer',
  'STEP',
  'Settings',
  'dream',
  'noise',
]
