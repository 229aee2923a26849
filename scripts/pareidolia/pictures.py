"""Pictures that the evaluation of pareidolia makes, with the library itself.

The recipe is what a user can write: see the model card for the one-liner.
"""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import optax

from fviz import engine, objectives, parameterizations, transforms
from fviz import types as types


def grain_recipe(size: int = 80, steps: int = 96) -> engine.Recipe:
  """The study's: steep steps, decay 1 and no total variation shows all grain.

  Its pictures are the level to beat; only at the same size, spectrum, step
  and count can the energy near Nyquist be compared.
  """
  rate = optax.piecewise_constant_schedule(0.15, {int(0.6 * steps): 0.5})
  return engine.Recipe(
    parameterization=parameterizations.fourier(size, decay=1.0),
    optimizer=optax.adam(rate),
    transform=transforms.compose(
      transforms.pad(size // 10),
      transforms.scale(0.9, 1.12),
      transforms.rotate(-10, 10),
      transforms.jitter(2 * (size // 10)),
    ),
    steps=steps,
  )


def classes(
  network: types.Network, recipe: engine.Recipe, seed: int = 0
) -> np.ndarray:
  """One picture a class, of its log odds: [classes, size, size, 3]."""
  wanted = objectives.log_odds(jnp.arange(len(network.labels)))
  return engine.render(network, wanted, recipe, seed=seed).images[:, 0]


def channels(
  network: types.Network,
  layer: str,
  indices: np.ndarray,
  recipe: engine.Recipe,
  seed: int = 0,
) -> np.ndarray:
  """One picture a channel, of its mean: [n, size, size, 3] in [0, 1]."""
  wanted = objectives.channel(layer, jnp.asarray(indices))
  return engine.render(network, wanted, recipe, seed=seed).images[:, 0]
