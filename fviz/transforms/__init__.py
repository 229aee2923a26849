"""Random transforms of what the network is shown (Olah et al. 2017).

A unit must respond to the transformed image, so what appears is robust. Each
transform is (key, images [n, h, w, c]) -> images of a static shape, with a draw
of its own for every image. What lies outside an image is grey, .5. None
compiles to a scatter, which is slow; see `fviz.resampling`.
"""

from fviz.transforms.alpha import composite
from fviz.transforms.composition import compose, identity
from fviz.transforms.cropping import crop, crop_or_pad, jitter, pad, roll
from fviz.transforms.geometry import angles, flip, rotate, scale, zooms
from fviz.transforms.perspective import homography
from fviz.transforms.photometric import blur, noise, uniform_noise
from fviz.transforms.views import crops, inner_crops

__all__ = [
  'compose',
  'identity',
  'pad',
  'jitter',
  'scale',
  'rotate',
  'crop',
  'crops',
  'inner_crops',
  'crop_or_pad',
  'zooms',
  'angles',
  'roll',
  'homography',
  'composite',
  'blur',
  'noise',
  'uniform_noise',
  'flip',
]
CONFIG_NAMES = tuple(name for name in __all__ if name != 'compose')
