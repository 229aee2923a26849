"""A network from a pure function; what all adapters share."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from fviz import errors, types

OUTPUT = 'output'


def from_function(
  apply: Callable[..., dict[str, jax.Array]],
  variables: types.PyTree,
  layers: Sequence[str],
  *,
  labels: Sequence[str] = (),
  input_size: tuple[int, int] = (224, 224),
  input_channels: int = 3,
  name: str = 'network',
) -> types.Network:
  """A network from a pure function.

  Args:
    apply: (variables, images, layers) -> {layer: activation}; images are
      [n, h, w, c] in [0, 1], layers a tuple of names.
    variables: its weights, any pytree.
    layers: all names that `apply` knows, in the order of the forward pass.
    labels: class names of the last layer.
    input_size: (height, width) that the layers' sizes are quoted at.
    input_channels: c of the images.
    name: for messages and records.

  Raises:
    FvizError: if a layer's activation is not an array [n, ..., channels].
  """

  checked = _checked(apply, layers, input_channels, name)
  images = jax.ShapeDtypeStruct((1, *input_size, input_channels), jnp.float32)
  shapes = jax.eval_shape(
    functools.partial(checked, layers=tuple(layers)), variables, images
  )
  return _network(
    checked,
    variables,
    {k: shapes[k] for k in layers},
    labels,
    input_size,
    input_channels,
    name,
  )


def normalize(
  mean: ArrayLike = (0.485, 0.456, 0.406),
  std: ArrayLike = (0.229, 0.224, 0.225),
) -> Callable[[jax.Array], jax.Array]:
  """Preprocessing (images - mean) / std; ImageNet's statistics by default.

  >>> normalize(0.5, 0.5)(jnp.ones((1, 2, 2, 3))).max().item()
  1.0
  """
  mean, std = jnp.asarray(mean, jnp.float32), jnp.asarray(std, jnp.float32)
  return lambda images: (images - mean) / std


def from_forward(forward, variables, labels, size, channels, name):
  """A network from a forward pass that returns all its activations."""
  images = jax.ShapeDtypeStruct((1, *size, channels), jnp.float32)
  shapes: dict[str, Any] = {}

  def record(variables, images):
    # eval_shape sorts dictionaries; the trace itself knows the order.
    for k, v in _arrays_of(forward)(variables, images).items():
      shapes[k] = jax.ShapeDtypeStruct(v.shape, v.dtype)

  try:
    jax.eval_shape(record, variables, images)
  except (TypeError, ValueError) as error:
    raise errors.FvizError(
      f'{name} does not run on images of shape {images.shape}: {error}. '
      'Give input_size and input_channels as the network expects them.'
    ) from error
  shapes = {k: v for k, v in shapes.items() if len(v.shape) >= 2}

  def apply(variables, images, layers):
    activations = _arrays_of(forward)(variables, images)
    return {layer: activations[layer] for layer in layers}

  checked = _checked(apply, shapes, channels, name)
  return _network(checked, variables, shapes, labels, size, channels, name)


def _checked(apply, known, channels, name):
  """The function with its images and layers looked at first."""

  def checked(variables, images, layers):
    _check_images(images.shape, channels, name)
    for layer in layers:
      if layer not in known:
        raise errors.unknown(f'layer of {name}', layer, known)
    return apply(variables, images, tuple(layers))

  return checked


def _network(apply, variables, shapes, labels, size, channels, name):
  """A network from the shapes of its layers."""
  return types.Network(
    apply=apply,
    variables=variables,
    layers={k: _layer(k, shape, size) for k, shape in shapes.items()},
    labels=tuple(labels),
    input_size=tuple(size),
    input_channels=channels,
    name=name,
  )


def _arrays_of(forward):
  """Drops what is not one array: modules may return tuples or caches."""

  def arrays(variables, images):
    activations = forward(variables, images)
    return {k: v for k, v in activations.items() if isinstance(v, jax.Array)}

  return arrays


def _check_images(shape, channels, name):
  if len(shape) != 4 or shape[-1] != channels or 0 in shape:
    raise errors.FvizError(
      f'{name} takes images [n, height, width, {channels}], not of shape '
      f'{tuple(shape)}.'
    )


def with_output(activations, output):
  """Adds the network's result unless a layer of its own has that name."""
  if isinstance(output, jax.Array):
    activations.setdefault(OUTPUT, output)
  return activations


def _layer(name, shape, size) -> types.Layer:
  if len(getattr(shape, 'shape', ())) < 2:
    raise errors.FvizError(
      f'Layer {name!r} returns {shape}; it must be an array [n, ..., channels].'
    )
  spatial = tuple(shape.shape[1:-1])
  # Strides are powers of two; VALID padding makes the plain ratio uneven.
  ratio = size[0] / spatial[0] if len(spatial) == 2 else 0
  stride = 2 ** round(math.log2(ratio)) if ratio else 0
  return types.Layer(shape.shape[-1], spatial, stride)
