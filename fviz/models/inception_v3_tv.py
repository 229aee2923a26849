"""Inception v3 (Szegedy et al. 2015, arXiv 1512.00567) with batch norm.

Torchvision's port of Google's weights of 2016, whole, with its classifier.
Names are torchvision's and timm's: 'Mixed_6b/branch7x7_2' is a convolution
after batch norm and ReLU, '.../bn' the value before the ReLU and '.../conv'
the value before the batch norm. The 2015 graph is in `inception_v3`.
"""

from __future__ import annotations

import functools

import jax
from flax import nnx

from fviz.models import layers

# A convolution: (name, outputs, kernel, stride, padding).
# A branch: convolutions one after another, a tuple of which is a fork.
_POOL = 'pool'


def _row(name, outputs, kernel, stride=1):
  """A convolution of a branch; at stride 1 it keeps the size."""
  high, wide = (kernel, kernel) if isinstance(kernel, int) else kernel
  pad = lambda k: (k // 2, k // 2) if stride == 1 else (0, 0)
  return name, outputs, (high, wide), stride, (pad(high), pad(wide))


class Mixed(nnx.Module):
  """Branches side by side, joined along the channels.

  Args:
    inputs: channels.
    branches: each a list of rows; the row `_POOL` is the block's pooling, and
      a tuple of rows at the end is a fork whose results are joined.
    reduce: whether the pooling is a max pool of stride 2, or an average.
    rngs: for the initial weights.
  """

  def __init__(self, inputs: int, branches, reduce=False, *, rngs: nnx.Rngs):
    self.branches = tuple(
      tuple(_names(row) for row in branch) for branch in branches
    )
    # Torchvision's average counts the padding.
    self.pool = (
      layers.MaxPool(3, 2)
      if reduce
      else layers.AveragePool(3, 1, 1, count_padding=True)
    )
    self.outputs = sum(self._add(inputs, branch, rngs) for branch in branches)

  def _add(self, inputs: int, branch, rngs) -> int:
    for row in branch:
      if row == _POOL:
        continue
      outputs = 0
      for name, width, *shape in row if isinstance(row[0], tuple) else (row,):
        conv = layers.ConvNormRelu(inputs, width, *shape, rngs=rngs)
        setattr(self, name, conv)
        outputs += width
      inputs = outputs
    return inputs

  def __call__(self, x: jax.Array) -> jax.Array:
    return layers.concatenate([self._run(b, x) for b in self.branches])

  def _run(self, branch, x):
    for names in branch:
      parts = [getattr(self, name)(x) for name in names]
      x = layers.concatenate(parts) if len(parts) > 1 else parts[0]
    return x


def _names(row) -> tuple[str, ...]:
  if row == _POOL:
    return (_POOL,)
  return tuple(r[0] for r in row) if isinstance(row[0], tuple) else (row[0],)


def _grid35(pooled: int):
  return (
    [_row('branch1x1', 64, 1)],
    [_row('branch5x5_1', 48, 1), _row('branch5x5_2', 64, 5)],
    [
      _row('branch3x3dbl_1', 64, 1),
      _row('branch3x3dbl_2', 96, 3),
      _row('branch3x3dbl_3', 96, 3),
    ],
    [_POOL, _row('branch_pool', pooled, 1)],
  )


def _grid17(width: int):
  return (
    [_row('branch1x1', 192, 1)],
    [
      _row('branch7x7_1', width, 1),
      _row('branch7x7_2', width, (1, 7)),
      _row('branch7x7_3', 192, (7, 1)),
    ],
    [
      _row('branch7x7dbl_1', width, 1),
      _row('branch7x7dbl_2', width, (7, 1)),
      _row('branch7x7dbl_3', width, (1, 7)),
      _row('branch7x7dbl_4', width, (7, 1)),
      _row('branch7x7dbl_5', 192, (1, 7)),
    ],
    [_POOL, _row('branch_pool', 192, 1)],
  )


def _grid8():
  return (
    [_row('branch1x1', 320, 1)],
    [
      _row('branch3x3_1', 384, 1),
      (_row('branch3x3_2a', 384, (1, 3)), _row('branch3x3_2b', 384, (3, 1))),
    ],
    [
      _row('branch3x3dbl_1', 448, 1),
      _row('branch3x3dbl_2', 384, 3),
      (
        _row('branch3x3dbl_3a', 384, (1, 3)),
        _row('branch3x3dbl_3b', 384, (3, 1)),
      ),
    ],
    [_POOL, _row('branch_pool', 192, 1)],
  )


_REDUCE35 = (
  [_row('branch3x3', 384, 3, 2)],
  [
    _row('branch3x3dbl_1', 64, 1),
    _row('branch3x3dbl_2', 96, 3),
    _row('branch3x3dbl_3', 96, 3, 2),
  ],
  [_POOL],
)
_REDUCE17 = (
  [_row('branch3x3_1', 192, 1), _row('branch3x3_2', 320, 3, 2)],
  [
    _row('branch7x7x3_1', 192, 1),
    _row('branch7x7x3_2', 192, (1, 7)),
    _row('branch7x7x3_3', 192, (7, 1)),
    _row('branch7x7x3_4', 192, 3, 2),
  ],
  [_POOL],
)
_BLOCKS = {
  'Mixed_5b': _grid35(32),
  'Mixed_5c': _grid35(64),
  'Mixed_5d': _grid35(64),
  'Mixed_6a': _REDUCE35,
  'Mixed_6b': _grid17(128),
  'Mixed_6c': _grid17(160),
  'Mixed_6d': _grid17(160),
  'Mixed_6e': _grid17(192),
  'Mixed_7a': _REDUCE17,
  'Mixed_7b': _grid8(),
  'Mixed_7c': _grid8(),
}


class InceptionV3(nnx.Module):
  """Images [n, h, w, 3], at least 75 pixels -> logits [n, 1000]."""

  def __init__(self, *, rngs: nnx.Rngs):
    conv = functools.partial(layers.ConvNormRelu, rngs=rngs)
    self.Conv2d_1a_3x3 = conv(3, 32, 3, 2)
    self.Conv2d_2a_3x3 = conv(32, 32, 3)
    self.Conv2d_2b_3x3 = conv(32, 64, 3, 1, 1)
    self.maxpool1 = layers.MaxPool(3, 2)
    self.Conv2d_3b_1x1 = conv(64, 80, 1)
    self.Conv2d_4a_3x3 = conv(80, 192, 3)
    self.maxpool2 = layers.MaxPool(3, 2)
    inputs = 192
    for name, branches in _BLOCKS.items():
      reduce = branches in (_REDUCE35, _REDUCE17)
      block = Mixed(inputs, branches, reduce, rngs=rngs)
      # A max pool keeps the channels that it finds.
      inputs = block.outputs
      setattr(self, name, block)
    self.fc = nnx.Linear(inputs, 1000, rngs=rngs)

  def __call__(self, x: jax.Array) -> jax.Array:
    x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))
    x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(self.maxpool1(x)))
    x = self.maxpool2(x)
    for name in _BLOCKS:
      x = getattr(self, name)(x)
    return self.fc(x.mean((1, 2)))
