"""Inception v3 of 2016, with batch norm and its classifier.

Torchvision's port of Google's weights. Names are torchvision's and timm's:
'Mixed_6b/branch7x7_2' is a convolution after batch norm and ReLU, '.../bn' the
value before the ReLU and '.../conv' the value before the batch norm.
"""

import functools
from collections.abc import Callable
from typing import NamedTuple

import jax
from flax import nnx

from fviz.models import layers, pools


class Conv(NamedTuple):
  """A convolution of a branch; at stride 1 it keeps the size."""

  outputs: int
  height: int
  width: int
  stride: int = 1

  def module(
    self, unit: Callable[..., nnx.Module], inputs: int, rngs: nnx.Rngs
  ) -> nnx.Module:
    """It as a `layers.ConvRelu` or a `layers.ConvNormRelu`."""
    kernel = self.height, self.width
    padding = 'SAME' if self.stride == 1 else 'VALID'
    return unit(inputs, self.outputs, kernel, self.stride, padding, rngs=rngs)


# Convolutions one after another; where a row has two, they are joined.
Branch = tuple[tuple[Conv, ...], ...]
# Torchvision's name -> branch. That of POOL begins with the block's average
# pool; where it is empty, it is a max pool that halves the resolution.
Block = dict[str, Branch]
POOL = 'branch_pool'


def _row(outputs: int, height: int, width: int, stride: int = 1):
  return (Conv(outputs, height, width, stride),)


def _grid35(pooled: int) -> Block:
  return {
    'branch1x1': (_row(64, 1, 1),),
    'branch5x5': (_row(48, 1, 1), _row(64, 5, 5)),
    'branch3x3dbl': (_row(64, 1, 1), _row(96, 3, 3), _row(96, 3, 3)),
    POOL: (_row(pooled, 1, 1),),
  }


def _grid17(width: int) -> Block:
  first, wide, high = _row(width, 1, 1), _row(width, 1, 7), _row(width, 7, 1)
  return {
    'branch1x1': (_row(192, 1, 1),),
    'branch7x7': (first, wide, _row(192, 7, 1)),
    'branch7x7dbl': (first, high, wide, high, _row(192, 1, 7)),
    POOL: (_row(192, 1, 1),),
  }


_FORK = _row(384, 1, 3) + _row(384, 3, 1)
_GRID8: Block = {
  'branch1x1': (_row(320, 1, 1),),
  'branch3x3': (_row(384, 1, 1), _FORK),
  'branch3x3dbl': (_row(448, 1, 1), _row(384, 3, 3), _FORK),
  POOL: (_row(192, 1, 1),),
}
_REDUCE35: Block = {
  'branch3x3': (_row(384, 3, 3, 2),),
  'branch3x3dbl': (_row(64, 1, 1), _row(96, 3, 3), _row(96, 3, 3, 2)),
  POOL: (),
}
_REDUCE17: Block = {
  'branch3x3': (_row(192, 1, 1), _row(320, 3, 3, 2)),
  'branch7x7x3': (*_grid17(192)['branch7x7'], _row(192, 3, 3, 2)),
  POOL: (),
}
# Of both releases; only the names are torchvision's.
BLOCKS: dict[str, Block] = {
  'Mixed_5b': _grid35(32),
  'Mixed_5c': _grid35(64),
  'Mixed_5d': _grid35(64),
  'Mixed_6a': _REDUCE35,
  'Mixed_6b': _grid17(128),
  'Mixed_6c': _grid17(160),
  'Mixed_6d': _grid17(160),
  'Mixed_6e': _grid17(192),
  'Mixed_7a': _REDUCE17,
  'Mixed_7b': _GRID8,
  'Mixed_7c': _GRID8,
}


class Mixed(nnx.Module):
  """A block: its branches side by side, joined along the channels."""

  def __init__(self, inputs: int, block: Block, *, rngs: nnx.Rngs):
    self.pool = (
      pools.AveragePool(3, 1, 1, count_padding=True)  # As torchvision's does.
      if block[POOL]
      else pools.MaxPool(3, 2)
    )
    self.branches: tuple[tuple[tuple[str, ...], ...], ...] = ()
    self.outputs = sum(
      self._add(name, inputs, branch, rngs) for name, branch in block.items()
    )

  def _add(self, name: str, inputs: int, branch: Branch, rngs: nnx.Rngs) -> int:
    """Makes the convolutions of a branch; the channels that it returns."""
    rows: list[tuple[str, ...]] = [('pool',)] if name == POOL else []
    for i, row in enumerate(branch, 1):
      number = f'_{i}' if len(branch) > 1 else ''
      letters = ('a', 'b') if len(row) > 1 else ('',)
      rows.append(tuple(f'{name}{number}{letter}' for letter in letters))
      for key, conv in zip(rows[-1], row, strict=True):
        setattr(self, key, conv.module(layers.ConvNormRelu, inputs, rngs))
      inputs = sum(conv.outputs for conv in row)
    self.branches += (tuple(rows),)
    return inputs

  def __call__(self, x: jax.Array) -> jax.Array:
    return layers.concatenate(*(self._run(rows, x) for rows in self.branches))

  def _run(self, rows, x):
    for row in rows:
      parts = [getattr(self, name)(x) for name in row]
      x = layers.concatenate(*parts) if len(parts) > 1 else parts[0]
    return x


class InceptionV3(nnx.Module):
  """Images [n, h, w, 3], at least 75 pixels -> logits [n, 1000]."""

  def __init__(self, *, rngs: nnx.Rngs):
    conv = functools.partial(layers.ConvNormRelu, rngs=rngs)
    self.Conv2d_1a_3x3 = conv(3, 32, 3, 2)
    self.Conv2d_2a_3x3 = conv(32, 32, 3)
    self.Conv2d_2b_3x3 = conv(32, 64, 3, 1, 1)
    self.maxpool1 = pools.MaxPool(3, 2)
    self.Conv2d_3b_1x1 = conv(64, 80, 1)
    self.Conv2d_4a_3x3 = conv(80, 192, 3)
    self.maxpool2 = pools.MaxPool(3, 2)
    inputs = 192
    for name, block in BLOCKS.items():
      mixed = Mixed(inputs, block, rngs=rngs)
      setattr(self, name, mixed)
      inputs = mixed.outputs
    self.fc = nnx.Linear(inputs, 1000, rngs=rngs)

  def __call__(self, x: jax.Array) -> jax.Array:
    x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))
    x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(self.maxpool1(x)))
    x = self.maxpool2(x)
    for name in BLOCKS:
      x = getattr(self, name)(x)
    return self.fc(x.mean((1, 2)))
