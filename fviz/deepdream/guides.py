"""Objectives of dreams that hold measured numbers: norms, and guides.

Config strings cannot name them, as they are built from statistics or a photo.
Both are means over images and positions.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from fviz import checks, objectives
from fviz.errors import FvizError
from fviz.types import Kind, Leaf, Network, Objective

_FLOOR = 0.02  # Added to every deviation: dead channels divide by zero.


def normalized(
  layer: str, mean: ArrayLike, std: ArrayLike, power: ArrayLike = 2.0
) -> Objective:
  """mean(relu((a - mean) / std)^power): every channel counts alike.

  In the plain squared norm a few strong channels drown all others. Mean and
  deviation, [channels] each, are those on ordinary pictures.

  >>> a = {'mixed': jnp.array([3.0, 3.0, -9.0]).reshape(1, 1, 1, 3)}
  >>> print(normalized('mixed', [1., 3., 0.], [.98, .98, .98])(a, None))
  1.3333334
  """
  vectors = (Leaf(np.asarray(x, np.float32), Kind.VECTOR) for x in (mean, std))
  return objectives.of_layer(_normalized, layer, *vectors, Leaf(power))


def guided(layer: str, features: ArrayLike) -> Objective:
  """mean over positions of max_j a . y_j, y_j the guide's (DeepDream 2015).

  Its gradient on the layer is the guide's feature that fits best at each
  position, as the notebook puts it there. `features` are the activations of the
  guide at this layer, [h, w, channels].

  >>> a = {'mixed': jnp.array([1.0, 2.0]).reshape(1, 1, 1, 2)}
  >>> print(guided('mixed', jnp.eye(2)[None])(a, None))
  2.0
  """
  features = np.asarray(features, np.float32)
  if features.ndim != 3 or not features.size:
    raise FvizError(f'A guide is [h, w, channels], not {features.shape}.')
  return objectives.of_layer(_guided, layer, Leaf(features, Kind.ARRAY))


def guide(network: Network, layer: str, image: ArrayLike) -> Objective:
  """`guided` by the features of an image, [h, w, c] in [0, 1].

  Raises:
    FvizError: a layer without positions, such as logits.
  """
  if layer not in network.layers or not network.layers[layer].size:
    spatial = [k for k, v in network.layers.items() if v.size]
    raise FvizError(
      f'A guide needs a layer with positions, not {layer!r}; those of '
      f'{network.name} are: {", ".join(spatial)}.'
    )
  apply = jax.jit(network.apply, static_argnums=2)
  channels = network.input_channels
  images = jnp.asarray(checks.images('A guide', image, 'h w c', channels))[None]
  features = apply(network.variables, images, (layer,))[layer][0]
  return guided(layer, np.asarray(features))


def _normalized(a, mean, std, power):
  z = (a - mean) / (std + _FLOOR)
  return jnp.mean(jax.nn.relu(z) ** power)


def _guided(a, features):
  if a.ndim != 4:
    raise FvizError(f'guided: a layer of shape {a.shape} has no positions.')
  x = a.reshape(-1, a.shape[-1])
  y = features.reshape(-1, a.shape[-1])
  # The sum is exact in the choice: ties and rounding only swap equal fits.
  best = jnp.argmax(jax.lax.stop_gradient(x) @ y.T, axis=1)
  return jnp.mean(jnp.sum(x * y[best], axis=1))
