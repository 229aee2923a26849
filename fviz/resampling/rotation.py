"""Rotations of images as three shears, without scatters."""

import functools
import math

import jax
import jax.numpy as jnp

from fviz.resampling import interpolation, sampling
from fviz.types import Array


def rotated(images: Array, angle: Array, most: float) -> Array:
  """Rotates images [n, h, w, c] about their centres; outside they are grey.

  Three shears (Paeth 1986): rows by -tan(angle / 2), columns by sin(angle), and
  rows again. Angles [n] are in radians, counterclockwise. `most` is the largest
  that may occur, static; the cost grows with it.
  """
  _, h, w, _ = images.shape
  y = jnp.arange(h) - (h - 1) / 2
  # The first shear may move content beyond the sides; the last one brings it
  # back. So the image gets a margin in between.
  slope = math.tan(most / 2)
  margin = math.ceil(slope * (h - 1) / 2)
  wide = w + 2 * margin
  x = jnp.arange(wide) - (wide - 1) / 2
  reach = math.ceil(math.sin(most) * (wide - 1) / 2)
  along_x = -jnp.tan(angle / 2)[:, None] * y
  along_y = jnp.sin(angle)[:, None] * x
  function = _looked_up if interpolation.looked_up() else _shear
  shear = lambda *arguments: jnp.asarray(function(*arguments))
  out = sampling.planes(images)
  out = shear(out, along_x, 3, margin, margin)
  out = shear(out, along_y, 2, 0, reach)
  out = shear(out, along_x, 3, -margin, margin)
  return sampling.from_planes(out)


def _looked_up(x, shift, axis, margin, reach):
  """The same as `_shear`, at a cost that does not grow with the reach."""
  del reach
  size = x.shape[axis]
  start = shift[..., None] - margin
  numbers = jnp.array([1.0, 0.0, size]).reshape(3, 1, 1, 1)
  source = interpolation.Source(start, *numbers)
  return interpolation.along(x, source, axis, size + 2 * margin, 1.0)


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3, 4))
def _shear(x: Array, shift: Array, axis: int, margin: int, reach: int) -> Array:
  """Shifts each row or column by its own number of pixels, at most by `reach`.

  out[..., j] = x[..., j - margin + shift], linearly interpolated, where pixels
  outside of x are zero. x is [n, c, h, w]; shifts are [n, h] along axis 3 and
  [n, w] along axis 2. The margin on each side may be negative, down to -reach.
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

  # A loop, though only of two, keeps XLA from fusing one shear into the next,
  # which would compute every pixel once for each tap: 20 times slower on CPUs,
  # which ignore optimization_barrier.
  near = [
    jax.lax.slice_in_dim(x, first, first + size + reach, axis=axis)
    for first in (0, taps)
  ]
  start = jnp.zeros((*x.shape[:axis], size, *x.shape[axis + 1 :]), x.dtype)
  blocks = jnp.array((0, taps)), jnp.stack(near)
  return jax.lax.scan(add, start, blocks)[0]


def _shear_forward(x, shift, axis, margin, reach):
  return _shear(x, shift, axis, margin, reach), shift


def _shear_backward(axis, margin, reach, shift, g):
  # The exact adjoint. JAX's own would pad every shifted slice and add them up.
  return _shear(g, -shift, axis, -margin, reach), jnp.zeros_like(shift)


_shear.defvjp(_shear_forward, _shear_backward)
