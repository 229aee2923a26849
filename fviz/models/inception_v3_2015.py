"""Inception v3 of 2015-12-05, from the stem to `mixed_8`.

The network of TensorFlow's DeepDream tutorial: batch norm folded into the
convolutions, no classifier. Module names are those of the graph, so the layer
'mixed_4/tower/conv_1' holds the tensors 'mixed_4_tower_conv_1/kernel' and
'/bias'; '.../pre_relu' is the value before the ReLU. Input in [0, 1] becomes
(255 x - 128) / 128.
"""

import functools

import jax
from flax import nnx

from fviz.models import layers, pools
from fviz.models.inception_v3_2016 import BLOCKS, POOL, Block, Conv

_BLOCKS = tuple(BLOCKS.values())[:9]  # The graph of 2015 ends with mixed_8.


class Mixed(nnx.Module):
  """A block: branches side by side, joined along the channels.

  A branch of a single convolution is 'conv'; the others are towers. The last
  branch starts with the pool.
  """

  def __init__(self, inputs: int, block: Block, rngs: nnx.Rngs):
    self.pool = pools.AveragePool() if block[POOL] else pools.MaxPool(3, 2)
    self.outputs = 0 if block[POOL] else inputs
    names: list[str] = []
    for key, branch in block.items():
      convs = [conv for (conv,) in branch]
      if len(convs) == 1 and key != POOL:
        name, module = 'conv', convs[0].module(layers.ConvRelu, inputs, rngs)
      elif convs:
        towers = sum(name != 'conv' for name in names)
        name, module = _numbered('tower', towers), _tower(inputs, convs, rngs)
      else:
        continue  # The max pool alone.
      setattr(self, name, module)
      names.append(name)
      self.outputs += convs[-1].outputs
    self.pooled = names.pop() if block[POOL] else ''
    self.names = tuple(names)

  def __call__(self, x: jax.Array) -> jax.Array:
    outputs = [getattr(self, name)(x) for name in self.names]
    pooled = self.pool(x)
    if self.pooled:
      pooled = getattr(self, self.pooled)(pooled)
    return layers.concatenate(*outputs, pooled)


class InceptionV3(nnx.Module):
  """Images [n, h, w, 3] in [-1, 1] -> mixed_8 [n, h, w, 1280]."""

  def __init__(self, *, rngs: nnx.Rngs):
    conv = functools.partial(layers.ConvRelu, padding='VALID', rngs=rngs)
    self.conv = conv(3, 32, 3, 2)
    self.conv_1 = conv(32, 32, 3)
    self.conv_2 = conv(32, 64, 3, padding='SAME')
    self.pool = pools.MaxPool(3, 2)
    self.conv_3 = conv(64, 80, 1)
    self.conv_4 = conv(80, 192, 3)
    self.pool_1 = pools.MaxPool(3, 2)
    inputs = 192
    for i, block in enumerate(_BLOCKS):
      mixed = Mixed(inputs, block, rngs)
      setattr(self, _numbered('mixed', i), mixed)
      inputs = mixed.outputs

  def __call__(self, x: jax.Array) -> jax.Array:
    x = self.conv_2(self.conv_1(self.conv(x)))
    x = self.pool_1(self.conv_4(self.conv_3(self.pool(x))))
    for i in range(len(_BLOCKS)):
      x = getattr(self, _numbered('mixed', i))(x)
    return x


def key_in_file(path: str) -> str:
  """The model's path to a tensor -> its name in the file.

  >>> key_in_file('mixed_4/tower/conv_1/pre_relu/kernel')
  'mixed_4_tower_conv_1/kernel'
  """
  *modules, _, leaf = path.split('/')
  return '_'.join(modules) + '/' + leaf


def _tower(inputs: int, convs: list[Conv], rngs: nnx.Rngs) -> layers.Chain:
  """Convolutions one after another: conv, conv_1, conv_2, ..."""
  modules = {}
  for i, conv in enumerate(convs):
    name = _numbered('conv', i)
    modules[name] = conv.module(layers.ConvRelu, inputs, rngs)
    inputs = conv.outputs
  return layers.Chain(modules)


def _numbered(name: str, i: int) -> str:
  """How TensorFlow numbers equal names: the first has no number."""
  return f'{name}_{i}' if i else name
