"""Images as functions of what is optimized.

A parameterization is a preconditioner: all reach the same images, but what is
the steepest way differs (Olah et al. 2017). Their arguments:

  size: a side, or (height, width), in pixels.
  channels: of the images.
  n: number of images.
  sd: standard deviation of the start.
  color: a colour map or its name; decorrelated by default.
  alpha: whether to add a channel for opacity, for `transforms.composite`.
"""

from fviz.parameterizations.cppns import cppn
from fviz.parameterizations.pixelwise import from_images, masked, pixels
from fviz.parameterizations.pyramids import laplacian, shared
from fviz.parameterizations.spectra import fourier, maco

CONFIG_NAMES = ('pixels', 'fourier', 'laplacian', 'shared', 'cppn', 'maco')

__all__ = [
  'cppn',
  'fourier',
  'from_images',
  'laplacian',
  'maco',
  'masked',
  'pixels',
  'shared',
]
