"""Images as sums of pixels at several sizes, which images may share."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp

from fviz import checks
from fviz.parameterizations import sizes_and_colors, spectra
from fviz.parameterizations.sizes_and_colors import Color
from fviz.types import Parameterization, Size

_SHARED = (1, 2), (1, 4), (1, 8), (2, 8), (1, 16), (2, 16)


def laplacian(
  size: Size,
  channels: int = 3,
  n: int = 1,
  levels: int = 4,
  sd: float = 0.01,
  color: Color = None,
  alpha: bool = False,
) -> Parameterization:
  """A sum of pixels at 1, 1/2, 1/4, ... of the size (lucid).

  The parameters are a tuple of so many levels [n, h / 2^k, w / 2^k, channels],
  rounded up, from N(0, sd^2). Each is resized bilinearly.

  >>> p = laplacian((4, 5), levels=2)
  >>> [x.shape for x in p.init(jax.random.key(0))]
  [(1, 4, 5, 3), (1, 2, 3, 3)]
  """
  checks.check_int('levels', levels, 1, 16)
  h, w = sizes_and_colors.checked(size, channels, n, sd)
  channels, to_rgb = sizes_and_colors.mapped(color, channels, alpha)
  tensors = [(n, 2**k) for k in range(levels)]
  raw = _sum((h, w), channels, n, tensors, sd)
  return Parameterization(raw.init, lambda params: to_rgb(raw.images(params)))


def shared(
  size: Size,
  channels: int = 3,
  n: int = 6,
  decay: float = 1.0,
  tensors: Sequence[tuple[int, int]] = _SHARED,
  sd: float = 0.01,
  color: Color = None,
  alpha: bool = False,
) -> Parameterization:
  """Fourier images that share pixels of low resolution (lucid).

  This is for series of images that belong together, as in the aligned
  interpolation of Mordvintsev et al. 2018: what the images have in common is
  learned once. `fviz.gradients` that treat each image by itself do not apply,
  as axis 0 of the shared tensors is not the images.

  There are (b, k) for each shared tensor [b, h / k, w / k, channels], which is
  resized bilinearly to [n, h, w, channels], also along the images. The decay is
  as for `fourier`.

  >>> p = shared(16, n=3, tensors=((1, 2),))
  >>> p.images(p.init(jax.random.key(0))).shape
  (3, 16, 16, 3)
  """
  h, w = sizes_and_colors.checked(size, channels, n, sd)
  checks.check_sequence('tensors', tensors, '((1, 2), (1, 4))')
  for pair in tensors:
    checks.check_size(pair, 'each of tensors, (images, divisor),')
  channels, to_rgb = sizes_and_colors.mapped(color, channels, alpha)
  own = spectra.fourier((h, w), channels, n, decay, sd, sizes_and_colors.RAW)
  common = _sum((h, w), channels, n, tensors, sd)

  def init(key):
    first, second = jax.random.split(key)
    return own.init(first), common.init(second)

  def images(params):
    return to_rgb(own.images(params[0]) + common.images(params[1]))

  return Parameterization(init, images)


def _sum(size, channels, n, tensors, sd) -> Parameterization:
  """The sum of tensors [b, h / k, w / k, c], without a map to colours."""
  h, w = size
  shapes = [(b, -(-h // k), -(-w // k), channels) for b, k in tensors]

  def init(key):
    keys = jax.random.split(key, len(shapes))
    return tuple(
      sd * jax.random.normal(k, s) for k, s in zip(keys, shapes, strict=True)
    )

  def images(params):
    wide = lambda p: jax.image.resize(p, (n, h, w, channels), 'linear')
    return jnp.asarray(sum(map(wide, params)))

  return Parameterization(init, images)
