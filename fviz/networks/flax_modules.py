"""A network from a Flax module, of NNX or of Linen: every module is a layer."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

from flax import linen, nnx

from fviz import jax_settings
from fviz.networks import functions
from fviz.types import Array, Network, PyTree


@jax_settings.under_fixed
def from_nnx(
  model: nnx.Module,
  *,
  preprocess: Callable[[Array], Array] | None = None,
  labels: Sequence[str] = (),
  input_size: tuple[int, int] = (224, 224),
  input_channels: int = 3,
  name: str | None = None,
) -> Network:
  """A network from a Flax NNX module called as `model(images)`.

  Every module is a layer, named by its path ('mixed3/branch0/conv'); the
  model's own output is the layer 'output'. The model is used in evaluation
  mode (running averages, no dropout).

  Args:
    model: any NNX module; it is read, never changed.
    preprocess: images in [0, 1] -> what the model expects; see `normalize`.
    labels: class names of the output.
    input_size: (height, width) the model was trained at.
    input_channels: channels of the images.
    name: for messages; the class name by default.

  Raises:
    FvizError: if the model does not run on images of this size.

  >>> model = nnx.Sequential(
  ...   nnx.Conv(3, 4, (3, 3), rngs=nnx.Rngs(0)), nnx.relu)
  >>> network = from_nnx(model, input_size=(8, 8))
  >>> {k: v.channels for k, v in network.layers.items()}
  {'layers/0': 4, 'output': 4}
  """
  graphdef, state = nnx.split(model)

  def forward(state, images):
    copy: Any = nnx.merge(graphdef, state)  # Private: taps never leak.
    copy.eval()
    activations: dict[str, Any] = {}
    for path, module in nnx.iter_modules(copy):
      if path and callable(module):
        _tap(module, '/'.join(map(str, path)), activations)
    return activations, copy(images)

  name = name or type(model).__name__
  return functions.from_forward(
    forward, state, preprocess, labels, input_size, input_channels, name
  )


@jax_settings.under_fixed
def from_linen(
  module: linen.Module,
  variables: PyTree,
  *,
  preprocess: Callable[[Array], Array] | None = None,
  labels: Sequence[str] = (),
  input_size: tuple[int, int] = (224, 224),
  input_channels: int = 3,
  name: str | None = None,
  **call: Any,
) -> Network:
  """A network from a Flax Linen module and its variables.

  Its layers are as those of `from_nnx`, and so are the other arguments.

  Args:
    module: is called as `module.apply(variables, images, **call)`.
    variables: {'params': ..., 'batch_stats': ...}.
    **call: what the module wants when it is evaluated, such as train=False.
  """

  def forward(variables, images):
    activations: dict[str, Any] = {}

    def record(call_next, args, kwargs, context):
      out = call_next(*args, **kwargs)
      if context.method_name == '__call__' and context.module.path:
        activations['/'.join(context.module.path)] = out
      return out

    with linen.intercept_methods(record):
      output = module.apply(variables, images, **call)
    return activations, output

  name = name or type(module).__name__
  return functions.from_forward(
    forward, variables, preprocess, labels, input_size, input_channels, name
  )


# Not `nnx.capture(..., method_outputs=...)`, as measured: it is missing up to
# flax 0.12.5. In 0.12.8 it wraps the methods of the classes themselves, so that
# any other nnx.Conv of the process fails during a call. It breaks static
# methods, misses modules whose class inherits `__call__`, and forgets the order
# of the forward pass.
def _tap(module: nnx.Module, name: str, activations: dict[str, Any]) -> None:
  """Makes a module of a private copy store what it returns."""
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
