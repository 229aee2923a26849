"""Pooling as modules, so that a pool is a layer."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx


class MaxPool(nnx.Module):
  """The largest value of each window.

  Args:
    window: height and width.
    stride: both ways.
    padding: 'VALID', 'SAME' or the pixels on every side.
    ceil: whether to pool the incomplete window at the end as well, as Caffe
      does, and torch with ceil_mode.
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
    padding: Any = self.padding  # Flax annotates only strings.
    if isinstance(padding, int) or self.ceil:
      low = padding if isinstance(padding, int) else 0
      padding = [(low, self._high(size, low)) for size in x.shape[1:3]]
    return nnx.max_pool(x, (self.window,) * 2, (self.stride,) * 2, padding)

  def _high(self, size: int, low: int) -> int:
    """Padding at the end of an axis."""
    if not self.ceil:
      return low
    steps = -(-(size + 2 * low - self.window) // self.stride)
    if steps * self.stride >= size + low:  # No window starts in the padding.
      steps -= 1
    return max(steps * self.stride + self.window - size - low, 0)


class AveragePool(nnx.Module):
  """The mean of each window.

  Args:
    window: height and width.
    stride: both ways.
    padding: 'SAME', 'VALID' or the pixels on every side.
    count_padding: whether to divide by the whole window at the border too, as
      torch does, and not by its valid pixels, as TensorFlow does.
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
    padding: Any = self.padding  # Flax annotates only strings.
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
  """Averages to a fixed size, whatever the size of the input, as torch does.

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


def _averages(inputs: int, outputs: int) -> np.ndarray:
  matrix = np.zeros((outputs, inputs), np.float32)
  for i in range(outputs):
    start, end = i * inputs // outputs, -(-(i + 1) * inputs // outputs)
    matrix[i, start:end] = 1 / (end - start)
  return matrix
