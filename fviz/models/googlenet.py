"""GoogLeNet (Szegedy et al. 2014, arXiv 1409.4842), torchvision's port.

It has batch norm and was trained anew: DeepDream's network is `inception_v1`.
Its 'branch3' is a 3 x 3 convolution where the paper has 5 x 5.
Names are torchvision's: 'inception4a/branch2/1' is a convolution after batch
norm and ReLU, '.../bn' the value before the ReLU and '.../conv' the value
before the batch norm.
"""

import functools

import jax
from flax import nnx

from fviz.models import layers, pools
from fviz.models.weights.layouts import Layout

# 1x1, 3x3 (reduced, out), "5x5" (reduced, out), pooled.
_BLOCKS = {
  '3a': (64, (96, 128), (16, 32), 32),
  '3b': (128, (128, 192), (32, 96), 64),
  '4a': (192, (96, 208), (16, 48), 64),
  '4b': (160, (112, 224), (24, 64), 64),
  '4c': (128, (128, 256), (24, 64), 64),
  '4d': (112, (144, 288), (32, 64), 64),
  '4e': (256, (160, 320), (32, 128), 128),
  '5a': (256, (160, 320), (32, 128), 128),
  '5b': (384, (192, 384), (48, 128), 128),
}


class Inception(nnx.Module):
  """Four branches joined along the channels."""

  def __init__(self, inputs: int, widths, *, rngs: nnx.Rngs):
    single, second, third, pooled = widths
    conv = functools.partial(layers.ConvNormRelu, rngs=rngs)
    pair = lambda reduced, wide: layers.Chain(
      [conv(inputs, reduced, 1), conv(reduced, wide, 3, 1, 1)]
    )
    self.branch1 = conv(inputs, single, 1)
    self.branch2 = pair(*second)
    self.branch3 = pair(*third)
    pool = pools.MaxPool(3, 1, 1, ceil=True)
    self.branch4 = layers.Chain([pool, conv(inputs, pooled, 1)])
    self.outputs = single + second[1] + third[1] + pooled

  def __call__(self, x: jax.Array) -> jax.Array:
    return layers.concatenate(
      self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)
    )


class GoogLeNet(nnx.Module):
  """Images [n, h, w, 3] -> logits [n, 1000]."""

  def __init__(self, *, rngs: nnx.Rngs):
    conv = functools.partial(layers.ConvNormRelu, rngs=rngs)
    self.conv1 = conv(3, 64, 7, 2, 3)
    self.maxpool1 = pools.MaxPool(3, 2, ceil=True)
    self.conv2 = conv(64, 64, 1)
    self.conv3 = conv(64, 192, 3, 1, 1)
    self.maxpool2 = pools.MaxPool(3, 2, ceil=True)
    inputs = 192
    for name, widths in _BLOCKS.items():
      block = Inception(inputs, widths, rngs=rngs)
      setattr(self, f'inception{name}', block)
      inputs = block.outputs
    self.maxpool3 = pools.MaxPool(3, 2, ceil=True)
    self.maxpool4 = pools.MaxPool(2, 2, ceil=True)
    self.fc = nnx.Linear(inputs, 1000, rngs=rngs)

  def __call__(self, x: jax.Array) -> jax.Array:
    x = self.conv3(self.conv2(self.maxpool1(self.conv1(x))))
    x = self.maxpool2(x)
    for name in _BLOCKS:
      if name == '4a':
        x = self.maxpool3(x)
      if name == '5a':
        x = self.maxpool4(x)
      x = getattr(self, f'inception{name}')(x)
    return self.fc(x.mean((1, 2)))


# The auxiliary heads only train.
_LAYOUT = Layout(GoogLeNet, 'googlenet_tv', ignored=('aux1.*', 'aux2.*'))
LAYOUTS = {'googlenet': (_LAYOUT,)}
