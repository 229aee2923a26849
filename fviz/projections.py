"""What happens to parameters after a step: decay, blur, small pixels, balls.

Optax transformations for the end of a chain: they see where the updates lead,
change that place, and return updates which lead to the changed place. An
image's numbers never depend on the other images. Pixels are those of the
parameterization `pixels`, [n, h, w, c], with grey (or the mean) at 0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax

from fviz import checks
from fviz.errors import FvizError
from fviz.resampling import blur
from fviz.types import Array

# What config strings can name.
CONFIG_NAMES = (
  'decay',
  'blur_every',
  'small_values',
  'small_norm',
  'small_contribution',
  'box',
  'sphere',
)


class Step(NamedTuple):
  """The number of updates so far."""

  count: Array


def decay(rate: float) -> optax.GradientTransformation:
  """x <- (1 - rate) x, the L2 decay of Yosinski et al. 2015 (theta_decay).

  >>> print(_moved(decay(0.5), jnp.full([1, 1, 1, 2], 4.0)).ravel())
  [2. 2.]
  """
  _check_share('rate', rate)
  return _projection(lambda x, step, g: (1 - rate) * x, any_shape=True)


def blur_every(sigma: float, every: int = 4) -> optax.GradientTransformation:
  """A Gaussian blur at steps 0, every, 2 every, ... (Yosinski et al. 2015).

  Args:
    sigma: standard deviation in pixels (theta_b_width); useless below .3.
    every: steps from one blur to the next (theta_b_every).

  >>> print(_moved(blur_every(1.0), jnp.ones([1, 3, 3, 1])).mean())
  1.0
  """
  checks.check('sigma', sigma, 0)
  checks.check('every', every, 1)

  def change(x, step, g):
    return jax.lax.cond(
      step % every == 0,
      lambda x: blur.gaussian_blur(x, sigma),
      lambda x: x,
      x,
    )

  return _projection(change)


def small_values(percentile: float) -> optax.GradientTransformation:
  """Zeroes numbers whose size is below their percentile in the image.

  In Yosinski's toolbox, not in the paper.

  >>> x = jnp.arange(4.).reshape(1, 2, 2, 1)
  >>> print(_moved(small_values(50), x).ravel())
  [0. 0. 2. 3.]
  """
  _check_percentile(percentile)
  return _projection(lambda x, step, g: _kept(x, jnp.abs(x), percentile))


def small_norm(percentile: float) -> optax.GradientTransformation:
  """Zeroes pixels whose norm over channels is below its percentile.

  Yosinski et al. 2015 (theta_n_pct).

  >>> print(_moved(small_norm(50), jnp.arange(4.).reshape(1, 2, 2, 1)).ravel())
  [0. 0. 2. 3.]
  """
  _check_percentile(percentile)

  def change(x, step, g):
    norm = jnp.sqrt(jnp.sum(x**2, -1, keepdims=True))
    return _kept(x, norm, percentile)

  return _projection(change)


def small_contribution(percentile: float) -> optax.GradientTransformation:
  """Zeroes pixels whose |sum_c x g| is below its percentile.

  Yosinski et al. 2015 (theta_c_pct): what the objective would lose without the
  pixel, to first order. x is the image after update, decay and blur, g the
  gradient from before, which the engine passes as `grad`.

  >>> x = jnp.arange(4.).reshape(1, 2, 2, 1)
  >>> print(_moved(small_contribution(50), x, grad=-x).ravel())
  [0. 0. 2. 3.]
  """
  _check_percentile(percentile)

  def change(x, step, g):
    size = jnp.abs(jnp.sum(x * g, -1, keepdims=True))
    return _kept(x, size, percentile)

  return _projection(change)


def box(low: float = -0.5, high: float = 0.5) -> optax.GradientTransformation:
  """Clips to [low, high]; the default is all colours of `color.clamp`.

  >>> print(_moved(box(), jnp.array([[-1., 0., 1.]])))
  [[-0.5  0.   0.5]]
  """
  checks.check_range(low, high)
  return _projection(lambda x, step, g: jnp.clip(x, low, high), any_shape=True)


def sphere(radius: float = 0.25) -> optax.GradientTransformation:
  """x <- rho x / |x| for each image (Erhan et al. 2009).

  Args:
    radius: rho over the square root of the number of values, which is the RMS
      contrast of the image. The paper has no number for pictures; .25 is that
      of typical photos in [0, 1].

  >>> print(_moved(sphere(1.0), jnp.array([[2., 2.]])).round(3))
  [[1. 1.]]
  """
  checks.check('radius', radius, 0)

  def change(x, step, g):
    square = jnp.mean(x**2, tuple(range(1, x.ndim)), keepdims=True)
    return radius * x / jnp.sqrt(square + 1e-12)

  return _projection(change, any_shape=True)


def _projection(
  change: Callable[[Array, Array, Array], Array], any_shape: bool = False
) -> optax.GradientTransformationExtraArgs:
  """change(place that the update leads to, step, gradient) -> other place."""

  def init(params):
    del params
    return Step(jnp.int32(0))

  def update(updates, state, params=None, *, grad=None, **extra):
    del extra
    if params is None:
      raise FvizError(
        'A projection needs the parameters: update(g, s, params).'
      )

    def one(p, u, g):
      if p.ndim != 4 and not any_shape:
        raise FvizError(
          f'Projections of pixels take [n, h, w, c], not parameters of shape '
          f'{p.shape}: use the parameterization pixels.'
        )
      return change(p + u, state.count, g) - p

    grad = updates if grad is None else grad
    updates = jax.tree.map(one, params, updates, grad)
    return updates, Step(state.count + 1)

  return optax.GradientTransformationExtraArgs(init, update)


def _kept(x, size, percentile):
  """x where its size is not below its percentile in the image, else 0."""
  flat = size.reshape(len(size), -1)
  least = jnp.percentile(flat, percentile, axis=1)
  return jnp.where(size < least.reshape(-1, 1, 1, 1), 0, x)


def _check_share(name, value):
  checks.check(name, value, 0)
  if not isinstance(value, jax.core.Tracer) and value > 1:
    raise FvizError(f'{name} must be from 0 to 1, not {value!r}.')


def _check_percentile(value):
  checks.check('percentile', value, 0)
  if not isinstance(value, jax.core.Tracer) and value > 100:
    raise FvizError(f'percentile must be from 0 to 100, not {value!r}.')


def _moved(projection, x, **extra):
  """Where an update of zero leads; for the examples above."""
  update, _ = projection.update(0 * x, projection.init(x), x, **extra)
  return x + update
