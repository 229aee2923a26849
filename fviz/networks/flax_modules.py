"""A network from a Flax module, of NNX or of Linen: every module is a layer."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

from flax import linen, nnx

from fviz import errors, jax_settings
from fviz.networks import functions, layer_tags
from fviz.types import Array, Network, PyTree, Size


@jax_settings.under_fixed
def from_nnx(
  model: nnx.Module,
  *,
  preprocess: Callable[[Array], Array] | None = None,
  labels: Sequence[str] = (),
  input_size: Size = (224, 224),
  input_channels: int = 3,
  name: str | None = None,
  **call: Any,
) -> Network:
  """A network from a Flax NNX module called as `model(images, **call)`.

  Every module is a layer, named by its path ('mixed3/branch0/conv'); one that
  is called several times is a layer each time ('act', 'act:1'). The model's own
  output is the layer 'output'. Modules under jit and remat are layers like any
  other; those under vmap or inside of scan are not. The model is used in
  evaluation mode (running averages, no dropout).

  Args:
    model: any NNX module; it is read, never changed.
    preprocess: images in [0, 1] -> what the model expects; see `normalize`.
    labels: class names of the output.
    input_size: (height, width) the model was trained at, or one side.
    input_channels: channels of the images.
    name: for messages; the class name by default.
    **call: what the model wants beside images, such as train=False.

  Raises:
    FvizError: if the model does not run on images of this size.

  >>> model = nnx.Sequential(
  ...   nnx.Conv(3, 4, (3, 3), rngs=nnx.Rngs(0)), nnx.relu)
  >>> network = from_nnx(model, input_size=(8, 8))
  >>> {k: v.channels for k, v in network.layers.items()}
  {'layers/0': 4, 'output': 4}
  """
  if isinstance(model, linen.Module):
    raise errors.FvizError(
      f'{type(model).__name__} is a Linen module: give it to from_linen, with '
      'its variables.'
    )
  if not (isinstance(model, nnx.Module) and callable(model)):
    raise errors.FvizError(
      f'from_nnx takes an NNX module that can be called, not {model!r}.'
    )
  graphdef, state = nnx.split(model)

  def forward(state, images):
    copy: Any = nnx.merge(graphdef, state)  # Private: tags never leak.
    copy.eval()
    for path, module in nnx.iter_modules(copy):
      if path and callable(module):
        _tap(module, '/'.join(map(str, path)))
    return copy(images, **call)

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
  input_size: Size = (224, 224),
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
  if isinstance(module, nnx.Module):
    raise errors.FvizError(
      f'{type(module).__name__} is an NNX module: from_nnx(model) takes it, '
      'without variables.'
    )
  if not isinstance(module, linen.Module):
    raise errors.FvizError(
      f'from_linen takes a Linen module and its variables, not {module!r}.'
    )

  def forward(variables, images):
    def tag(call_next, args, kwargs, context):
      out = call_next(*args, **kwargs)
      if context.method_name == '__call__' and context.module.path:
        return layer_tags.tagged('/'.join(context.module.path), out)
      return out

    with linen.intercept_methods(tag):
      return module.apply(variables, images, **call)

  name = name or type(module).__name__
  return functions.from_forward(
    forward, variables, preprocess, labels, input_size, input_channels, name
  )


# Not `nnx.capture(..., method_outputs=...)`, as measured: it is missing up to
# flax 0.12.5. In 0.12.8 it wraps the methods of the classes themselves, so that
# any other nnx.Conv of the process fails during a call. It breaks static
# methods, misses modules whose class inherits `__call__`, and forgets the order
# of the forward pass.
def _tap(module: nnx.Module, name: str) -> None:
  """Makes a module of a private copy tag what it returns."""
  object.__setattr__(module, '_fviz_name', name)
  module.__class__ = _tapped(type(module))


@functools.cache
def _tapped(cls: type) -> type:
  def __call__(self, *args, **kwargs):
    out = cls.__call__(self, *args, **kwargs)
    return layer_tags.tagged(self._fviz_name, out)

  return type(cls)(cls.__name__, (cls,), {'__call__': __call__})
