"""Laplacian pyramids: images as a sum of bands of frequencies."""

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np

from fviz.types import Array


def change_bands(
  images: Array, levels: int, change: Callable[[Array], Array]
) -> Array:
  """Changes each band of a Laplacian pyramid and puts the image together again.

  The size of the images, [n, h, w, c], is halved `levels` times; less often
  where a side would get shorter than a pixel. The bands and the smallest image
  are [n, h / 2^k, w / 2^k, c].

  >>> images = jnp.arange(40.0).reshape(1, 5, 8, 1)
  >>> same = change_bands(images, 2, lambda band: band)
  >>> print(jnp.abs(same - images).max().round(3))
  0.0
  """
  shapes, bands = [], []
  for _ in range(levels):
    if min(images.shape[1:3]) < 2:
      break
    low = _halved(images)
    bands.append(images - _doubled(low, images.shape))
    shapes.append(images.shape)
    images = low
  out = change(images)
  for shape, band in zip(shapes[::-1], bands[::-1], strict=True):
    out = _doubled(out, shape) + change(band)
  return out


def _halving(size: int) -> Array:
  """[ceil(size / 2), size]: [1, 4, 6, 4, 1] / 16 at every other place."""
  out = -(-size // 2)
  # SAME padding; as in TensorFlow, the extra place, if any, lies behind.
  before = max((out - 1) * 2 + 5 - size, 0) // 2
  tap = np.arange(size) - 2 * np.arange(out)[:, None] + before
  kernel = sum((tap == k) * v / 16 for k, v in enumerate((1, 4, 6, 4, 1)))
  return jnp.asarray(kernel, jnp.float32)


def _halved(x):
  rows, columns = map(_halving, x.shape[1:3])
  x = jnp.einsum('oh,nhwc->nowc', rows, x, precision='highest')
  return jnp.einsum('ow,nhwc->nhoc', columns, x, precision='highest')


def _doubled(x, shape):
  # The transposed convolution with four times the kernel.
  rows, columns = (2 * _halving(size) for size in shape[1:3])
  x = jnp.einsum('oh,nowc->nhwc', rows, x, precision='highest')
  return jnp.einsum('ow,nhoc->nhwc', columns, x, precision='highest')
