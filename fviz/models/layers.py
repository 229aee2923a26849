"""Building blocks that the families share: plain Flax NNX.

Write networks the ordinary way (nnx.Conv, nnx.max_pool, nnx.relu): the engine
rewrites a traced network for speed and redirects its ReLUs, see
`fviz.compiler.rewrite`. What should be addressable is a module of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

# 'SAME', 'VALID', the pixels on every side, or ((low, high), (low, high)).
Padding = str | int | Sequence[tuple[int, int]]


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


class ConvNormRelu(nnx.Module):
  """ReLU(norm(conv(x))), as torchvision's BasicConv2d; 'bn' is pre-ReLU.

  Args:
    inputs: channels in.
    outputs: channels out.
    kernel: (height, width) or one number.
    stride: both ways.
    padding: see `conv`.
    rngs: for the initial weights.
  """

  def __init__(
    self, inputs, outputs, kernel, stride=1, padding=0, *, rngs: nnx.Rngs
  ):
    self.conv = conv(
      inputs, outputs, kernel, stride, padding, bias=False, rngs=rngs
    )
    self.bn = norm(outputs, 1e-3, rngs=rngs)

  def __call__(self, x: jax.Array) -> jax.Array:
    return nnx.relu(self.bn(self.conv(x)))


def conv(
  inputs: int,
  outputs: int,
  kernel: int | tuple[int, int],
  stride: int = 1,
  padding: Padding = 0,
  *,
  groups: int = 1,
  bias: bool = True,
  rngs: nnx.Rngs,
) -> nnx.Conv:
  """A convolution in torch's terms: a number pads that much on every side.

  With stride 2, 'SAME' would pad less before than after, and shift by a pixel.
  """
  if isinstance(padding, int):
    padding = ((padding, padding),) * 2
  return nnx.Conv(
    inputs,
    outputs,
    (kernel, kernel) if isinstance(kernel, int) else kernel,
    strides=(stride, stride),
    padding=padding,
    feature_group_count=groups,
    use_bias=bias,
    rngs=rngs,
  )


def norm(
  channels: int, epsilon: float = 1e-5, *, rngs: nnx.Rngs
) -> nnx.BatchNorm:
  """Batch normalization with the running statistics of the weights file."""
  return nnx.BatchNorm(
    channels, use_running_average=True, epsilon=epsilon, rngs=rngs
  )


class Relu(nnx.Module):
  """max(x, 0) as a module, so that it is a layer."""

  def __call__(self, x: jax.Array) -> jax.Array:
    return nnx.relu(x)


class Relu6(nnx.Module):
  """min(max(x, 0), 6) as a module, so that it is a layer."""

  def __call__(self, x: jax.Array) -> jax.Array:
    return nnx.relu6(x)


class Gelu(nnx.Module):
  """x Phi(x), exact, as a module, so that it is a layer."""

  def __call__(self, x: jax.Array) -> jax.Array:
    return nnx.gelu(x, approximate=False)


class Add(nnx.Module):
  """A residual sum as a module: the value before a ReLU after it."""

  def __call__(self, x: jax.Array, y: jax.Array) -> jax.Array:
    return x + y


class Concatenate(nnx.Module):
  """Branches joined along the channels, as a module."""

  def __call__(self, *branches: jax.Array) -> jax.Array:
    return concatenate(branches)


class Numbered(nnx.Module):
  """Modules in a row, named by numbers that may have gaps.

  As torch's Sequential, whose dropouts count but do nothing here.
  """

  def __init__(self, modules: Mapping[int, Any]):
    self.numbers = tuple(modules)
    for number, module in modules.items():
      setattr(self, str(number), module)

  def __call__(self, x: jax.Array) -> jax.Array:
    for number in self.numbers:
      x = getattr(self, str(number))(x)
    return x


class MaxPool(nnx.Module):
  """Max pooling as a module, so that it is a layer.

  Args:
    window: height and width.
    stride: both ways.
    padding: 'VALID', 'SAME' or the pixels on every side.
    ceil: also pool the incomplete window at the end (Caffe's, and torch's
      ceil_mode).
  """

  def __init__(
    self,
    window: int,
    stride: int,
    padding: str | int = 'VALID',
    ceil: bool = False,
  ):
    self.window, self.stride, self.padding = window, stride, padding
    self.ceil = ceil

  def __call__(self, x: jax.Array) -> jax.Array:
    window, stride = (self.window,) * 2, (self.stride,) * 2
    padding = self.padding
    if isinstance(padding, int) or self.ceil:
      low = padding if isinstance(padding, int) else 0
      padding = [(low, self._high(size, low)) for size in x.shape[1:3]]
    return nnx.max_pool(x, window, stride, padding)

  def _high(self, size: int, low: int) -> int:
    """Padding at the end of an axis."""
    if not self.ceil:
      return low
    steps = -(-(size + 2 * low - self.window) // self.stride)
    if steps * self.stride >= size + low:  # No window starts in the padding.
      steps -= 1
    return max(steps * self.stride + self.window - size - low, 0)


class AveragePool(nnx.Module):
  """Average pooling as a module, so that it is a layer.

  Args:
    window: height and width.
    stride: both ways.
    padding: 'SAME', 'VALID' or the pixels on every side.
    count_padding: divide by the whole window at the border as well (torch's
      default), not by its valid pixels (TensorFlow's).
  """

  def __init__(
    self,
    window: int = 3,
    stride: int = 1,
    padding: str | int = 'SAME',
    count_padding: bool = False,
  ):
    self.window, self.stride, self.padding = window, stride, padding
    self.count_padding = count_padding

  def __call__(self, x: jax.Array) -> jax.Array:
    padding = self.padding
    if isinstance(padding, int):
      padding = [(padding, padding)] * 2
    return nnx.avg_pool(
      x,
      (self.window,) * 2,
      (self.stride,) * 2,
      padding,
      count_include_pad=self.count_padding,
    )


class AdaptiveAveragePool(nnx.Module):
  """Averages to a fixed size, whatever the input's: torch's rule.

  Output i is the mean of inputs floor(i n / m) to ceil((i + 1) n / m) - 1.

  >>> AdaptiveAveragePool(2)(jnp.arange(3.0).reshape(1, 3, 1, 1)).ravel()
  Array([0.5, 0.5, 1.5, 1.5], dtype=float32)
  """

  def __init__(self, size: int):
    self.size = size

  def __call__(self, x: jax.Array) -> jax.Array:
    for axis in (1, 2):
      if x.shape[axis] != self.size:
        matrix = _averages(x.shape[axis], self.size)
        x = jnp.moveaxis(
          jnp.tensordot(matrix, x, (1, axis), precision='highest'), 0, axis
        )
    return x


def concatenate(branches: Sequence[jax.Array]) -> jax.Array:
  """Joins branches along the channels."""
  return jnp.concatenate(branches, axis=-1)


def _averages(inputs: int, outputs: int) -> np.ndarray:
  matrix = np.zeros((outputs, inputs), np.float32)
  for i in range(outputs):
    start, end = i * inputs // outputs, -(-(i + 1) * inputs // outputs)
    matrix[i, start:end] = 1 / (end - start)
  return matrix
