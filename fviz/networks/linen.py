"""A network from a Flax Linen module and its variables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flax import linen as nn

from fviz.networks import functions
from fviz.types import Array, Network, PyTree


def from_linen(
  module: nn.Module,
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

  Every submodule is a layer, named by its path; the module's own output is the
  layer 'output'.

  Args:
    module: is called as `module.apply(variables, images, **call)`.
    variables: {'params': ..., 'batch_stats': ...}.
    preprocess: images in [0, 1] -> what the module expects; see `normalize`.
    labels: class names of the output.
    input_size: (height, width) the module was trained at.
    input_channels: channels of the images.
    name: for messages; the class name by default.
    **call: what the module wants when it is evaluated, such as train=False.

  Raises:
    FvizError: if the module does not run on images of this size.
  """

  def forward(variables, images):
    activations: dict[str, Any] = {}

    def record(call_next, args, kwargs, context):
      out = call_next(*args, **kwargs)
      if context.method_name == '__call__' and context.module.path:
        activations['/'.join(context.module.path)] = out
      return out

    with nn.intercept_methods(record):
      output = module.apply(variables, images, **call)
    return activations, output

  return functions.from_forward(
    forward,
    variables,
    preprocess,
    labels,
    input_size,
    input_channels,
    name or type(module).__name__,
  )
