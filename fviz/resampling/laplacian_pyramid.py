"""Images split into bands of frequencies and put together again.

Both are products with small matrices, the kernel [1, 4, 6, 4, 1] / 16 each way.
"""

from __future__ import annotations

from collections.abc import Iterable

import jax.numpy as jnp
import numpy as np

from fviz.types import Array


def split(images: Array, levels: int) -> list[Array]:
  """The bands of a Laplacian pyramid, from fine to coarse.

  Args:
    images: [n, h, w, c].
    levels: how often to halve the size; there are fewer where a side would get
      shorter than a pixel.

  Returns:
    [n, h / 2^k, w / 2^k, c] for each k, rounded up: what the next smaller image
    lacks, and last the smallest image itself.

  >>> [band.shape for band in split(jnp.ones([1, 5, 8, 3]), 2)]
  [(1, 5, 8, 3), (1, 3, 4, 3), (1, 2, 2, 3)]
  """
  bands = []
  for _ in range(levels):
    if min(images.shape[1:3]) < 2:
      break
    low = _halved(images)
    bands.append(images - _doubled(low, images.shape))
    images = low
  return [*bands, images]


def merge(bands: Iterable[Array]) -> Array:
  """The inverse of `split`, from the bands in reverse order.

  >>> images = jnp.ones([1, 5, 8, 3])
  >>> print(merge(reversed(split(images, 2))).mean().round(3))
  1.0
  """
  coarsest, *rest = bands
  images = coarsest
  for band in rest:
    images = _doubled(images, band.shape) + band
  return images


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
