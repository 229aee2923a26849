"""Zooms, rotations and mirror images, by a random factor or angle each."""

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp

from fviz.checks import check, check_range, traced
from fviz.errors import FvizError
from fviz.resampling import axis_grids, rotation
from fviz.types import Array, Key, Transform


def scale(low: float, high: float) -> Transform:
  """Zooms about the centre by a factor from [low, high]; the size stays.

  Bilinear, without antialiasing: this is meant for factors near 1.

  >>> scale(0.9, 1.1)(jax.random.key(0), jnp.zeros([1, 4, 5, 3])).shape
  (1, 4, 5, 3)
  """
  check('low', low, 0)
  check_range(low, high)
  if not traced(low) and low == 0:
    raise FvizError('scale: low must be above 0.')
  draw = lambda key, n: jax.random.uniform(key, (n, 1), minval=low, maxval=high)
  return _zoomed(draw, high)


def zooms(*factors: float) -> Transform:
  """Zooms as `scale` does, by one of the factors (lucid's random_scale).

  >>> zooms(0.9, 1.0, 1.1)(jax.random.key(0), jnp.zeros([1, 4, 5, 3])).shape
  (1, 4, 5, 3)
  """
  if not factors:
    raise FvizError('zooms needs at least one factor.')
  for factor in factors:
    check('factor', factor, 1e-3)
  return _zoomed(lambda key, n: _one_of(key, n, factors)[:, None], *factors)


def rotate(low: float, high: float) -> Transform:
  """Rotates counterclockwise by degrees from [low, high]; the size stays.

  The rotation is three shears (Paeth 1986) with linear interpolation, which
  blurs a little. Angles are in [-90, 90]; the cost grows with the largest.

  >>> rotate(-10, 10)(jax.random.key(0), jnp.zeros([1, 4, 5, 3])).shape
  (1, 4, 5, 3)
  """
  check_range(low, high)
  most = max(abs(low), abs(high))
  if most > 90:
    raise FvizError(f'rotate: angles are limited to +-90, not {low}..{high}.')
  draw = lambda key, n: jax.random.uniform(key, (n,), minval=low, maxval=high)
  return _rotated(draw, most)


def angles(*degrees: float) -> Transform:
  """Rotates as `rotate` does, by one of the angles (lucid's random_rotate).

  >>> angles(-5, 0, 5)(jax.random.key(0), jnp.zeros([1, 4, 5, 3])).shape
  (1, 4, 5, 3)
  """
  if not degrees:
    raise FvizError('angles needs at least one angle.')
  most = max(map(abs, degrees))
  if most > 90:
    raise FvizError(f'angles are limited to +-90 degrees, not {degrees}.')
  return _rotated(lambda key, n: _one_of(key, n, degrees), most)


def flip(probability: float = 0.5) -> Transform:
  """Mirrors each image left to right with a probability in [0, 1].

  >>> x = jnp.arange(3.0).reshape(1, 1, 3, 1)
  >>> print(flip(1.0)(jax.random.key(0), x).ravel())
  [2. 1. 0.]
  """
  check('probability', probability, 0, 1)

  def transform(key, images):
    chosen = jax.random.bernoulli(key, probability, (len(images), 1, 1, 1))
    return jnp.where(chosen, jnp.flip(images, 2), images)

  return transform


def _zoomed(draw: Callable[[Key, int], Array], *factors: float) -> Transform:
  """Zooms by factors [n, 1] that are drawn, none larger than all of these."""
  most = None if traced(*factors) else float(max(factors))
  return axis_grids.Grid(
    lambda key, n, size: axis_grids.zoomed(draw(key, n), size, most)
  )


def _rotated(draw: Callable[[Key, int], Array], most: float) -> Transform:
  """Rotates by degrees [n] that are drawn, within [-most, most]."""

  def transform(key, images):
    angle = jnp.deg2rad(draw(key, len(images)))
    return rotation.rotated(images, angle, math.radians(most))

  return transform


def _one_of(key: Key, n: int, values: tuple[float, ...]) -> Array:
  """[n] values, drawn with one-hot rows so that nothing is gathered."""
  chosen = jax.random.randint(key, (n,), 0, len(values))
  rows = jax.nn.one_hot(chosen, len(values))
  return jnp.sum(rows * jnp.asarray(values, jnp.float32), -1)
