"""A network from a Flax NNX module: every module is a layer.

Layers are named by their attribute path ('mixed3/branch0/conv'); the network's
own output is the layer 'output'. Nothing is left behind in the user's model.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
from flax import nnx

from fviz import types
from fviz.networks.functions import from_forward as _from_forward
from fviz.networks.functions import with_output as _with_output


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
