"""Images as functions of numbers: pixels, spectra, pyramids, small networks."""

from fviz.parameterizations.cppns import (
  cppn,
)
from fviz.parameterizations.pixelwise import (
  from_images,
  masked,
  pixels,
)
from fviz.parameterizations.pyramids import (
  laplacian,
  shared,
)
from fviz.parameterizations.spectra import (
  fourier,
  maco,
)

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

# What config strings can name.
CONFIG_NAMES = (
  'pixels',
  'fourier',
  'laplacian',
  'shared',
  'cppn',
  'maco',
)
