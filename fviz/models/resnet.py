"""ResNet-18 and ResNet-50 (He et al. 2015, arXiv 1512.03385).

The stride is in the 3 x 3 convolution of a bottleneck, as torchvision has it.
Names are timm's: 'layer3/2/bn1' is the value before the ReLU 'layer3/2/act1',
'layer3/2/add' the residual sum, and the block 'layer3/2' that sum after its
ReLU. Adversarially trained weights (Salman et al. 2020, arXiv 2007.08489) have
the same form.
"""

import functools

import jax
from flax import nnx

from fviz.models import layers, pools
from fviz.models.weights.layouts import Layout


class Basic(nnx.Module):
  """Two 3 x 3 convolutions and a shortcut."""

  def __init__(self, inputs: int, outputs: int, stride: int, rngs: nnx.Rngs):
    conv = functools.partial(layers.conv, bias=False, rngs=rngs)
    self.conv1 = conv(inputs, outputs, 3, stride, 1)
    self.bn1 = layers.norm(outputs, rngs=rngs)
    self.act1 = layers.Relu()
    self.conv2 = conv(outputs, outputs, 3, 1, 1)
    self.bn2 = layers.norm(outputs, rngs=rngs)
    self.downsample = _shortcut(inputs, outputs, stride, rngs)
    self.add = layers.Add()
    self.act2 = layers.Relu()

  def __call__(self, x: jax.Array) -> jax.Array:
    shortcut = self.downsample(x) if self.downsample else x
    x = self.act1(self.bn1(self.conv1(x)))
    return self.act2(self.add(self.bn2(self.conv2(x)), shortcut))


class Bottleneck(nnx.Module):
  """1 x 1, 3 x 3 and 1 x 1 convolutions and a shortcut."""

  def __init__(self, inputs: int, outputs: int, stride: int, rngs: nnx.Rngs):
    conv = functools.partial(layers.conv, bias=False, rngs=rngs)
    width = outputs // 4
    self.conv1 = conv(inputs, width, 1)
    self.bn1 = layers.norm(width, rngs=rngs)
    self.act1 = layers.Relu()
    self.conv2 = conv(width, width, 3, stride, 1)
    self.bn2 = layers.norm(width, rngs=rngs)
    self.act2 = layers.Relu()
    self.conv3 = conv(width, outputs, 1)
    self.bn3 = layers.norm(outputs, rngs=rngs)
    self.downsample = _shortcut(inputs, outputs, stride, rngs)
    self.add = layers.Add()
    self.act3 = layers.Relu()

  def __call__(self, x: jax.Array) -> jax.Array:
    shortcut = self.downsample(x) if self.downsample else x
    x = self.act1(self.bn1(self.conv1(x)))
    x = self.act2(self.bn2(self.conv2(x)))
    return self.act3(self.add(self.bn3(self.conv3(x)), shortcut))


class ResNet(nnx.Module):
  """Images [n, h, w, 3] -> logits [n, 1000].

  Args:
    block: Basic or Bottleneck.
    depths: blocks of the four stages.
    width: channels that the blocks of the first stage return.
    rngs: for the initial weights.
  """

  def __init__(
    self,
    block: type[Basic] | type[Bottleneck],
    depths: tuple[int, int, int, int],
    width: int,
    *,
    rngs: nnx.Rngs,
  ):
    self.conv1 = layers.conv(3, 64, 7, 2, 3, bias=False, rngs=rngs)
    self.bn1 = layers.norm(64, rngs=rngs)
    self.act1 = layers.Relu()
    self.maxpool = pools.MaxPool(3, 2, 1)
    rows = [(n, width * 2**i, 2 if i else 1) for i, n in enumerate(depths)]
    self.layer1, self.layer2, self.layer3, self.layer4 = layers.stages(
      block, 64, rows, rngs
    )
    self.fc = nnx.Linear(8 * width, 1000, rngs=rngs)

  def __call__(self, x: jax.Array) -> jax.Array:
    x = self.maxpool(self.act1(self.bn1(self.conv1(x))))
    x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
    return self.fc(x.mean((1, 2)))


def _shortcut(inputs, outputs, stride, rngs) -> layers.Chain | None:
  if stride == 1 and inputs == outputs:
    return None
  conv = layers.conv(inputs, outputs, 1, stride, bias=False, rngs=rngs)
  return layers.Chain([conv, layers.norm(outputs, rngs=rngs)])


_resnet18 = functools.partial(ResNet, Basic, (2, 2, 2, 2), 64)
_resnet50 = functools.partial(ResNet, Bottleneck, (3, 4, 6, 3), 256)
# Timm's and torchvision's names are the same.
LAYOUTS = {
  'resnet18': (Layout(_resnet18, 'resnet18.tv_in1k'),),
  'resnet50': (Layout(_resnet50, 'resnet50.tv_in1k'),),
}
