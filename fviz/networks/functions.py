"""A network from a pure function; what all adapters share."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from fviz import errors, jax_settings
from fviz.types import Array, Layer, Network, PyTree

OUTPUT = 'output'


@jax_settings.under_fixed
def from_function(
  apply: Callable[..., dict[str, Array]],
  variables: PyTree,
  layers: Sequence[str],
  *,
  labels: Sequence[str] = (),
  input_size: tuple[int, int] = (224, 224),
  input_channels: int = 3,
  name: str = 'network',
) -> Network:
  """A network from a pure function.

  Args:
    apply: (variables, images, layers) -> {layer: activation}; images are
      [n, h, w, c] in [0, 1], layers a tuple of names.
    variables: the weights, any pytree.
    layers: all names that `apply` knows, in the order of the forward pass.
    labels: class names of the last layer.
    input_size: (height, width) at which the table of layers gives their sizes.
    input_channels: c of the images.
    name: for messages and records.

  Raises:
    FvizError: if a layer's activation is not an array [n, ..., channels].
  """
  variables = _in_32_bits(variables)
  checked = _checked(apply, layers, input_channels, name)
  images = jax.ShapeDtypeStruct((1, *input_size, input_channels), jnp.float32)
  found = jax.eval_shape(lambda v, x: checked(v, x, layers), variables, images)
  shapes = {k: found[k] for k in layers}
  return _network(
    checked, variables, shapes, labels, input_size, input_channels, name
  )


@jax_settings.under_fixed
def normalize(
  mean: ArrayLike | Sequence[float] = (0.485, 0.456, 0.406),
  std: ArrayLike | Sequence[float] = (0.229, 0.224, 0.225),
) -> Callable[[Array], Array]:
  """Preprocessing (images - mean) / std; ImageNet's statistics by default.

  Each is one number for every channel of images in [0, 1], or one for all.

  >>> normalize(0.5, 0.5)(jnp.ones((1, 2, 2, 3))).max().item()
  1.0
  """
  mean, std = jnp.asarray(mean, jnp.float32), jnp.asarray(std, jnp.float32)
  return lambda images: (images - mean) / std


def from_forward(
  forward: Callable[[PyTree, Array], tuple[dict[str, Any], Any]],
  variables: PyTree,
  preprocess: Callable[[Array], Array] | None,
  labels: Sequence[str],
  input_size: tuple[int, int],
  input_channels: int,
  name: str,
) -> Network:
  """A network from a forward pass that records what its modules return.

  All but these arguments are those of `from_function`.

  Args:
    forward: (variables, preprocessed images) -> ({layer: what it returned, in
      the order of the forward pass}, the output). What is not one array is
      dropped, since modules may return tuples or caches.
    preprocess: images in [0, 1] -> what `forward` takes; None changes nothing.

  Raises:
    FvizError: if the forward pass does not run on images of this size.
  """

  def arrays(variables, images):
    images = preprocess(images) if preprocess else images
    found, output = forward(variables, images)
    found.setdefault(OUTPUT, output)  # Unless a layer has that name.
    return {k: v for k, v in found.items() if isinstance(v, jax.Array)}

  def apply(variables, images, layers):
    activations = arrays(variables, images)
    return {layer: activations[layer] for layer in layers}

  variables = _in_32_bits(variables)
  shapes = _shapes(arrays, variables, (1, *input_size, input_channels), name)
  checked = _checked(apply, shapes, input_channels, name)
  return _network(
    checked, variables, shapes, labels, input_size, input_channels, name
  )


def _in_32_bits(variables: PyTree) -> PyTree:
  """Weights of a process in 64-bit mode as fviz computes: float32, int32."""
  narrower = {'float64': jnp.float32, 'int64': jnp.int32, 'uint64': jnp.uint32}

  def narrow(x):
    wide = narrower.get(str(getattr(x, 'dtype', '')))
    return jnp.asarray(x, wide) if wide else x

  return jax.tree.map(narrow, variables)


def _shapes(arrays, variables, shape, name) -> dict[str, jax.ShapeDtypeStruct]:
  """What the layers look like on images of a shape, without running them."""
  images = jax.ShapeDtypeStruct(shape, jnp.float32)
  shapes = {}

  def record(variables, images):
    # eval_shape sorts dictionaries; the trace itself knows the order.
    for k, v in arrays(variables, images).items():
      if v.ndim >= 2:
        shapes[k] = jax.ShapeDtypeStruct(v.shape, v.dtype)

  try:
    jax.eval_shape(record, variables, images)
  except (TypeError, ValueError) as error:
    raise errors.FvizError(
      f'{name} does not run on images of shape {shape}: {error}. '
      'Give input_size and input_channels as the network expects them.'
    ) from error
  return shapes


def _checked(apply, known, channels, name):
  """The function, after a check of its images and layers."""

  def checked(variables, images, layers):
    shape = images.shape
    if len(shape) != 4 or shape[-1] != channels or 0 in shape:
      raise errors.FvizError(
        f'{name} takes images [n, height, width, {channels}], not of shape '
        f'{tuple(shape)}.'
      )
    for layer in layers:
      if layer not in known:
        raise errors.unknown(f'layer of {name}', layer, known)
    return apply(variables, images, tuple(layers))

  return checked


def _network(apply, variables, shapes, labels, size, channels, name):
  """A network from the shapes of its layers."""
  layers = {k: _layer(k, shape, size) for k, shape in shapes.items()}
  labels, size = tuple(labels), tuple(size)
  return Network(apply, variables, layers, labels, size, channels, name)


def _layer(name, shape, size) -> Layer:
  if len(getattr(shape, 'shape', ())) < 2:
    raise errors.FvizError(
      f'Layer {name!r} returns {shape}; it must be an array [n, ..., channels].'
    )
  spatial = tuple(shape.shape[1:-1])
  # Strides are powers of two; VALID padding makes the plain ratio uneven.
  ratio = size[0] / spatial[0] if len(spatial) == 2 else 0
  stride = 2 ** round(math.log2(ratio)) if ratio else 0
  return Layer(shape.shape[-1], spatial, stride)
