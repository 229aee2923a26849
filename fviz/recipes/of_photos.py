"""Recipes that compare with a photo, and make more of what is in it."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax

from fviz import (
  checks,
  engine,
  jax_settings,
  objectives,
  optimizers,
  parameterizations,
  transforms,
  types,
)
from fviz.recipes import modern


def caricature(
  reference: types.Array, *, steps: int = 512, **settings
) -> engine.Recipe:
  """What a layer sees in an image, exaggerated: for `objectives.caricature`.

  Lucid's: from noise, with its standard transforms cropped to the image's size,
  the reference under the same draws.

  Args:
    reference: [n, h, w, c] in [0, 1].
    **settings: as for `lucid`, without size, channels, n and crop.

  >>> caricature(jnp.zeros([1, 16, 16, 3])).steps
  512
  """
  reference = jnp.asarray(checks.images('reference', reference))
  n, h, w, channels = reference.shape
  recipe = modern.lucid(
    (h, w), n=n, channels=channels, steps=steps, crop=True, **settings
  )
  return dataclasses.replace(recipe, reference=reference)


def accentuation(
  reference: types.Array,
  *,
  crops: int = 16,
  crop_size: types.Size | None = None,
  learning_rate: float = 0.05,
  steps: int = 99,
  snapshot_steps: tuple[int, ...] = (),
) -> engine.Recipe:
  """A photo with what a unit likes in it made stronger (Hamblin et al. 2024).

  From the photo's own spectrum; Adam .05; each step sees 16 crops of sides
  U(.05, .99) inside, with noise of N(0, .02^2) and U(+-.01), and the photo the
  same ones. The objective is `unit - weight * objectives.distance(layer)`, the
  weight from `balance`.

  Args:
    reference: [n, h, w, c] in [0, 1], the photos.
    steps: 99 updates in the paper's code.

  >>> accentuation(jnp.zeros([1, 16, 16, 3])).steps
  99
  """
  reference = jnp.asarray(checks.images('reference', reference))
  return engine.Recipe(
    parameterizations.from_images(reference, 'fourier'),
    optimizers.adam(learning_rate),
    transforms.compose(
      transforms.inner_crops(crops, size=crop_size),
      transforms.noise(0.02),
      transforms.uniform_noise(0.01),
    ),
    steps=steps,
    redirect_steps=0,
    snapshot_steps=snapshot_steps,
    reference=reference,
  )


@jax_settings.under_fixed
def balance(
  network: types.Network,
  first: types.Objective,
  second: types.Objective,
  recipe: engine.Recipe,
  seed: int = 0,
) -> float:
  """sum |gradient of first| / sum |gradient of second|: accentuation's lambda.

  With respect to the parameters, after one step along the first: at the start
  the distance to the photo is that of rounding, and its gradient says nothing.
  """
  first, second = (objectives.bind(o, network) for o in (first, second))
  layers = tuple(dict.fromkeys(first.layers + second.layers))
  key, parts = jax.random.key(seed), engine.parts_of(recipe)

  def value(objective, variables):
    def of(params):
      images = parts.parameterization.images(params)
      see = lambda x: network.apply(variables, parts.transform(key, x), layers)
      return objective(engine.beside(see, images, recipe.reference), images)

    return of

  @jax.jit
  def ratio(variables):
    params = parts.parameterization.init(key)
    rise = jax.grad(value(first, variables))(params)
    descent = jax.tree.map(jnp.negative, rise)
    update, _ = parts.optimizer.update(
      descent, parts.optimizer.init(params), params
    )
    params = optax.apply_updates(params, update)

    def size(objective):
      gradients = jax.grad(value(objective, variables))(params)
      return sum(jnp.sum(jnp.abs(g)) for g in jax.tree.leaves(gradients))

    return size(first) / jnp.maximum(size(second), 1e-12)

  return float(np.asarray(ratio(network.variables)))
