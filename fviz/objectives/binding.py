"""Objectives before they run: names become numbers, jobs get an axis."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from fviz import types
from fviz.errors import FvizError, unknown
from fviz.objectives import class_names
from fviz.types import Activations, Array, Network, Objective

# The axes of a leaf that is not batched over jobs; all others have none.
_RANKS = {'vector': 1, 'mask': 2, 'matrix': 2, 'array': 3}


@dataclasses.dataclass(frozen=True)
class At:
  """A formula at one layer: equal by value, so that jit caches survive.

  Attributes:
    formula: (activation [n, ..., channels] in float32, *leaves) -> scalar; a
      module-level function.
    layer: the layer's name, '' for the network's last until `bind`.
    reference: whether the reference's activation comes second.
  """

  formula: Callable[..., Array]
  layer: str
  reference: bool = False

  def __call__(
    self, activations: Activations, images: Array, *leaves: Array
  ) -> Array:
    del images
    a = activations[self.layer].astype(jnp.float32)
    if self.reference:
      b = reference(activations, self.layer)
      leaves = (_checked_like(b, a, self.layer).astype(jnp.float32), *leaves)
    return self.formula(a, *leaves)


def reference(activations: Activations, layer: str = '') -> Array:
  """The reference's activation, or its images.

  Raises:
    FvizError: the recipe has no reference.
  """
  try:
    return activations[types.reference(layer)]
  except KeyError as error:
    raise FvizError(
      'This objective compares with a reference image: give the recipe one '
      '(Recipe.reference, or config.image).'
    ) from error


def _checked_like(b: Array, a: Array, layer: str) -> Array:
  if a.shape != b.shape:
    raise FvizError(
      f'The reference has {list(b.shape)} at {layer}, the images '
      f'{list(a.shape)}: make the reference of the same size and number.'
    )
  return b


def bind(objective: Objective, network: Network) -> Objective:
  """Checks an objective against a network; resolves labels and the last layer.

  Returns:
    The same objective with arrays for leaves, ready for `batch` and jit.

  >>> from fviz.objectives import logit
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

  >>> from fviz.objectives import channel
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


# What several kinds of objectives read.


def take(a: Array, index: Array, axis: int) -> Array:
  # Exact, and unlike indexing never a gather when vmapped over jobs.
  axis %= a.ndim
  chosen = jax.lax.broadcasted_iota(jnp.int32, a.shape, axis) == index
  return jnp.sum(jnp.where(chosen, a, 0), axis)


def mean_channel(a, index):
  return jnp.mean(take(a, index, -1))


def at_center(a):
  for axis in range(1, a.ndim - 1):
    a = jax.lax.index_in_dim(a, a.shape[axis] // 2, axis)
  return a


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
  if kind in ('vector', 'matrix', 'array') and array.shape[-1] != channels:
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
  return class_names.index(label, network.labels, network.name)


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
