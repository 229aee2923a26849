"""Laplacian pyramids: images as a sum of bands of frequencies.

Halving and doubling the size are products with small matrices, of the kernel
[1, 4, 6, 4, 1] / 16 each way.
"""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np

from fviz.types import Array


def change_bands(
  images: Array, levels: int, change: Callable[[Array], Array]
) -> Array:
  """Changes each band of a Laplacian pyramid and puts the image together again.

  Args:
    images: [n, h, w, c].
    levels: how often the size is halved; less often where a side would get
      shorter than a pixel.
    change: of each band, [n, h / 2^k, w / 2^k, c], and of the smallest image.

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
  """[ceil(size / 2), size]: the kernel at every other place, SAME padding."""
  out = -(-size // 2)
  # As in TensorFlow, the extra place, if there is one, lies behind.
  before = max((out - 1) * 2 + 5 - size, 0) // 2
  kernel = np.zeros([out, size], np.float32)
  for i in range(out):
    for k, weight in enumerate((1, 4, 6, 4, 1)):
      j = 2 * i + k - before
      if 0 <= j < size:
        kernel[i, j] = weight / 16
  return jnp.asarray(kernel)


def _halved(x):
  rows, columns = _halving(x.shape[1]), _halving(x.shape[2])
  x = jnp.einsum('oh,nhwc->nowc', rows, x, precision='highest')
  return jnp.einsum('ow,nhwc->nhoc', columns, x, precision='highest')


def _doubled(x, shape):
  # The transposed convolution with four times the kernel.
  rows, columns = 2 * _halving(shape[1]), 2 * _halving(shape[2])
  x = jnp.einsum('oh,nowc->nhwc', rows, x, precision='highest')
  return jnp.einsum('ow,nhoc->nhwc', columns, x, precision='highest')
