"""Objectives before they run: names become numbers, jobs get an axis."""

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from fviz import checks, types
from fviz.errors import FvizError, unknown
from fviz.objectives import class_names
from fviz.types import Activations, Array, Kind, Leaf, Network, Objective


@dataclasses.dataclass(frozen=True)
class At:
  """A formula at one layer: equal by value, so that jit caches survive.

  Attributes:
    formula: (activation [n, ..., channels] in float32, *values of leaves) ->
      scalar; a module-level function.
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


def of_layer(
  formula: Callable[..., Array], layer: str, *leaves: Leaf, reference=False
) -> Objective:
  """An objective of one layer; see `At`."""
  if not isinstance(layer, str):
    raise FvizError(
      f"layer must be the name of one, such as 'mixed3', not "
      f'{checks.shown(layer)}.'
    )
  return Objective(At(formula, layer, reference), (layer,), leaves)


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
  >>> print(bind(logit('dog'), net).leaves[0].value)
  1
  """
  checks.check_network(network)
  checks.check_objective(objective)
  layers = tuple(_layer_name(name, network) for name in objective.layers)
  function = objective.function
  if isinstance(function, At):
    function = dataclasses.replace(
      function, layer=_layer_name(function.layer, network)
    )
  leaves = tuple(_bound(leaf, layers, network) for leaf in objective.leaves)
  return Objective(function, layers, leaves)


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
    return None, _map(objective, _array)
  if len(sizes) > 1:
    raise FvizError(
      f'The leaves of one objective have {sizes} jobs. Give each leaf the same '
      'number of jobs, or no axis of jobs at all.'
    )
  repeat = lambda value, kind: _repeat(_array(value, kind), kind, sizes[0])
  return sizes[0], _map(objective, repeat)


# What several kinds of objectives read.


def take(a: Array, index: Array, axis: int) -> Array:
  """The entry of an axis whose number may be traced."""
  # Exact, and unlike indexing never a gather when vmapped over jobs.
  axis %= a.ndim
  chosen = jax.lax.broadcasted_iota(jnp.int32, a.shape, axis) == index
  return jnp.sum(jnp.where(chosen, a, 0), axis)


def mean_channel(a: Array, index: Array) -> Array:
  """The mean of a channel."""
  return jnp.mean(take(a, index, -1))


def at_center(a: Array) -> Array:
  """[n, ..., channels] -> [n, channels] at the position [h // 2, w // 2]."""
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


def _bound(leaf: Leaf, layers: tuple[str, ...], network: Network) -> Leaf:
  if leaf.kind is Kind.OBJECTIVE:
    return Leaf(bind(leaf.value, network), leaf.kind)
  value = leaf.value
  if leaf.kind is Kind.LABEL:
    value = _indices(value, network)
  value = _array(value, leaf.kind)
  if len(layers) == 1:
    _check(value, leaf.kind, layers[0], network)
  return Leaf(value, leaf.kind)


def _array(value: Any, kind: Kind) -> Array:
  """The value as int32 or float32 of its kind's rank, or one more for jobs."""
  if not isinstance(value, jax.Array):
    value = np.asarray(value)
  if value.dtype.kind in 'USO':
    raise FvizError(
      f'{value} is no {kind.value}; `bind` resolves the names of labels.'
    )
  if kind.is_integer and not jnp.issubdtype(value.dtype, jnp.integer):
    raise FvizError(f'{kind.value} must be an integer, not {value}.')
  if value.ndim not in (kind.rank, kind.rank + 1):
    raise FvizError(
      f'{kind.value} has shape {value.shape}: it takes {kind.rank} axes, '
      f'{kind.rank + 1} with an axis of jobs.'
    )
  return jnp.asarray(value, jnp.int32 if kind.is_integer else jnp.float32)


def _check(array: Array, kind: Kind, layer: str, network: Network) -> None:
  channels, name = network.layers[layer].channels, kind.value
  by_channel = kind in (Kind.VECTOR, Kind.MATRIX, Kind.ARRAY)
  if by_channel and array.shape[-1] != channels:
    raise FvizError(
      f'{name} of length {array.shape[-1]}: layer {layer!r} of {network.name} '
      f'has {channels} channels.'
    )
  if checks.traced(array):
    return
  if kind in (Kind.INDEX, Kind.LABEL):
    for i in np.atleast_1d(array):
      if not 0 <= i < channels:
        raise FvizError(
          f'{name} {i} is out of range: layer {layer!r} of {network.name} '
          f'has channels 0 to {channels - 1}.'
        )
  if kind is Kind.POSITION and np.any(np.asarray(array) < 0):
    raise FvizError(f'Position {array} is negative; count from 0, top left.')


def _indices(label: Any, network: Network) -> Any:
  """Indices for labels: a name, an index, or a sequence of either."""
  if isinstance(label, str):
    return class_names.index(label, network.labels, network.name)
  if isinstance(label, (list, tuple)):
    return np.array([_indices(one, network) for one in label], np.int32)
  if isinstance(label, np.ndarray) and label.dtype.kind in 'UO':
    return _indices(label.tolist(), network)
  return label


# Jobs.


def _sizes(objective: Objective) -> Iterator[int]:
  """How many jobs each leaf that has an axis of jobs is for."""
  for leaf in objective.leaves:
    if leaf.kind is Kind.OBJECTIVE:
      yield from _sizes(leaf.value)
    else:
      array = _array(leaf.value, leaf.kind)
      if array.ndim > leaf.kind.rank:
        yield array.shape[0]


def _map(
  objective: Objective, function: Callable[[Any, Kind], Array]
) -> Objective:
  """The objective with its values replaced, those of its parts too."""

  def mapped(leaf: Leaf) -> Leaf:
    if leaf.kind is Kind.OBJECTIVE:
      return Leaf(_map(leaf.value, function), leaf.kind)
    return Leaf(function(leaf.value, leaf.kind), leaf.kind)

  leaves = tuple(map(mapped, objective.leaves))
  return dataclasses.replace(objective, leaves=leaves)


def _repeat(array: Array, kind: Kind, jobs: int) -> Array:
  if array.ndim > kind.rank:
    return array
  return jnp.broadcast_to(array, (jobs, *array.shape))
