"""Images resampled at the crossings of rows and columns, as matrix products.

What lies outside an image is grey, .5.
"""

from __future__ import annotations

import jax.numpy as jnp

from fviz.types import Array

GREY = 0.5


def window(center: Array, side: Array, size: int, out: int) -> Array:
  """Where the pixels of resized crops lie, along one axis.

  Args:
    center: [n, 1], the middle of each crop, from 0 to 1 along the axis.
    side: [n, 1], the length of each crop as a share of the whole.
    size: pixels of the image along the axis.
    out: pixels of the resized crops.

  Returns:
    [n, out] positions in the image, in pixels; 0 is the first pixel's centre.

  >>> print(window(jnp.array([[0.5]]), jnp.array([[0.5]]), 8, 4))
  [[2. 3. 4. 5.]]
  """
  i = (jnp.arange(out) + 0.5) / out - 0.5
  return (center + side * i) * size - 0.5


def resample(
  images: Array, rows: Array, columns: Array, stride: Array | None = None
) -> Array:
  """Interpolates images linearly at the crossings of rows and columns.

  Args:
    images: [n, h, w, c].
    rows: [n, out_h], the positions of the rows in the image, in pixels.
    columns: [n, out_w], the positions of the columns.
    stride: [n, 2], the input pixels of an output pixel, down and across. Where
      it is above 1, the mean over about so many pixels is taken, against
      aliasing. By default it is 1.

  Returns:
    [n, out_h, out_w, c].
  """
  _, h, w, _ = images.shape
  if stride is None:
    stride = jnp.ones([1, 2])
  by_row = _weights(rows, h, stride[:, :1])
  by_column = _weights(columns, w, stride[:, 1:])
  return weighted(images, by_row, by_column)


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


def _weights(source: Array, size: int, stride: Array) -> Array:
  """[n, out, size]: the weight of each input pixel at positions [n, out].

  It falls linearly to zero within max(stride, 1) pixels.
  """
  width = jnp.maximum(stride, 1)[..., None]
  distance = jnp.abs(source[..., None] - jnp.arange(size))
  return jnp.maximum(0, 1 - distance / width) / width
