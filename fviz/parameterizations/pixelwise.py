"""Images as pixels, images that start from others, and images with a mask."""

import jax
import jax.numpy as jnp

from fviz import checks
from fviz.errors import FvizError
from fviz.parameterizations import sizes_and_colors, spectra
from fviz.parameterizations.sizes_and_colors import Color
from fviz.types import Array, Parameterization, Size


def pixels(
  size: Size,
  channels: int = 3,
  n: int = 1,
  sd: float = 0.01,
  color: Color = None,
  alpha: bool = False,
) -> Parameterization:
  """One number for each pixel and channel.

  The parameters are [n, h, w, channels], and start from N(0, sd^2).

  >>> p = pixels((4, 5), n=2)
  >>> p.images(p.init(jax.random.key(0))).shape
  (2, 4, 5, 3)
  """
  h, w = sizes_and_colors.checked(size, channels, n, sd)
  channels, to_rgb = sizes_and_colors.mapped(color, channels, alpha)
  init = lambda key: sd * jax.random.normal(key, (n, h, w, channels))
  return Parameterization(init, to_rgb)


def from_images(
  images: Array,
  kind: str = 'fourier',
  decay: float = 1.0,
  sd: float = 0.0,
  color: Color = None,
) -> Parameterization:
  """A parameterization that starts from images [n, h, w, c] in [0, 1].

  The first images differ from them by at most 1e-3, the distance that colours
  keep from 0 and 1.

  Args:
    images: the start.
    kind: 'fourier' or 'pixels', which can be inverted.
    decay: as for `fourier`.
    sd: standard deviation of noise that is added to the parameters.
    color: a colour map or its name; decorrelated by default.

  >>> p = from_images(jnp.full([1, 4, 5, 3], 0.25), 'pixels')
  >>> print(p.images(p.init(jax.random.key(0)))[0, 0, 0].round(3))
  [0.25 0.25 0.25]
  """
  checks.check_choice('parameterization', kind, ('fourier', 'pixels'))
  checks.check_number('decay', decay)
  images = jnp.asarray(checks.images('images', images))
  n, h, w, channels = images.shape
  start = sizes_and_colors.made(color).from_rgb(images)
  if kind == 'fourier':
    start = spectra.to_spectrum(start, decay)
    base = spectra.fourier((h, w), channels, n, decay, sd, color)
  else:
    base = pixels((h, w), channels, n, sd, color)
  return Parameterization(lambda key: start + base.init(key), base.images)


def masked(
  base: Parameterization, images: Array, free: Array
) -> Parameterization:
  """Images of which some pixels are fixed (clamped, Lewis 1988).

  Fixed pixels have the values of images [n, h, w, c]. `free` is the share of
  `base` in each pixel, in [0, 1]; it broadcasts to images.

  >>> p = masked(pixels(4), jnp.ones([1, 4, 4, 3]), jnp.zeros([4, 4, 1]))
  >>> print(p.images(p.init(jax.random.key(0))).min())
  1.0
  """
  images = jnp.asarray(checks.images('images', images))
  free = jnp.asarray(free, jnp.float32)
  if not bool(jnp.all((free >= 0) & (free <= 1))):
    raise FvizError('free must be in [0, 1]: how much of a pixel is made.')
  mix = lambda params: free * base.images(params) + (1 - free) * images
  return Parameterization(base.init, mix)
