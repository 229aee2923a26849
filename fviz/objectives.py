"""What to maximize: numbers read off a layer's activations.

Every objective is a mean over images and positions (sums would tie published
weights to a batch and a size). `__all__` is what config strings can name.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from fviz import labels
from fviz.errors import FvizError, unknown
from fviz.types import Activations, Array, Network, Objective

__all__ = [
  'channel',
  'neuron',
  'layer',
  'deepdream',
  'direction',
  'logit',
  'log_odds',
]

# The axes of a leaf that is not batched over jobs; all others have none.
_RANKS = {'vector': 1, 'array': 3}


@dataclasses.dataclass(frozen=True)
class At:
  """A formula at one layer: equal by value, so that jit caches survive.

  Attributes:
    formula: (activation [n, ..., channels] in float32, *leaves) -> scalar; a
      module-level function.
    layer: the layer's name, '' for the network's last until `bind`.
  """

  formula: Callable[..., Array]
  layer: str

  def __call__(
    self, activations: Activations, images: Array, *leaves: Array
  ) -> Array:
    del images
    return self.formula(activations[self.layer].astype(jnp.float32), *leaves)


def channel(layer: str, index: ArrayLike) -> Objective:
  """The mean activation of a channel (Olah et al. 2017, lucid's `channel`).

  >>> a = {'mixed': jnp.ones([1, 2, 2, 3]) * jnp.arange(3.)}
  >>> print(channel('mixed', 2)(a, None))
  2.0
  """
  return Objective(At(_channel, layer), (layer,), (index,), ('index',))


def neuron(
  layer: str,
  index: ArrayLike,
  y: ArrayLike | None = None,
  x: ArrayLike | None = None,
) -> Objective:
  """One channel at one position (Erhan et al. 2009, lucid's `neuron`).

  The default position is [h // 2, w // 2]. A position outside the activation
  gives NaN: the size is only known once the images are, and is then static
  while the position is not.

  >>> a = {'mixed': jnp.arange(12.).reshape(1, 2, 2, 3)}
  >>> print(neuron('mixed', 0)(a, None), neuron('mixed', 1, 0, 1)(a, None))
  9.0 4.0
  """
  if (y is None) != (x is None):
    raise FvizError(f'neuron needs both y and x or neither, not {y=}, {x=}.')
  if y is None:
    return Objective(At(_center, layer), (layer,), (index,), ('index',))
  kinds = ('index', 'position', 'position')
  return Objective(At(_neuron, layer), (layer,), (index, y, x), kinds)


def layer(name: str) -> Objective:
  """The mean activation of a whole layer.

  >>> print(layer('mixed')({'mixed': -jnp.ones([1, 2, 2, 3])}, None))
  -1.0
  """
  return Objective(At(jnp.mean, name), (name,))


def deepdream(name: str) -> Objective:
  """The mean squared activation (DeepDream 2015, lucid's `deepdream`).

  >>> print(deepdream('mixed')({'mixed': -2 * jnp.ones([1, 2, 2, 3])}, None))
  4.0
  """
  return Objective(At(_mean_square, name), (name,))


def direction(
  layer: str, vector: ArrayLike, cossim_pow: ArrayLike = 0.0
) -> Objective:
  """The mean of (a . v) max(.1, cos(a, v))^cossim_pow, as lucid has it.

  Args:
    layer: the layer's name.
    vector: v, [channels].
    cossim_pow: 0 for the plain dot product; 2 or 4 are usual in atlases.

  >>> a = {'mixed': jnp.ones([1, 2, 2, 3])}
  >>> print(direction('mixed', [1., 2., 3.])(a, None))
  6.0
  """
  # An array from the start: a list would be several leaves of the pytree.
  leaves = (np.asarray(vector), cossim_pow)
  kinds = ('vector', 'number')
  return Objective(At(_direction, layer), (layer,), leaves, kinds)


def logit(label: str | ArrayLike | Sequence[str], layer: str = '') -> Objective:
  """A class before the softmax, which would also reward fewer rivals.

  Simonyan et al. 2013. `bind` resolves names and the default layer.

  Args:
    label: the name of a class, or its index.
    layer: where the logits are; '' is the network's last layer.

  >>> print(logit(1, 'logits')({'logits': jnp.array([[3., 4.]])}, None))
  4.0
  """
  return Objective(At(_channel, layer), (layer,), (label,), ('label',))


def log_odds(
  label: str | ArrayLike | Sequence[str], layer: str = ''
) -> Objective:
  """log(p / (1 - p)) of a class: its logit, less the logsumexp of the others.

  A logit alone can stay at a grey start, or grow beside larger ones; this one
  also has to drive the rivals out, and does not saturate as log p does.

  Args:
    label: the name of a class, or its index.
    layer: where the logits are; '' is the network's last layer.

  >>> print(log_odds(1, 'logits')({'logits': jnp.array([[3., 4.]])}, None))
  1.0
  """
  return Objective(At(_log_odds, layer), (layer,), (label,), ('label',))


def bind(objective: Objective, network: Network) -> Objective:
  """Checks an objective against a network; resolves labels and the last layer.

  Returns:
    The same objective with arrays for leaves, ready for `batch` and jit.

  >>> from fviz.types import Layer, Network
  >>> net = Network(None, {}, {'logits': Layer(2, (), 0)}, ('cat', 'dog'))
  >>> print(bind(logit('dog'), net).leaves[0])
  1
  """
  layers = tuple(_layer_name(name, network) for name in objective.layers)
  function = objective.function
  if isinstance(function, At):
    function = dataclasses.replace(
      function, layer=_layer_name(function.layer, network)
    )
  leaves = tuple(
    _bind_leaf(leaf, kind, layers, network)
    for leaf, kind in zip(objective.leaves, objective.kinds, strict=True)
  )
  return Objective(function, layers, leaves, objective.kinds)


def batch(objective: Objective) -> tuple[int | None, Objective]:
  """Finds the axis of jobs, and gives it to every leaf.

  A leaf with one axis more than its kind has is batched; if any is, the others
  are repeated, so that `jax.vmap` over the objective works.

  Returns:
    The number of jobs, None if no leaf is batched; and the objective.

  >>> jobs, many = batch(channel('mixed', np.arange(3)) * 2.0)
  >>> jobs, [leaf.shape for leaf in jax.tree.leaves(many)]
  (3, [(3,), (3,)])
  """
  sizes = sorted(set(_sizes(objective)))
  if not sizes:
    return None, _map(objective, lambda leaf, kind: _array(leaf, kind))
  if len(sizes) > 1:
    raise FvizError(
      f'The leaves of one objective have {sizes} jobs. Give each leaf the same '
      'number of jobs, or no axis of jobs at all.'
    )
  return sizes[0], _map(
    objective, lambda leaf, kind: _repeat(_array(leaf, kind), kind, sizes[0])
  )


# Formulas: (activation [n, ..., channels], *leaves) -> scalar.


def _take(a: Array, index: Array, axis: int) -> Array:
  # Exact, and unlike indexing never a gather when vmapped over jobs.
  axis %= a.ndim
  chosen = jax.lax.broadcasted_iota(jnp.int32, a.shape, axis) == index
  return jnp.sum(jnp.where(chosen, a, 0), axis)


def _channel(a, index):
  return jnp.mean(_take(a, index, -1))


def _log_odds(a, index):
  own = jax.lax.broadcasted_iota(jnp.int32, a.shape, a.ndim - 1) == index
  rivals = jax.nn.logsumexp(jnp.where(own, -jnp.inf, a), -1)
  return jnp.mean(_take(a, index, -1) - rivals)


def _center(a, index):
  for axis in range(1, a.ndim - 1):
    a = jax.lax.index_in_dim(a, a.shape[axis] // 2, axis)
  return _channel(a, index)


def _neuron(a, index, y, x):
  if a.ndim != 4:
    raise FvizError(f'neuron: a layer of shape {a.shape} has no positions.')
  _, h, w, _ = a.shape
  value = jnp.mean(_take(_take(_take(a, index, -1), x, 2), y, 1))
  inside = (y >= 0) & (y < h) & (x >= 0) & (x < w)
  return jnp.where(inside, value, jnp.nan)


def _mean_square(a):
  return jnp.mean(a**2)


def _direction(a, vector, power):
  vector = jnp.asarray(vector, jnp.float32)
  dot = jnp.einsum('...c,c->...', a, vector, precision='highest')
  cos = dot / (_norm(a) + 1e-4) / (_norm(vector) + 1e-4)
  return jnp.mean(dot * jnp.maximum(cos, 0.1) ** power)


def _norm(a):
  # The constant keeps the gradient of a zero vector from being 0/0.
  return jnp.sqrt(jnp.sum(a**2, -1) + 1e-12)


# Binding.


def _layer_name(name: str, network: Network) -> str:
  if name == '' and network.layers:
    return list(network.layers)[-1]
  if name not in network.layers:
    raise unknown(f'layer of {network.name}', name, network.layers)
  return name


def _bind_leaf(leaf, kind, layers, network):
  if kind == 'objective':
    return bind(leaf, network)
  if kind == 'label':
    leaf = _indices(leaf, network)
  array = _array(leaf, kind)
  if len(layers) == 1:
    _check(array, kind, layers[0], network)
  return array


def _array(leaf: Any, kind: str) -> Array:
  """Leaves as int32 or float32 of the kind's rank, or one more for jobs."""
  integer = kind in ('index', 'label', 'position')
  if not isinstance(leaf, jax.Array):
    leaf = np.asarray(leaf)
  if leaf.dtype.kind in 'USO':
    raise FvizError(
      f'{leaf} is no {kind}; `bind` resolves the names of labels.'
    )
  if integer and not jnp.issubdtype(leaf.dtype, jnp.integer):
    raise FvizError(f'{kind} must be an integer, not {leaf}.')
  rank = _RANKS.get(kind, 0)
  if leaf.ndim not in (rank, rank + 1):
    raise FvizError(
      f'{kind} has shape {leaf.shape}: it takes {rank} axes, '
      f'{rank + 1} with an axis of jobs.'
    )
  return jnp.asarray(leaf, jnp.int32 if integer else jnp.float32)


def _check(array: Array, kind: str, layer: str, network: Network) -> None:
  channels = network.layers[layer].channels
  if kind in ('vector', 'array') and array.shape[-1] != channels:
    raise FvizError(
      f'{kind} of length {array.shape[-1]}: layer {layer!r} of {network.name} '
      f'has {channels} channels.'
    )
  if isinstance(array, jax.core.Tracer):
    return
  if kind in ('index', 'label'):
    for i in np.atleast_1d(array):
      if not 0 <= i < channels:
        raise FvizError(
          f'{kind} {i} is out of range: layer {layer!r} of {network.name} '
          f'has channels 0 to {channels - 1}.'
        )
  if kind == 'position' and np.any(np.asarray(array) < 0):
    raise FvizError(f'Position {array} is negative; count from 0, top left.')


def _indices(label, network: Network):
  """Indices for labels: a name, an index, or a sequence of either."""
  if isinstance(label, str):
    return _index(label, network)
  if isinstance(label, (list, tuple)):
    return np.array([_indices(one, network) for one in label], np.int32)
  if isinstance(label, np.ndarray) and label.dtype.kind in 'UO':
    return _indices(label.tolist(), network)
  return label


def _index(label: str, network: Network) -> int:
  return labels.index(label, network.labels, network.name)


# Jobs.


def _sizes(objective: Objective):
  for leaf, kind in zip(objective.leaves, objective.kinds, strict=True):
    if kind == 'objective':
      yield from _sizes(leaf)
    else:
      array = _array(leaf, kind)
      if array.ndim > _RANKS.get(kind, 0):
        yield array.shape[0]


def _map(objective: Objective, function) -> Objective:
  leaves = tuple(
    _map(leaf, function) if kind == 'objective' else function(leaf, kind)
    for leaf, kind in zip(objective.leaves, objective.kinds, strict=True)
  )
  return dataclasses.replace(objective, leaves=leaves)


def _repeat(array: Array, kind: str, jobs: int) -> Array:
  if array.ndim > _RANKS.get(kind, 0):
    return array
  return jnp.broadcast_to(array, (jobs, *array.shape))
