"""Which pixels of an image an objective depends on: gradients at real images.

Each image has a map of its own, whatever else is in the batch. Networks are
from `fviz.models.load` or `fviz.networks`, objectives such as
`objectives.logit('cat')`, images [n, h, w, c] in [0, 1]. Images of another
shape and objectives with an axis of jobs are `FvizError`s.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from fviz import checks, jax_settings, objectives
from fviz.errors import FvizError
from fviz.types import Array, Network, Objective

__all__ = ['gradient', 'smoothgrad', 'integrated_gradients']


@jax_settings.under_fixed
def gradient(
  network: Network, objective: Objective, images: ArrayLike
) -> Array:
  """max over channels of |d objective / d image| (Simonyan et al. 2013).

  It is [n, h, w] float32, >= 0.
  """
  images = _checked(network, images)
  return jnp.max(jnp.abs(_gradients(network, objective)(images)), -1)


@jax_settings.under_fixed
def smoothgrad(
  network: Network,
  objective: Objective,
  images: ArrayLike,
  samples: int = 50,
  sd: float = 0.15,
  seed: int = 0,
) -> Array:
  """The mean of `gradient` over noisy copies (Smilkov et al. 2017).

  It is [n, h, w] float32, >= 0. There are so many samples, each with noise of
  its own, whose standard deviation is sd times the image's range; the paper has
  .1 to .2.
  """
  checks.check_int('samples', samples, 1)
  checks.check('sd', sd, 0)
  images = _checked(network, images)
  gradients = _gradients(network, objective)
  spread = jnp.ptp(images, (1, 2, 3), keepdims=True)
  fold = jax.random.fold_in
  one = lambda i: fold(jax.random.key(seed), i)
  keys = jax.vmap(one)(jnp.arange(len(images)))

  @jax.jit
  def noisy(sample):
    draw = lambda k: jax.random.normal(fold(k, sample), images.shape[1:])
    return images + sd * spread * jax.vmap(draw)(keys)

  total = jnp.zeros(images.shape[:-1])
  for sample in range(samples):
    total += jnp.max(jnp.abs(gradients(noisy(sample))), -1)
  return total / samples


@jax_settings.under_fixed
def integrated_gradients(
  network: Network,
  objective: Objective,
  images: ArrayLike,
  baseline: ArrayLike = 0.0,
  steps: int = 50,
) -> Array:
  """(x - x0) times the mean gradient from x0 to x (Sundararajan et al. 2017).

  The values of an image add up to objective(x) - objective(x0), but for the
  error of a finite number of steps; the paper calls this completeness. They are
  [n, h, w, c] float32, of both signs.

  The baseline x0 broadcasts to the images x. The way has so many steps, which
  are equal pieces, each taken at its midpoint.
  """
  checks.check_int('steps', steps, 1)
  images = _checked(network, images)
  base = jnp.broadcast_to(jnp.asarray(baseline, jnp.float32), images.shape)
  gradients = _gradients(network, objective)
  total = jnp.zeros_like(images)
  for step in range(steps):
    total += gradients(base + (step + 0.5) / steps * (images - base))
  return (images - base) * total / steps


def _gradients(
  network: Network, objective: Objective
) -> Callable[[Array], Array]:
  """images -> d objective / d image, of each image by itself."""
  objective = objectives.bind(objective, network)
  if objectives.batch(objective)[0] is not None:
    raise FvizError('Saliency takes one objective, not an axis of jobs.')

  def value(image, variables):
    images = image[None]
    activations = network.apply(variables, images, objective.layers)
    return objective(activations, images)

  # Weights as arguments: constants would be folded for minutes.
  many = jax.jit(jax.vmap(jax.grad(value), (0, None)))
  return lambda images: many(images, network.variables)


def _checked(network: Network, images: ArrayLike) -> Array:
  checks.check_network(network)
  found = checks.images('images', images, channels=network.input_channels)
  return jnp.asarray(found)
