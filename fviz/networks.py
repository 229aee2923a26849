"""Adapters: anybody's network as a pure `Network`.

`from_nnx` and `from_linen` make every module of a Flax network an addressable
layer, named by its attribute path ('mixed3/branch0/conv'); the network's own
output is the layer 'output'. Nothing is left behind in the user's model.
"""

from __future__ import annotations

import fnmatch
import functools
import hashlib
import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from flax import nnx
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


def from_nnx(
  model: nnx.Module,
  *,
  preprocess: Callable[[jax.Array], jax.Array] | None = None,
  labels: Sequence[str] = (),
  input_size: tuple[int, int] = (224, 224),
  input_channels: int = 3,
  name: str | None = None,
) -> types.Network:
  """A network from a Flax NNX module called as `model(images)`.

  The module is used in evaluation mode (running averages, no dropout).

  Args:
    model: any NNX module; it is read, never changed.
    preprocess: images in [0, 1] -> what the model expects; see `normalize`.
    labels: class names of the output.
    input_size: (height, width) the model was trained at.
    input_channels: channels of the images.
    name: for messages; the class name by default.

  >>> model = nnx.Sequential(
  ...   nnx.Conv(3, 4, (3, 3), rngs=nnx.Rngs(0)), nnx.relu)
  >>> network = from_nnx(model, input_size=(8, 8))
  >>> {k: v.channels for k, v in network.layers.items()}
  {'layers/0': 4, 'output': 4}
  """
  name = name or type(model).__name__
  graphdef, state = nnx.split(model)

  def forward(state, images):
    copy = nnx.merge(graphdef, state)  # Private: taps never leak.
    copy.eval()
    activations: dict[str, Any] = {}
    for path, module in nnx.iter_modules(copy):
      if path:
        _tap(module, '/'.join(map(str, path)), activations)
    output = copy(preprocess(images) if preprocess else images)
    return _with_output(activations, output)

  return _from_forward(forward, state, labels, input_size, input_channels, name)


def from_linen(
  module: nn.Module,
  variables: types.PyTree,
  *,
  preprocess: Callable[[jax.Array], jax.Array] | None = None,
  labels: Sequence[str] = (),
  input_size: tuple[int, int] = (224, 224),
  input_channels: int = 3,
  name: str | None = None,
  **call: Any,
) -> types.Network:
  """A network from a Flax Linen module and its variables.

  Args:
    module: called as `module.apply(variables, images, **call)`.
    variables: {'params': ..., 'batch_stats': ...}.
    preprocess: images in [0, 1] -> what the module expects; see `normalize`.
    labels: class names of the output.
    input_size: (height, width) the module was trained at.
    input_channels: channels of the images.
    name: for messages; the class name by default.
    **call: what the module wants when evaluated, such as train=False.
  """
  name = name or type(module).__name__

  def forward(variables, images):
    activations: dict[str, Any] = {}

    def record(call_next, args, kwargs, context):
      out = call_next(*args, **kwargs)
      if context.method_name == '__call__' and context.module.path:
        activations['/'.join(context.module.path)] = out
      return out

    with nn.intercept_methods(record):
      output = module.apply(
        variables, preprocess(images) if preprocess else images, **call
      )
    return _with_output(activations, output)

  return _from_forward(
    forward, variables, labels, input_size, input_channels, name
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


def check_layer(network: types.Network, layer: str) -> types.Layer:
  """The layer's description, or an error that lists all layers."""
  if layer not in network.layers:
    raise errors.unknown(f'layer of {network.name}', layer, network.layers)
  return network.layers[layer]


def is_pattern(text: str) -> bool:
  """Whether layers are chosen by * or ?.

  >>> is_pattern('mixed*'), is_pattern('mixed3,mixed4')
  (True, False)
  """
  return '*' in text or '?' in text


def select(network: types.Network, text: str) -> list[str]:
  """The layers that a text names.

  Args:
    network: whose.
    text: names and patterns with * and ?, by commas; what stands after ! is
      left out: 'mixed3,mixed4' or '*,!*/pre_relu'.

  Raises:
    FvizError: for a name or a pattern that no layer has, or if none is left.
  """
  wanted: list[str] = []
  unwanted: list[str] = []
  for part in filter(None, map(str.strip, text.split(','))):
    name = part.removeprefix('!')
    if is_pattern(name):
      found = [k for k in network.layers if fnmatch.fnmatchcase(k, name)]
      if not found:
        raise errors.unknown(
          f'pattern for layers of {network.name}', name, network.layers
        )
    else:
      check_layer(network, name)
      found = [name]
    (unwanted if part != name else wanted).extend(found)
  wanted = [k for k in dict.fromkeys(wanted) if k not in unwanted]
  if not wanted:
    raise errors.FvizError(
      f"No layer is left by {text!r}: give 'mixed3', say, or '*' for all."
    )
  return wanted


def table(network: types.Network) -> str:
  """All layers as text: name, channels, size and stride."""
  width = max(map(len, network.layers), default=5)
  rows = [f'{"layer":{width}}  channels  size     stride']
  for name, layer in network.layers.items():
    size = 'x'.join(map(str, layer.size)) or '-'
    rows.append(
      f'{name:{width}}  {layer.channels:8}  {size:7}  {layer.stride or "-":>6}'
    )
  return '\n'.join(rows)


def _from_forward(forward, variables, labels, size, channels, name):
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


def _with_output(activations, output):
  """Adds the network's result unless a layer of its own has that name."""
  if isinstance(output, jax.Array):
    activations.setdefault(OUTPUT, output)
  return activations


def _tap(module: nnx.Module, name: str, activations: dict[str, Any]) -> None:
  """Makes a module of a private copy store what it returns."""
  if not callable(module):
    return
  store = functools.partial(activations.__setitem__, name)
  object.__setattr__(module, '_fviz_store', store)
  module.__class__ = _tapped(type(module))


@functools.cache
def _tapped(cls: type) -> type:
  def __call__(self, *args, **kwargs):
    out = cls.__call__(self, *args, **kwargs)
    self._fviz_store(out)
    return out

  return type(cls)(cls.__name__, (cls,), {'__call__': __call__})


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


def fingerprint(network: types.Network) -> str:
  """A hash of the weights, wherever they came from."""
  digest = hashlib.sha256()
  for leaf in jax.tree.leaves(network.variables):
    if not jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key):
      digest.update(np.ascontiguousarray(leaf).tobytes())
  return digest.hexdigest()
