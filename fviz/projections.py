"""What happens to the parameters after each step: decay, blur, bounds, ...

These are optax transformations for the end of a chain. They see where the
updates lead, move that place, and return updates that lead to the moved place.
What becomes of an image never depends on other images. Pixels are the
parameters of `parameterizations.pixels`, [n, h, w, c], in which grey (or the
mean) is 0.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax

from fviz import checks
from fviz.errors import FvizError
from fviz.resampling import blurs
from fviz.types import Array

CONFIG_NAMES = tuple(
  'decay blur_every small_values small_norm small_contribution box '
  'sphere'.split()
)


class Step(NamedTuple):
  """The state of a projection: the number of updates so far."""

  number: Array


def decay(rate: float) -> optax.GradientTransformation:
  """x <- (1 - rate) x, the L2 decay of Yosinski et al. 2015 (theta_decay).

  >>> print(_moved(decay(0.5), jnp.full([1, 1, 1, 2], 4.0)).ravel())
  [2. 2.]
  """
  checks.check('rate', rate, 0, 1)
  return _projection(lambda x, step, g: (1 - rate) * x, any_shape=True)


def blur_every(sigma: float, every: int = 4) -> optax.GradientTransformation:
  """A Gaussian blur at the first of every few steps (Yosinski et al. 2015).

  Sigma is in pixels (theta_b_width) and has no effect below .3. There are so
  many steps from one blur to the next (theta_b_every).

  >>> print(_moved(blur_every(1.0), jnp.ones([1, 3, 3, 1])).mean().round(3))
  1.0
  """
  checks.check('sigma', sigma, 0)
  checks.check('every', every, 1)

  blur, keep = lambda x: blurs.gaussian(x, sigma), lambda x: x
  return _projection(
    lambda x, step, g: jax.lax.cond(step % every == 0, blur, keep, x)
  )


def small_values(percentile: float) -> optax.GradientTransformation:
  """Zeroes the numbers whose size is below a percentile of those of the image.

  This is in the toolbox of Yosinski et al. 2015, but not in the paper.

  >>> x = jnp.arange(4.).reshape(1, 2, 2, 1)
  >>> print(_moved(small_values(50), x).ravel())
  [0. 0. 2. 3.]
  """
  return _zeroed(lambda x, g: jnp.abs(x), percentile)


def small_norm(percentile: float) -> optax.GradientTransformation:
  """Zeroes the pixels whose norm is below a percentile of those of the image.

  Norms are over channels (Yosinski et al. 2015, theta_n_pct).

  >>> print(_moved(small_norm(50), jnp.arange(4.).reshape(1, 2, 2, 1)).ravel())
  [0. 0. 2. 3.]
  """
  norm = lambda x, g: jnp.sqrt(jnp.sum(x**2, -1, keepdims=True))
  return _zeroed(norm, percentile)


def small_contribution(percentile: float) -> optax.GradientTransformation:
  """Zeroes the pixels that contribute less than a percentile of the image.

  This is theta_c_pct of Yosinski et al. 2015. A pixel's contribution is |sum
  over channels of x g|: to first order, what the objective would lose without
  it. x is the image after the update and after the transformations before this
  one; g is the gradient before the update, which the engine passes as `grad`.

  >>> x = jnp.arange(4.).reshape(1, 2, 2, 1)
  >>> print(_moved(small_contribution(50), x, grad=-x).ravel())
  [0. 0. 2. 3.]
  """
  size = lambda x, g: jnp.abs(jnp.sum(x * g, -1, keepdims=True))
  return _zeroed(size, percentile)


def box(low: float = -0.5, high: float = 0.5) -> optax.GradientTransformation:
  """Clips to [low, high]; the default is the range of `color.clamp`.

  >>> print(_moved(box(), jnp.array([[-1., 0., 1.]])))
  [[-0.5  0.   0.5]]
  """
  checks.check_range(low, high)
  return _projection(lambda x, step, g: jnp.clip(x, low, high), any_shape=True)


def sphere(radius: float = 0.25) -> optax.GradientTransformation:
  """Gives every image the same norm: x <- rho x / |x| (Erhan et al. 2009).

  The radius is rho over the square root of the number of values, which is the
  RMS contrast of the image. The paper has no value for pictures; .25 is typical
  of photos in [0, 1].

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
  """A transformation that moves the place to which the updates lead.

  The change is (place, step, gradient) -> new place. Unless parameters may have
  any shape, they are pixels.
  """
  needs = 'A projection needs the parameters: update(g, s, params).'

  def update(updates, state, params=None, *, grad=None, **extra):
    del extra
    if params is None:
      raise FvizError(needs)

    def one(p, u, g):
      if p.ndim != 4 and not any_shape:
        raise FvizError(
          f'Projections of pixels take [n, h, w, c], not parameters of shape '
          f'{p.shape}: use the parameterization pixels.'
        )
      return change(p + u, state.number, g) - p

    grad = updates if grad is None else grad
    updates = jax.tree.map(one, params, updates, grad)
    return updates, Step(state.number + 1)

  init = lambda params: Step(jnp.int32(0))
  return optax.GradientTransformationExtraArgs(init, update)


def _zeroed(
  measure: Callable[[Array, Array], Array], percentile: float
) -> optax.GradientTransformation:
  """Zeroes where the measure of (x, g) is below its percentile in the image."""
  checks.check('percentile', percentile, 0, 100)

  def change(x, step, g):
    size = measure(x, g)
    least = jnp.percentile(size.reshape(len(size), -1), percentile, axis=1)
    return jnp.where(size < least.reshape(-1, 1, 1, 1), 0, x)

  return _projection(change)


def _moved(projection, x, **extra):
  """Where an update of zero leads, for the examples above."""
  update, _ = projection.update(0 * x, projection.init(x), x, **extra)
  return x + update
