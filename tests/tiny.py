"""A network that compiles in no time, of plain functions."""

import jax
import jax.numpy as jnp
import numpy as np

from fviz import networks, types


def network(channels: int = 32) -> types.Network:
  """Two convolutions: 'first' with 4 channels, 'second' with as many as given.

  Channel 1 of 'second' is not a number.
  """
  rng = np.random.default_rng(0)
  weights = {
    'first': np.float32(rng.normal(size=(3, 3, 3, 4))),
    'second': np.float32(rng.normal(size=(3, 3, 4, channels))),
  }
  return networks.from_function(
    _apply, weights, ('first', 'second'), input_size=(16, 16), name='tiny'
  )


def _apply(weights, images, layers):
  found = {}
  for name in ('first', 'second'):
    dimensions = ('NHWC', 'HWIO', 'NHWC')
    images = jax.lax.conv_general_dilated(
      images, weights[name], (2, 2), 'SAME', dimension_numbers=dimensions
    )
    images = found[name] = jax.nn.relu(images)
  broken = jnp.arange(images.shape[-1]) == 1
  found['second'] = jnp.where(broken, jnp.nan, images)
  return {layer: found[layer] for layer in layers}
