"""pareidolia's network: Inception blocks that leave no grain.

Two convolutions and five Inception blocks (Szegedy et al. 2014, arXiv
1409.4842) before a linear classifier. Everything runs at stride 1; resolution
falls by a binomial blur (Zhang 2019, arXiv 1904.11486), since strided
convolutions and max pools leave a grain of their stride in every picture that
is made by gradients.
"""

import functools
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from fviz.models import layers

INPUT_SIZE = (96, 96)

_STEM = (16, 48)
# Channels of branch0, branch1 (reduced, out), branch2 (reduced, out), branch3.
_BLOCKS = (
  (32, 48, 64, 16, 32, 32),
  (48, 48, 96, 16, 48, 32),
  (64, 64, 128, 32, 64, 48),
  (80, 80, 160, 32, 64, 64),
  (96, 96, 224, 32, 80, 80),
)

# (inputs, outputs, kernel, rngs=...) -> a module from images to activations.
Unit = Callable[..., nnx.Module]


class Blur(nnx.Module):
  """Halves the resolution: binomial (1, 3, 3, 1) / 8 along both axes."""

  def __call__(self, x: jax.Array) -> jax.Array:
    for axis in (1, 2):
      x = _halve(x, axis) / _shaped(_halved_ones(x.shape[axis]), axis)
    return x


class Average(nnx.Module):
  """Mean of the pixels that the 3 x 3 window finds, stride 1."""

  def __call__(self, x: jax.Array) -> jax.Array:
    total = jax.lax.reduce_window(
      x, 0.0, jax.lax.add, (1, 3, 3, 1), (1, 1, 1, 1), 'SAME'
    )
    rows, columns = (_counts(n) for n in x.shape[1:3])
    return total / (_shaped(rows, 1) * _shaped(columns, 2))


class Mixed(nnx.Module):
  """An Inception block: four branches joined along the channels.

  Widths are a row of `_BLOCKS`, and the unit is that of `Pareidolia`.
  """

  def __init__(
    self, inputs: int, widths: Sequence[int], unit: Unit, *, rngs: nnx.Rngs
  ):
    single, reduce1, wide1, reduce2, wide2, pooled = widths
    new = functools.partial(unit, rngs=rngs)
    one = lambda outputs: new(inputs, outputs, (1, 1))
    pair = lambda reduced, wide, side: layers.Chain(
      dict(conv0=one(reduced), conv1=new(reduced, wide, (side, side)))
    )
    self.branch0 = one(single)
    self.branch1 = pair(reduce1, wide1, 3)
    self.branch2 = pair(reduce2, wide2, 5)
    self.average = Average()
    self.branch3 = one(pooled)
    self.outputs = single + wide1 + wide2 + pooled

  def __call__(self, x: jax.Array) -> jax.Array:
    branches = [self.branch0(x), self.branch1(x), self.branch2(x)]
    return layers.concatenate(*branches, self.branch3(self.average(x)))


class Pareidolia(nnx.Module):
  """Images in [-1, 1] [n, h, w, 3] -> logits [n, classes].

  Args:
    classes: number of classes.
    width: factor on all channels; 1.6 is the larger one for GPUs.
    unit: what a convolution with its nonlinearity is; training puts a batch
      norm between the two, which `scripts.pareidolia.net.fold` folds away.
    rngs: for the initial weights.
  """

  def __init__(
    self,
    classes: int,
    width: float = 1.0,
    unit: Unit = layers.ConvRelu,
    *,
    rngs: nnx.Rngs,
  ):
    self.width = width
    stem, *blocks = (
      [max(8, round(n * width / 8) * 8) for n in row]
      for row in (_STEM, *_BLOCKS)
    )
    self.conv0 = unit(3, stem[0], (5, 5), rngs=rngs)
    self.blur0 = Blur()
    self.conv1 = unit(stem[0], stem[1], (3, 3), rngs=rngs)
    self.blur1 = Blur()
    self.mixed1 = Mixed(stem[1], blocks[0], unit, rngs=rngs)
    self.mixed2 = Mixed(self.mixed1.outputs, blocks[1], unit, rngs=rngs)
    self.blur2 = Blur()
    self.mixed3 = Mixed(self.mixed2.outputs, blocks[2], unit, rngs=rngs)
    self.mixed4 = Mixed(self.mixed3.outputs, blocks[3], unit, rngs=rngs)
    self.mixed5 = Mixed(self.mixed4.outputs, blocks[4], unit, rngs=rngs)
    self.logits = nnx.Linear(self.mixed5.outputs, classes, rngs=rngs)

  def __call__(self, x: jax.Array) -> jax.Array:
    x = self.blur0(self.conv0(x))
    x = self.blur1(self.conv1(x))
    x = self.blur2(self.mixed2(self.mixed1(x)))
    x = self.mixed5(self.mixed4(self.mixed3(x)))
    return self.logits(x.mean((1, 2)))


def preprocess(images: jax.Array) -> jax.Array:
  """[0, 1] -> [-1, 1]."""
  return images * 2.0 - 1.0


def _halve(x, axis: int):
  """Binomial blur at every second position; odd sizes round up."""
  # Zeros at the border and a division are several times faster on CPU, above
  # all backwards, than repeating the border pixels.
  x = _padded(x, axis, 0, x.shape[axis] % 2)
  pairs = x.shape[axis] // 2
  x = x.reshape(*x.shape[:axis], pairs, 2, *x.shape[axis + 1 :])
  even, odd = (jax.lax.index_in_dim(x, k, axis + 1, False) for k in (0, 1))
  before = jax.lax.slice_in_dim(_padded(odd, axis, 1, 0), 0, pairs, axis=axis)
  after = jax.lax.slice_in_dim(
    _padded(even, axis, 0, 1), 1, pairs + 1, axis=axis
  )
  return 0.375 * (even + odd) + 0.125 * (before + after)


def _padded(x, axis: int, low: int, high: int):
  pads = [(0, 0)] * x.ndim
  pads[axis] = (low, high)
  return jnp.pad(x, pads)


@functools.cache
def _halved_ones(size: int) -> np.ndarray:
  """What `_halve` makes of ones: the weight inside the picture."""
  ones = np.pad(np.ones(size, np.float32), (1, 2))
  kernel = np.array([1, 3, 3, 1], np.float32) / 8
  return np.convolve(ones, kernel, 'valid')[: size + size % 2 : 2]


@functools.cache
def _counts(size: int) -> np.ndarray:
  """How many of three neighbours lie inside the picture."""
  counts = np.full(size, 3, np.float32)
  counts[0] -= 1
  counts[-1] -= 1
  return counts


def _shaped(values: np.ndarray, axis: int) -> np.ndarray:
  return values.reshape((1, -1, 1, 1) if axis == 1 else (1, 1, -1, 1))
