"""Building blocks that the families share: plain Flax NNX.

Write networks the ordinary way (nnx.Conv, nnx.max_pool, nnx.relu): the engine
rewrites a traced network for speed and redirects its ReLUs, see
`fviz.rewrite`. What should be addressable is a module of its own.
"""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from flax import nnx


class ConvRelu(nnx.Module):
  """ReLU(conv(x) + bias); the layer 'NAME/pre_relu' is the value before.

  Args:
    inputs: channels in.
    outputs: channels out.
    kernel: (height, width).
    stride: both ways.
    padding: 'SAME', 'VALID' or ((low, high), (low, high)).
    rngs: for the initial weights.
  """

  def __init__(
    self,
    inputs: int,
    outputs: int,
    kernel: tuple[int, int],
    stride: int = 1,
    padding: str | Sequence[tuple[int, int]] = 'SAME',
    *,
    rngs: nnx.Rngs,
  ):
    self.pre_relu = nnx.Conv(
      inputs,
      outputs,
      kernel,
      strides=(stride, stride),
      padding=padding,
      rngs=rngs,
    )

  def __call__(self, x: jax.Array) -> jax.Array:
    return nnx.relu(self.pre_relu(x))


class MaxPool(nnx.Module):
  """Max pooling as a module, so that it is a layer."""

  def __init__(self, window: int, stride: int, padding: str = 'VALID'):
    self.window, self.stride, self.padding = window, stride, padding

  def __call__(self, x: jax.Array) -> jax.Array:
    window, stride = (self.window,) * 2, (self.stride,) * 2
    return nnx.max_pool(x, window, stride, self.padding)


class AveragePool(nnx.Module):
  """Average over the valid pixels of a 3 x 3 window, stride 1, SAME."""

  def __call__(self, x: jax.Array) -> jax.Array:
    return nnx.avg_pool(
      x, (3, 3), (1, 1), padding='SAME', count_include_pad=False
    )


def concatenate(branches: Sequence[jax.Array]) -> jax.Array:
  """Joins branches along the channels."""
  return jnp.concatenate(branches, axis=-1)
