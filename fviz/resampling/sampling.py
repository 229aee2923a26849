"""Crops, zooms, rotations and blurs of images without scatters.

Scatters are slow everywhere and not deterministic on GPUs: crops and scalings
look up (`fviz.resampling.interpolation`) or are products with small matrices, and a
rotation is three shears. What lies outside is grey, .5.
"""

from __future__ import annotations

import functools
import math

import jax
import jax.numpy as jnp

from fviz.resampling import interpolation
from fviz.types import Array

GREY = 0.5


# Resampling: sources are [n, out] positions in the input.


def window(center: Array, side: Array, size: int, out: int) -> Array:
  """Positions [n, out] of a crop of a line of `size` pixels.

  Args:
    center: [n, 1] of the crop, 0 to 1 along the line.
    side: [n, 1] its length, 1 is the whole line.
    size: of the line.
    out: of the crop, in its own pixels.
  """
  i = (jnp.arange(out) + 0.5) / out - 0.5
  return (center + side * i) * size - 0.5


def resample(
  images: Array, rows: Array, columns: Array, stride: Array | None = None
) -> Array:
  """Linear interpolation at the crossings of rows and columns.

  Args:
    images: [n, h, w, c].
    rows: [n, out_h] positions in the image, in pixels.
    columns: [n, out_w].
    stride: [n, 2] input pixels an output pixel; where above 1, the mean over so
      many is taken, against aliasing. None for about 1.
  """
  _, h, w, _ = images.shape
  if stride is None:
    stride = jnp.ones([1, 2])
  by_row = _weights(rows, h, stride[:, :1])
  by_column = _weights(columns, w, stride[:, 1:])
  return weighted(images, by_row, by_column)


def weighted(images: Array, by_row: Array, by_column: Array) -> Array:
  """Rows and columns as weighted sums: [n, out_h, h] and [n, out_w, w]."""
  x = planes(images)
  x = jnp.einsum('noi,nciw->ncow', by_row, x, precision='highest')
  x = jnp.einsum('nchi,noi->ncho', x, by_column, precision='highest')
  return from_planes(x)


def planes(images: Array) -> Array:
  """[n, h, w, c] -> [n, c, h, w] around grey: zeros from outside are grey.

  Planes, for rows of pixels vectorize and three channels do not.
  """
  return jnp.transpose(images - GREY, (0, 3, 1, 2))


def from_planes(planes: Array) -> Array:
  """The opposite of `planes`."""
  return jnp.transpose(planes, (0, 2, 3, 1)) + GREY


def _weights(source: Array, size: int, stride: Array) -> Array:
  """[n, out] positions -> [n, out, size] weights of a triangle."""
  width = jnp.maximum(stride, 1)[..., None]
  distance = jnp.abs(source[..., None] - jnp.arange(size))
  return jnp.maximum(0, 1 - distance / width) / width


# Rotation.


def rotated(images: Array, angle: Array, most: float) -> Array:
  """Three shears (Paeth 1986): x by -tan(a/2), y by sin(a), x again."""
  _, h, w, _ = images.shape
  y = jnp.arange(h) - (h - 1) / 2
  # Content may leave the sides for one shear and come back: room for it.
  slope = math.tan(most / 2)
  margin = math.ceil(slope * (h - 1) / 2)
  wide = w + 2 * margin
  x = jnp.arange(wide) - (wide - 1) / 2
  reach = math.ceil(math.sin(most) * (wide - 1) / 2)
  along_x = -jnp.tan(angle / 2)[:, None] * y
  along_y = jnp.sin(angle)[:, None] * x
  shear = _looked_up if interpolation.looked_up() else _shear
  out = planes(images)
  out = shear(out, along_x, 3, margin, margin)
  out = shear(out, along_y, 2, 0, reach)
  out = shear(out, along_x, 3, -margin, margin)
  return from_planes(out)


def _looked_up(
  x: Array, shift: Array, axis: int, margin: int, reach: int
) -> Array:
  """As `_shear`, at a cost that does not grow with the reach."""
  del reach
  size = x.shape[axis]
  start = shift[..., None] - margin
  numbers = jnp.array([1.0, 0.0, size]).reshape(3, 1, 1, 1)
  source = interpolation.Source(start, *numbers)
  return interpolation.along(x, source, axis, size + 2 * margin, 1.0)


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3, 4))
def _shear(x: Array, shift: Array, axis: int, margin: int, reach: int) -> Array:
  """Shifts each line by its own number of pixels, zeros from outside.

  out[..., j] = x[..., j - margin + shift], linearly interpolated.

  Args:
    x: [n, c, h, w].
    shift: of each line, [n, h] for axis 3 and [n, w] for axis 2.
    axis: along which to shift.
    margin: pixels the result is wider on each side, may be negative, not
      below -reach.
    reach: the most any line is shifted.
  """
  size = x.shape[axis] + 2 * margin
  taps = reach + 1  # In each of two blocks; the second has one to spare.
  border = [(0, 0, 0)] * 4
  border[axis] = (reach + margin, reach + margin + 1, 0)
  x = jax.lax.pad(x, jnp.zeros((), x.dtype), border)
  # [n, lines] -> [n, 1, h, 1] or [n, 1, 1, w].
  shift = shift[:, None, :, None] if axis == 3 else shift[:, None, None, :]

  def add(out, block):
    first, near = block
    for k in range(taps):
      weight = jnp.maximum(0, 1 - jnp.abs(shift - (first + k - reach)))
      out += weight * jax.lax.slice_in_dim(near, k, k + size, axis=axis)
    return out, None

  # A loop, if only of two, keeps XLA from fusing shears into each other, where
  # every pixel is computed once for each tap: 20 times slower on CPU, which
  # ignores optimization_barrier.
  firsts = (0, taps)
  near = jnp.stack(
    [jax.lax.slice_in_dim(x, f, f + size + reach, axis=axis) for f in firsts]
  )
  shape = (*x.shape[:axis], size, *x.shape[axis + 1 :])
  start = jnp.zeros(shape, x.dtype)
  return jax.lax.scan(add, start, (jnp.array(firsts), near))[0]


def _shear_forward(x, shift, axis, margin, reach):
  return _shear(x, shift, axis, margin, reach), shift


def _shear_backward(axis, margin, reach, shift, g):
  # The exact adjoint; without it, each shifted slice is padded and added.
  return _shear(g, -shift, axis, -margin, reach), jnp.zeros_like(shift)
