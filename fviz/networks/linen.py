"""A network from a Flax Linen module and its variables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
from flax import linen as nn

from fviz import types
from fviz.networks.functions import from_forward as _from_forward
from fviz.networks.functions import with_output as _with_output


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
