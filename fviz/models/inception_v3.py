"""Inception v3 (Szegedy et al. 2015, arXiv 1512.00567) of 2015-12-05.

The network of TensorFlow's DeepDream tutorial, from the stem to `mixed_8`,
batch norm folded into the convolutions, no classifier. Module names are those
of the graph, so the layer 'mixed_4/tower/conv_1' holds the tensors
'mixed_4_tower_conv_1/kernel' and '/bias'; '.../pre_relu' is the value before
the ReLU. Input in [0, 1] becomes (255 x - 128) / 128. The release of 2016 with
its classifier is in `inception_v3_tv`; a file's names tell them apart.
"""

from __future__ import annotations

import jax
from flax import nnx

from fviz.models import inception_v3_tv, layers
from fviz.models.weights.layouts import Layout

# One tower: (outputs, kernel, stride) a convolution. Stride 2 is VALID.
Tower = tuple[tuple[int, tuple[int, int], int], ...]


def conv(outputs: int, height: int, width: int, stride: int = 1):
  """One row of a tower."""
  return (outputs, (height, width), stride)


class TowerBranch(nnx.Module):
  """Convolutions one after another: conv, conv_1, conv_2, ..."""

  def __init__(self, inputs: int, tower: Tower, rngs: nnx.Rngs):
    self.depth = len(tower)
    for i, (outputs, kernel, stride) in enumerate(tower):
      padding = 'SAME' if stride == 1 else 'VALID'
      module = layers.ConvRelu(
        inputs, outputs, kernel, stride, padding, rngs=rngs
      )
      setattr(self, f'conv_{i}' if i else 'conv', module)
      inputs = outputs

  def __call__(self, x: jax.Array) -> jax.Array:
    for i in range(self.depth):
      x = getattr(self, f'conv_{i}' if i else 'conv')(x)
    return x


class Mixed(nnx.Module):
  """A block: branches side by side, joined along the channels.

  Branches that are None do not exist. A reducing block ends in a max pool,
  the others in an average pool followed by tower_2.
  """

  def __init__(
    self,
    inputs: int,
    single: Tower | None,
    tower: Tower,
    tower_1: Tower | None,
    tower_2: Tower | None,
    rngs: nnx.Rngs,
  ):
    if single:
      (outputs, kernel, stride), padding = single[0], 'SAME'
      padding = 'SAME' if stride == 1 else 'VALID'
      self.conv = layers.ConvRelu(
        inputs, outputs, kernel, stride, padding, rngs=rngs
      )
    self.tower = TowerBranch(inputs, tower, rngs)
    if tower_1:
      self.tower_1 = TowerBranch(inputs, tower_1, rngs)
    self.pool = (
      layers.AveragePool() if tower_2 else layers.MaxPool(3, 2, 'VALID')
    )
    if tower_2:
      self.tower_2 = TowerBranch(inputs, tower_2, rngs)

  def __call__(self, x: jax.Array) -> jax.Array:
    names = [k for k in ('conv', 'tower', 'tower_1') if hasattr(self, k)]
    branches = [getattr(self, name)(x) for name in names]
    pooled = self.pool(x)
    branches.append(
      self.tower_2(pooled) if hasattr(self, 'tower_2') else pooled
    )
    return layers.concatenate(branches)


def _grid35(inputs: int, pooled: int, rngs: nnx.Rngs) -> Mixed:
  return Mixed(
    inputs,
    single=(conv(64, 1, 1),),
    tower=(conv(48, 1, 1), conv(64, 5, 5)),
    tower_1=(conv(64, 1, 1), conv(96, 3, 3), conv(96, 3, 3)),
    tower_2=(conv(pooled, 1, 1),),
    rngs=rngs,
  )


def _grid17(width: int, rngs: nnx.Rngs) -> Mixed:
  return Mixed(
    768,
    single=(conv(192, 1, 1),),
    tower=(conv(width, 1, 1), conv(width, 1, 7), conv(192, 7, 1)),
    tower_1=(
      conv(width, 1, 1),
      conv(width, 7, 1),
      conv(width, 1, 7),
      conv(width, 7, 1),
      conv(192, 1, 7),
    ),
    tower_2=(conv(192, 1, 1),),
    rngs=rngs,
  )


class InceptionV3(nnx.Module):
  """Stem to mixed_8; returns mixed_8 [n, h, w, 1280]."""

  def __init__(self, *, rngs: nnx.Rngs):
    block = layers.ConvRelu
    self.conv = block(3, 32, (3, 3), 2, 'VALID', rngs=rngs)
    self.conv_1 = block(32, 32, (3, 3), 1, 'VALID', rngs=rngs)
    self.conv_2 = block(32, 64, (3, 3), 1, 'SAME', rngs=rngs)
    self.pool = layers.MaxPool(3, 2)
    self.conv_3 = block(64, 80, (1, 1), 1, 'VALID', rngs=rngs)
    self.conv_4 = block(80, 192, (3, 3), 1, 'VALID', rngs=rngs)
    self.pool_1 = layers.MaxPool(3, 2)
    self.mixed = _grid35(192, 32, rngs)
    self.mixed_1 = _grid35(256, 64, rngs)
    self.mixed_2 = _grid35(288, 64, rngs)
    self.mixed_3 = Mixed(
      288,
      single=(conv(384, 3, 3, 2),),
      tower=(conv(64, 1, 1), conv(96, 3, 3), conv(96, 3, 3, 2)),
      tower_1=None,
      tower_2=None,
      rngs=rngs,
    )
    self.mixed_4 = _grid17(128, rngs)
    self.mixed_5 = _grid17(160, rngs)
    self.mixed_6 = _grid17(160, rngs)
    self.mixed_7 = _grid17(192, rngs)
    self.mixed_8 = Mixed(
      768,
      single=None,
      tower=(conv(192, 1, 1), conv(320, 3, 3, 2)),
      tower_1=(
        conv(192, 1, 1),
        conv(192, 1, 7),
        conv(192, 7, 1),
        conv(192, 3, 3, 2),
      ),
      tower_2=None,
      rngs=rngs,
    )

  def __call__(self, x: jax.Array) -> jax.Array:
    x = self.conv_2(self.conv_1(self.conv(x)))
    x = self.conv_4(self.conv_3(self.pool(x)))
    x = self.mixed_2(self.mixed_1(self.mixed(self.pool_1(x))))
    x = self.mixed_5(self.mixed_4(self.mixed_3(x)))
    return self.mixed_8(self.mixed_7(self.mixed_6(x)))


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


def layouts(name: str) -> tuple[Layout, ...]:
  """Torchvision's and timm's names, and those of the 2015 graph."""
  del name
  return (
    Layout(
      inception_v3_tv.InceptionV3,
      'inception_v3.tv_in1k',
      ignored=('AuxLogits.*',),
    ),
    Layout(
      InceptionV3,
      'inception_v3_2015',
      marker='mixed_4_tower_conv_1/kernel',
      rename=key_in_file,
      convert=None,
    ),
  )
