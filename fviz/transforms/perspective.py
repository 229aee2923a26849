"""Perspective: images seen at a random, slight angle."""

import math

import jax
import jax.numpy as jnp

from fviz.checks import check
from fviz.resampling import blurs, sampling
from fviz.types import Array, Transform


def homography(strength: float = 0.05) -> Transform:
  """A random projective map near the identity (lucid's homography).

  In coordinates from -1 to 1, the output at p = (x, y, 1) shows the input at
  H p, where H is the identity plus U(-strength, strength) in all entries but
  the last. There are two passes, along rows and then along columns (Catmull and
  Smith 1980). Each is a sum over shifted copies, so the cost grows with the
  strength, which is from 0 to .15.

  >>> homography(0.1)(jax.random.key(0), jnp.zeros([1, 8, 9, 3])).shape
  (1, 8, 9, 3)
  """
  check('strength', strength, 0, 0.15)
  # The farthest that a point of the square moves, in half sides.
  most = 5 * strength / (1 - 2 * strength)

  def transform(key, images):
    n, h, w, _ = images.shape
    delta = jax.random.uniform(key, (n, 8), minval=-strength, maxval=strength)
    matrix = jnp.concatenate([delta, jnp.zeros([n, 1])], 1).reshape(n, 3, 3)
    matrix = matrix + jnp.eye(3)
    x, y = _line(w), _line(h)[:, None]
    # First the columns are moved within the rows of the input, then the rows.
    u = jax.vmap(lambda m: _column_of(m, x, y))(matrix) - x
    v = jax.vmap(lambda m: _seen(m, 1, x, y))(matrix) - y
    planes = sampling.planes(images)
    for shift, axis, size in ((u, 3, w), (v, 2, h)):
      half = (size - 1) / 2
      planes = _shifted(planes, shift[:, None] * half, axis, most * half)
    return sampling.from_planes(planes)

  return transform


def _line(size: int) -> Array:
  return jnp.linspace(-1, 1, size) if size > 1 else jnp.zeros([1])


def _seen(m: Array, k: int, x: Array, y: Array) -> Array:
  """Coordinate k of what shows at (x, y) of the result: 0 is x, 1 is y."""
  product = lambda i: m[i, 0] * x + m[i, 1] * y + m[i, 2]
  return product(k) / product(2)


def _column_of(m: Array, x: Array, v: Array) -> Array:
  """Where column x of the result lies in row v of the source."""
  y = v * (m[2, 0] * x + m[2, 2]) - m[1, 0] * x - m[1, 2]
  return _seen(m, 0, x, y / (m[1, 1] - v * m[2, 1]))


def _shifted(planes: Array, shift: Array, axis: int, most: float) -> Array:
  """out[j] = planes[j + shift[j]] along an axis, where |shift| <= most."""
  reach = math.ceil(most) + 1
  near = lambda k: jnp.maximum(0, 1 - jnp.abs(shift - k))
  weights = [near(k) for k in range(-reach, reach + 1)]
  return blurs.neighbours(planes, weights, axis)
