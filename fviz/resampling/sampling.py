"""Images as weighted sums of their rows and columns: matrix products.

What lies outside an image is grey, .5.
"""

import jax.numpy as jnp

from fviz.types import Array

GREY = 0.5


def resized_crops(
  images: Array, center: Array, side: Array, new: tuple[int, int]
) -> Array:
  """A crop of each image, linearly interpolated to another size.

  Where the crop has more pixels than the result, the mean over about so many is
  taken, against aliasing.

  Args:
    images: [n, h, w, c].
    center: [n, 2], the middle of each crop, (y, x) from 0 to 1.
    side: [n, 1], the sides of each crop as a share of the image's.
    new: (height, width) of the result.

  >>> half = jnp.array([[0.5]])
  >>> x = jnp.arange(8.0).reshape(1, 1, 8, 1)
  >>> print(resized_crops(x, jnp.array([[0.5, 0.5]]), half, (1, 4)).ravel())
  [2. 3. 4. 5.]
  """
  weights = (
    _weights(center[:, k : k + 1], side, images.shape[1 + k], new[k])
    for k in range(2)
  )
  return weighted(images, *weights)


def weighted(images: Array, by_row: Array, by_column: Array) -> Array:
  """Makes new rows and columns as weighted sums of the old ones.

  Weights are [n, out_h, h] and [n, out_w, w]; what they lack to one is grey.
  """
  x = planes(images)
  x = jnp.einsum('noi,nciw->ncow', by_row, x, precision='highest')
  x = jnp.einsum('nchi,noi->ncho', x, by_column, precision='highest')
  return from_planes(x)


def planes(images: Array) -> Array:
  """[n, h, w, c] images as planes [n, c, h, w] in which grey is zero.

  Zeros from outside are then grey. In planes neighbouring numbers are pixels of
  a row, which a processor handles together, and not only three channels.
  """
  return jnp.transpose(images - GREY, (0, 3, 1, 2))


def from_planes(planes: Array) -> Array:
  """The inverse of `planes`."""
  return jnp.transpose(planes, (0, 2, 3, 1)) + GREY


def _weights(center: Array, side: Array, size: int, out: int) -> Array:
  """[n, out, size]: the weight of each old pixel in each new one.

  It falls linearly to zero within a pixel, of the larger kind.
  """
  i = (jnp.arange(out) + 0.5) / out - 0.5
  place = (center + side * i) * size - 0.5  # 0 is the first pixel's centre.
  width = jnp.maximum(side * (size / out), 1)[..., None]
  distance = jnp.abs(place[..., None] - jnp.arange(size))
  return jnp.maximum(0, 1 - distance / width) / width
