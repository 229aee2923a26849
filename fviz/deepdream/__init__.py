"""DeepDream: an image, octave by octave."""

from fviz.deepdream.dreamer import STEP, Dreamer, dream, noise
from fviz.deepdream.settings import Settings

__all__ = ['Dreamer', 'STEP', 'Settings', 'dream', 'noise']
