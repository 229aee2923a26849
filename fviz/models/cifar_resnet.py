"""ResNet-20 and ResNet-56 for CIFAR-10 (He et al. 2015, section 4.2).

Shortcuts without parameters (option A). Names are those of akamaster's
weights; 'layer2/0/bn1' is the value before the ReLU 'layer2/0/act1',
'layer2/0/add' the residual sum, and the block 'layer2/0' that sum after its
ReLU.
"""

import functools

import jax
import jax.numpy as jnp
from flax import nnx

from fviz.models import layers
from fviz.models.weights.layouts import Layout


class Shortcut(nnx.Module):
  """Every second pixel, and as many zero channels before as after."""

  def __init__(self, inputs: int, outputs: int):
    self.padding = (outputs - inputs) // 2

  def __call__(self, x: jax.Array) -> jax.Array:
    pads = [(0, 0)] * 3 + [(self.padding, self.padding)]
    return jnp.pad(x[:, ::2, ::2], pads)


class Block(nnx.Module):
  """Two 3 x 3 convolutions and a shortcut."""

  def __init__(self, inputs: int, outputs: int, stride: int, rngs: nnx.Rngs):
    conv = functools.partial(layers.conv, bias=False, rngs=rngs)
    self.conv1 = conv(inputs, outputs, 3, stride, 1)
    self.bn1 = layers.norm(outputs, rngs=rngs)
    self.act1 = layers.Relu()
    self.conv2 = conv(outputs, outputs, 3, 1, 1)
    self.bn2 = layers.norm(outputs, rngs=rngs)
    self.shortcut = Shortcut(inputs, outputs) if stride > 1 else None
    self.add = layers.Add()
    self.act2 = layers.Relu()

  def __call__(self, x: jax.Array) -> jax.Array:
    shortcut = self.shortcut(x) if self.shortcut else x
    x = self.act1(self.bn1(self.conv1(x)))
    return self.act2(self.add(self.bn2(self.conv2(x)), shortcut))


class CifarResNet(nnx.Module):
  """Images [n, 32, 32, 3] -> logits [n, 10].

  Args:
    depth: blocks of each of the three stages.
    rngs: for the initial weights.
  """

  def __init__(self, depth: int, *, rngs: nnx.Rngs):
    self.conv1 = layers.conv(3, 16, 3, 1, 1, bias=False, rngs=rngs)
    self.bn1 = layers.norm(16, rngs=rngs)
    self.act1 = layers.Relu()
    rows = [(depth, 16, 1), (depth, 32, 2), (depth, 64, 2)]
    self.layer1, self.layer2, self.layer3 = layers.stages(Block, 16, rows, rngs)
    self.linear = nnx.Linear(64, 10, rngs=rngs)

  def __call__(self, x: jax.Array) -> jax.Array:
    x = self.act1(self.bn1(self.conv1(x)))
    x = self.layer3(self.layer2(self.layer1(x)))
    return self.linear(x.mean((1, 2)))


LAYOUTS = {  # 6 depth + 2 layers.
  'resnet20': (Layout(functools.partial(CifarResNet, 3), 'resnet20_cifar10'),),
  'resnet56': (Layout(functools.partial(CifarResNet, 9), 'resnet56_cifar10'),),
}
