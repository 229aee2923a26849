"""What the network is shown: random transforms that make pictures robust.

Each is (key, images [n, h, w, c]) -> images of a static shape, with a draw of
its own for every image (Olah et al. 2017). What lies outside an image is grey,
.5. None lowers to a scatter; see `fviz.resampling`.
"""

from fviz.transforms.alpha import (
  composite,
)
from fviz.transforms.composition import (
  compose,
  identity,
)
from fviz.transforms.cropping import (
  crops,
  inner_crops,
)
from fviz.transforms.geometry import (
  angles,
  crop,
  crop_or_pad,
  flip,
  jitter,
  pad,
  roll,
  rotate,
  scale,
  zooms,
)
from fviz.transforms.perspective import (
  homography,
)
from fviz.transforms.photometric import (
  blur,
  noise,
  uniform_noise,
)

__all__ = [
  'angles',
  'blur',
  'compose',
  'composite',
  'crop',
  'crop_or_pad',
  'crops',
  'flip',
  'homography',
  'identity',
  'inner_crops',
  'jitter',
  'noise',
  'pad',
  'roll',
  'rotate',
  'scale',
  'uniform_noise',
  'zooms',
]

# What config strings can name.
CONFIG_NAMES = (
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
)
