"""Inception v3 of 2015-12-05, from the stem to `mixed_8`.

The network of TensorFlow's DeepDream tutorial: batch norm folded into the
convolutions, no classifier. Module names are those of the graph, so the layer
'mixed_4/tower/conv_1' holds the tensors 'mixed_4_tower_conv_1/kernel' and
'/bias'; '.../pre_relu' is the value before the ReLU. Input in [0, 1] becomes
(255 x - 128) / 128.
"""

from __future__ import annotations

import jax
from flax import nnx

from fviz.models import layers, pools
from fviz.models.inception_v3_2016 import BLOCKS, Branch, Conv, reduces

# The graph of 2015 ends here.
_BLOCKS = tuple(BLOCKS.values())[: list(BLOCKS).index('Mixed_7a') + 1]


class Mixed(nnx.Module):
  """A block: branches side by side, joined along the channels.

  A branch of a single convolution is 'conv'; the others are towers. The last
  branch starts with the pool.

  Args:
    inputs: channels.
    branches: of the table.
    rngs: for the initial weights.
  """

  def __init__(self, inputs: int, branches: tuple[Branch, ...], rngs: nnx.Rngs):
    self.pool = (
      pools.MaxPool(3, 2) if reduces(branches) else pools.AveragePool()
    )
    names: list[str] = []
    self.outputs, towers = 0, 0
    for branch in branches:
      convs = [row for row in branch if isinstance(row, Conv)]
      self.outputs += convs[-1].outputs if convs else inputs
      if not convs:
        continue  # The max pool alone.
      if len(branch) == 1:
        name, module = 'conv', _module(inputs, convs[0], rngs)
      else:
        name, module = _numbered('tower', towers), _tower(inputs, convs, rngs)
        towers += 1
      setattr(self, name, module)
      names.append(name)
    self.pooled = '' if reduces(branches) else names.pop()
    self.names = tuple(names)

  def __call__(self, x: jax.Array) -> jax.Array:
    outputs = [getattr(self, name)(x) for name in self.names]
    pooled = self.pool(x)
    outputs.append(
      getattr(self, self.pooled)(pooled) if self.pooled else pooled
    )
    return layers.concatenate(outputs)


class InceptionV3(nnx.Module):
  """Images [n, h, w, 3] in [-1, 1] -> mixed_8 [n, h, w, 1280]."""

  def __init__(self, *, rngs: nnx.Rngs):
    block = layers.ConvRelu
    self.conv = block(3, 32, (3, 3), 2, 'VALID', rngs=rngs)
    self.conv_1 = block(32, 32, (3, 3), 1, 'VALID', rngs=rngs)
    self.conv_2 = block(32, 64, (3, 3), 1, 'SAME', rngs=rngs)
    self.pool = pools.MaxPool(3, 2)
    self.conv_3 = block(64, 80, (1, 1), 1, 'VALID', rngs=rngs)
    self.conv_4 = block(80, 192, (3, 3), 1, 'VALID', rngs=rngs)
    self.pool_1 = pools.MaxPool(3, 2)
    inputs = 192
    for i, branches in enumerate(_BLOCKS):
      mixed = Mixed(inputs, branches, rngs)
      setattr(self, _numbered('mixed', i), mixed)
      inputs = mixed.outputs

  def __call__(self, x: jax.Array) -> jax.Array:
    x = self.conv_2(self.conv_1(self.conv(x)))
    x = self.pool_1(self.conv_4(self.conv_3(self.pool(x))))
    for i in range(len(_BLOCKS)):
      x = getattr(self, _numbered('mixed', i))(x)
    return x


def preprocess(images: jax.Array) -> jax.Array:
  """[0, 1] -> (255 x - 128) / 128, as the graph's Sub and Mul do."""
  return (images * 255.0 - 128.0) / 128.0


def key_in_file(path: str) -> str:
  """The model's path to a tensor -> its name in the file.

  >>> key_in_file('mixed_4/tower/conv_1/pre_relu/kernel')
  'mixed_4_tower_conv_1/kernel'
  """
  *modules, _, leaf = path.split('/')
  return '_'.join(modules) + '/' + leaf


def _tower(inputs: int, convs: list[Conv], rngs: nnx.Rngs) -> layers.Chain:
  """Convolutions one after another: conv, conv_1, conv_2, ..."""
  widths = (inputs, *(conv.outputs for conv in convs))
  return layers.Chain(
    {
      _numbered('conv', i): _module(widths[i], conv, rngs)
      for i, conv in enumerate(convs)
    }
  )


def _module(inputs: int, conv: Conv, rngs: nnx.Rngs) -> layers.ConvRelu:
  padding = 'SAME' if conv.stride == 1 else 'VALID'
  return layers.ConvRelu(
    inputs, conv.outputs, conv.kernel, conv.stride, padding, rngs=rngs
  )


def _numbered(name: str, i: int) -> str:
  """How TensorFlow numbers equal names: the first has no number."""
  return f'{name}_{i}' if i else name
