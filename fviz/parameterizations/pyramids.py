"""Images as sums of pixels at several sizes, or shared among images."""

from __future__ import annotations

from collections.abc import Sequence

import jax

from fviz.errors import FvizError
from fviz.parameterizations import sizes_and_colors, spectra
from fviz.types import Parameterization


def laplacian(
  size: sizes_and_colors.Size,
  channels: int = 3,
  n: int = 1,
  levels: int = 4,
  sd: float = 0.01,
  color: sizes_and_colors.Map = None,
  alpha: bool = False,
) -> Parameterization:
  """A sum of pixels at 1, 1/2, 1/4, ... of the size (lucid).

  The parameters are a tuple of [n, h / 2^k, w / 2^k, channels], rounded up,
  from N(0, sd^2); each is made larger bilinearly.

  >>> p = laplacian((4, 5), levels=2)
  >>> [x.shape for x in p.init(jax.random.key(0))]
  [(1, 4, 5, 3), (1, 2, 3, 3)]
  """
  if not isinstance(levels, int) or levels < 1:
    raise FvizError(f'levels must be an integer from 1 on, not {levels!r}.')
  h, w = sizes_and_colors.checked(size, channels, n, sd)
  channels, to_rgb = sizes_and_colors.mapped(color, channels, alpha)
  tensors = [(n, 2**k) for k in range(levels)]
  raw = _sum((h, w), channels, n, tensors, sd)
  return Parameterization(raw.init, lambda params: to_rgb(raw.images(params)))


def shared(
  size: sizes_and_colors.Size,
  channels: int = 3,
  n: int = 6,
  decay: float = 1.0,
  tensors: Sequence[tuple[int, int]] = (
    (1, 2),
    (1, 4),
    (1, 8),
    (2, 8),
    (1, 16),
    (2, 16),
  ),
  sd: float = 0.01,
  color: sizes_and_colors.Map = None,
  alpha: bool = False,
) -> Parameterization:
  """Fourier images that share tensors of low resolution (lucid).

  For series that belong together (Mordvintsev et al. 2018, aligned
  interpolation): what the images have in common is learned once. Gradient
  conditioning per image does not apply, as not all leaves have n images.

  Args:
    size: as for `fourier`, and so are channels, decay, sd, color, alpha.
    n: images.
    tensors: (b, k) each: [b, h / k, w / k, channels], made [n, h, w, channels]
      bilinearly, along the images too.

  >>> p = shared(16, n=3, tensors=((1, 2),))
  >>> p.images(p.init(jax.random.key(0))).shape
  (3, 16, 16, 3)
  """
  h, w = sizes_and_colors.checked(size, channels, n, sd)
  channels, to_rgb = sizes_and_colors.mapped(color, channels, alpha)
  own = spectra.fourier((h, w), channels, n, decay, sd, sizes_and_colors.RAW)
  common = _sum((h, w), channels, n, tensors, sd)

  def init(key):
    first, second = jax.random.split(key)
    return own.init(first), common.init(second)

  return Parameterization(
    init,
    lambda params: to_rgb(own.images(params[0]) + common.images(params[1])),
  )


def _sum(size, channels, n, tensors, sd) -> Parameterization:
  """The sum of [b, h / k, w / k, c] made [n, h, w, c], before any colours."""
  h, w = size
  shapes = [(b, -(-h // k), -(-w // k), channels) for b, k in tensors]

  def init(key):
    keys = jax.random.split(key, len(shapes))
    return tuple(
      sd * jax.random.normal(k, s) for k, s in zip(keys, shapes, strict=True)
    )

  def images(params):
    shape = (n, h, w, channels)
    return sum(jax.image.resize(p, shape, 'linear') for p in params)

  return Parameterization(init, images)
