"""Inception v3 of 2016, with batch norm and its classifier.

Torchvision's port of Google's weights. Names are torchvision's and timm's:
'Mixed_6b/branch7x7_2' is a convolution after batch norm and ReLU, '.../bn' the
value before the ReLU and '.../conv' the value before the batch norm.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import jax
from flax import nnx

from fviz.models import layers, pools


class Conv(NamedTuple):
  """A convolution of a branch; at stride 1 it keeps the size.

  Attributes:
    name: of the module.
    outputs: channels.
    kernel: (height, width).
    stride: both ways.
  """

  name: str
  outputs: int
  kernel: tuple[int, int]
  stride: int = 1


# Convolutions one after another; a tuple of them is a fork, whose results are
# joined. POOL is the block's pooling.
POOL = 'pool'
Branch = tuple[Conv | tuple[Conv, ...] | str, ...]


def _row(name: str, outputs: int, kernel: int | tuple[int, int], stride=1):
  both = (kernel, kernel) if isinstance(kernel, int) else kernel
  return Conv(name, outputs, both, stride)


def _grid35(pooled: int) -> tuple[Branch, ...]:
  return (
    (_row('branch1x1', 64, 1),),
    (_row('branch5x5_1', 48, 1), _row('branch5x5_2', 64, 5)),
    (
      _row('branch3x3dbl_1', 64, 1),
      _row('branch3x3dbl_2', 96, 3),
      _row('branch3x3dbl_3', 96, 3),
    ),
    (POOL, _row('branch_pool', pooled, 1)),
  )


def _grid17(width: int) -> tuple[Branch, ...]:
  return (
    (_row('branch1x1', 192, 1),),
    (
      _row('branch7x7_1', width, 1),
      _row('branch7x7_2', width, (1, 7)),
      _row('branch7x7_3', 192, (7, 1)),
    ),
    (
      _row('branch7x7dbl_1', width, 1),
      _row('branch7x7dbl_2', width, (7, 1)),
      _row('branch7x7dbl_3', width, (1, 7)),
      _row('branch7x7dbl_4', width, (7, 1)),
      _row('branch7x7dbl_5', 192, (1, 7)),
    ),
    (POOL, _row('branch_pool', 192, 1)),
  )


_GRID8: tuple[Branch, ...] = (
  (_row('branch1x1', 320, 1),),
  (
    _row('branch3x3_1', 384, 1),
    (_row('branch3x3_2a', 384, (1, 3)), _row('branch3x3_2b', 384, (3, 1))),
  ),
  (
    _row('branch3x3dbl_1', 448, 1),
    _row('branch3x3dbl_2', 384, 3),
    (
      _row('branch3x3dbl_3a', 384, (1, 3)),
      _row('branch3x3dbl_3b', 384, (3, 1)),
    ),
  ),
  (POOL, _row('branch_pool', 192, 1)),
)
_REDUCE35: tuple[Branch, ...] = (
  (_row('branch3x3', 384, 3, 2),),
  (
    _row('branch3x3dbl_1', 64, 1),
    _row('branch3x3dbl_2', 96, 3),
    _row('branch3x3dbl_3', 96, 3, 2),
  ),
  (POOL,),
)
_REDUCE17: tuple[Branch, ...] = (
  (_row('branch3x3_1', 192, 1), _row('branch3x3_2', 320, 3, 2)),
  (
    _row('branch7x7x3_1', 192, 1),
    _row('branch7x7x3_2', 192, (1, 7)),
    _row('branch7x7x3_3', 192, (7, 1)),
    _row('branch7x7x3_4', 192, 3, 2),
  ),
  (POOL,),
)
# The branches of each block, in both releases but for the names.
BLOCKS: dict[str, tuple[Branch, ...]] = {
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


def reduces(branches: tuple[Branch, ...]) -> bool:
  """Whether a block halves the resolution: then its max pool is a branch."""
  return branches[-1] == (POOL,)


class Mixed(nnx.Module):
  """Branches side by side, joined along the channels.

  Args:
    inputs: channels.
    branches: of the table.
    rngs: for the initial weights.
  """

  def __init__(
    self, inputs: int, branches: tuple[Branch, ...], *, rngs: nnx.Rngs
  ):
    self.branches = tuple(
      tuple(_names(row) for row in branch) for branch in branches
    )
    # Torchvision's average counts the padding.
    self.pool = (
      pools.MaxPool(3, 2)
      if reduces(branches)
      else pools.AveragePool(3, 1, 1, count_padding=True)
    )
    # A max pool keeps the channels that it finds.
    self.outputs = sum(self._add(inputs, branch, rngs) for branch in branches)

  def _add(self, inputs: int, branch: Branch, rngs: nnx.Rngs) -> int:
    """Makes the convolutions of a branch; the channels that it returns."""
    for row in branch:
      if isinstance(row, str):
        continue
      outputs = 0
      for conv in (row,) if isinstance(row, Conv) else row:
        setattr(self, conv.name, _module(inputs, conv, rngs))
        outputs += conv.outputs
      inputs = outputs
    return inputs

  def __call__(self, x: jax.Array) -> jax.Array:
    return layers.concatenate([self._run(b, x) for b in self.branches])

  def _run(self, branch, x):
    for names in branch:
      parts = [getattr(self, name)(x) for name in names]
      x = layers.concatenate(parts) if len(parts) > 1 else parts[0]
    return x


def _names(row: Conv | tuple[Conv, ...] | str) -> tuple[str, ...]:
  if isinstance(row, str):
    return (row,)
  return (row.name,) if isinstance(row, Conv) else tuple(r.name for r in row)


def _module(inputs: int, conv: Conv, rngs: nnx.Rngs) -> layers.ConvNormRelu:
  pads = [(k // 2, k // 2) if conv.stride == 1 else (0, 0) for k in conv.kernel]
  return layers.ConvNormRelu(
    inputs, conv.outputs, conv.kernel, conv.stride, pads, rngs=rngs
  )


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
    for name, branches in BLOCKS.items():
      block = Mixed(inputs, branches, rngs=rngs)
      setattr(self, name, block)
      inputs = block.outputs
    self.fc = nnx.Linear(inputs, 1000, rngs=rngs)

  def __call__(self, x: jax.Array) -> jax.Array:
    x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))
    x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(self.maxpool1(x)))
    x = self.maxpool2(x)
    for name in BLOCKS:
      x = getattr(self, name)(x)
    return self.fc(x.mean((1, 2)))
