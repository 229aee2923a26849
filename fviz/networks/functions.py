"""A network from a pure function; what all adapters share."""

import contextlib
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from fviz import checks, errors, jax_settings
from fviz.networks import layer_tags
from fviz.types import Array, Layer, Network, PyTree, Size

OUTPUT = 'output'


@jax_settings.under_fixed
def from_function(
  apply: Callable[..., dict[str, Array]],
  variables: PyTree,
  layers: Sequence[str],
  *,
  labels: Sequence[str] = (),
  input_size: Size = (224, 224),
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
    input_size: (height, width) at which the table of layers gives their sizes,
      or one side.
    input_channels: c of the images.
    name: for messages and records.

  Raises:
    FvizError: if the function does not run, or a layer's activation is not an
      array [n, ..., channels].
  """
  if not callable(apply):
    raise errors.FvizError(f'apply must be a function, not {apply!r}.')
  layers = _names('layers', layers)
  about = _About(name, labels, input_size, input_channels)
  variables = _weights(variables)
  checked = _checked(apply, layers, about)
  with about.explained('(variables, images, layers)'):
    found = jax.eval_shape(
      lambda v, x: checked(v, x, layers), variables, about.images
    )
    shapes = {k: found[k] for k in layers}
  return about.network(checked, variables, shapes)


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
  checks.check_numbers('mean', mean, -math.inf)
  checks.check_numbers('std', std, 0, above=True)
  mean, std = jnp.asarray(mean, jnp.float32), jnp.asarray(std, jnp.float32)
  return lambda images: (images - mean) / std


def from_forward(
  forward: Callable[[PyTree, Array], Any],
  variables: PyTree,
  preprocess: Callable[[Array], Array] | None,
  labels: Sequence[str],
  input_size: Size,
  input_channels: int,
  name: str,
) -> Network:
  """A network from a forward pass that tags what its modules return.

  All but these arguments are those of `from_function`.

  Args:
    forward: (variables, preprocessed images) -> output; see `layer_tags`. An
      output that is not one array is no layer, since modules may return tuples
      or caches.
    preprocess: images in [0, 1] -> what `forward` takes; None changes nothing.

  Raises:
    FvizError: if the forward pass does not run on images of this size.
  """
  about = _About(name, labels, input_size, input_channels)
  variables = _weights(variables)
  whole = lambda v, x: forward(v, preprocess(x) if preprocess else x)

  traces = {}  # Tracing takes as long as a small picture.

  def activations(variables, images, layers=()):
    leaves = jax.tree.leaves((variables, images))
    kinds = tuple((jnp.shape(x), jnp.result_type(x)) for x in leaves)
    config: Any = jax.config  # Its values have no static types.
    key = kinds, config.jax_default_matmul_precision
    if key in traces:
      closed, output = traces[key]
    else:
      closed, output = layer_tags.trace(whole, (variables, images), layers)
      if output is not None:  # It ran to its end.
        traces[key] = closed, output
    found, ends = layer_tags.run(closed, leaves)
    if isinstance(output, jax.ShapeDtypeStruct):
      found.setdefault(OUTPUT, ends[0])  # Unless a layer has that name.
    return found

  def apply(variables, images, layers):
    found = activations(variables, images, layers)
    return {layer: found[layer] for layer in layers}

  shapes = {}

  def record(variables, images):
    # eval_shape sorts dictionaries; the trace itself knows the order.
    for k, v in activations(variables, images).items():
      if v.ndim >= 2:
        shapes[k] = jax.ShapeDtypeStruct(v.shape, v.dtype)

  with about.explained('its images'):
    jax.eval_shape(record, variables, about.images)
  return about.network(_checked(apply, shapes, about), variables, shapes)


class _About:
  """What is said about a network beside its function and weights, checked."""

  def __init__(
    self, name: str, labels: Sequence[str], size: Size, channels: int
  ):
    checks.check_int('input_channels', channels, 1)
    self.name, self.channels = str(name), int(channels)
    self.size = checks.check_size(size, 'input_size')
    self.labels = _names('labels', labels)

  @property
  def images(self) -> jax.ShapeDtypeStruct:
    """One image of the size that it was trained at."""
    shape = 1, *self.size, self.channels
    return jax.ShapeDtypeStruct(shape, jnp.float32)

  @contextlib.contextmanager
  def explained(self, arguments: str) -> Iterator[None]:
    """Makes what a user's code raises an `FvizError` that says what to try."""
    try:
      yield
    except errors.FvizError:
      raise
    except Exception as error:  # Users' code and Flax raise all kinds.
      raise errors.FvizError(
        f'{self.name} does not run on {arguments} with images of shape '
        f'{self.images.shape}: {type(error).__name__}: {error}\n'
        + _advice(error)
      ) from error

  def network(self, apply, variables, shapes) -> Network:
    """A network from the shapes of its layers."""
    layers = {k: _layer(k, shape, self.size) for k, shape in shapes.items()}
    return Network(
      apply, variables, layers, self.labels, self.size, self.channels, self.name
    )


def _advice(error: Exception) -> str:
  """What may help: about the call, the variables, or the images."""
  text = f'{type(error).__name__} {error}'
  if 'unexpected keyword' in text:
    return 'Give only what its call takes beside images.'
  if 'rng' in text.lower() or 'required positional' in text:
    return (
      'Give what its call wants when it is evaluated, by name: '
      'from_linen(module, variables, train=False), from_nnx(model, '
      'train=False), or deterministic=True.'
    )
  if 'batch_stats' in text or 'mutable' in text or 'Immutable' in text:
    return (
      "Give all collections of its variables, {'params': ..., 'batch_stats': "
      '...}, and what evaluates it, such as train=False.'
    )
  if 'params' in text and 'ScopeParamShape' not in text:
    return "Give its variables as init returned them: {'params': ...}."
  return 'Give input_size and input_channels as the network expects them.'


def _names(what: str, names: Sequence[str]) -> tuple[str, ...]:
  """A list of names, checked."""
  fits = isinstance(names, (list, tuple)) and all(
    isinstance(name, str) for name in names
  )
  if not fits:
    raise errors.FvizError(
      f'{what} must be a list of texts in order, not {names!r}.'
    )
  return tuple(names)


def _weights(variables: PyTree) -> PyTree:
  """Weights as fviz computes: float32 and int32, also in 64-bit mode."""
  narrower = {'float64': jnp.float32, 'int64': jnp.int32, 'uint64': jnp.uint32}

  def narrow(x):
    wide = narrower.get(str(getattr(x, 'dtype', '')))
    abstract = isinstance(x, jax.ShapeDtypeStruct)
    return jnp.asarray(x, wide) if wide and not abstract else x

  return jax.tree.map(narrow, variables)


def _checked(apply, known, about: _About):
  """The function, after a check of its images and layers."""

  def checked(variables, images, layers):
    shape = images.shape
    if len(shape) != 4 or shape[-1] != about.channels or 0 in shape:
      raise errors.FvizError(
        f'{about.name} takes images [n, height, width, {about.channels}], not '
        f'of shape {tuple(shape)}.'
      )
    for layer in layers:
      if layer not in known:
        raise errors.unknown(f'layer of {about.name}', layer, known)
    return apply(variables, images, tuple(layers))

  return checked


def _layer(name, shape, size) -> Layer:
  if len(getattr(shape, 'shape', ())) < 2:
    raise errors.FvizError(
      f'Layer {name!r} returns {shape}; it must be an array [n, ..., channels].'
    )
  spatial = tuple(shape.shape[1:-1])
  # Strides are powers of two; VALID padding makes the plain ratio uneven. What
  # has more positions than pixels is no map of the image, such as attention.
  ratio = size[0] / spatial[0] if len(spatial) == 2 else 0
  stride = 2 ** round(math.log2(ratio)) if ratio >= 0.75 else 0
  return Layer(shape.shape[-1], spatial, stride)
