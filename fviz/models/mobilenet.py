"""MobileNet v1 (Howard et al. 2017, arXiv 1704.04861) and v2 (Sandler et al.
2018, arXiv 1801.04381).

V1 is also read as TensorFlow trained it, in the names of Keras and
TensorFlow.js or in those of TF-slim. Its convolutions of stride 2 pad only
below and at the right.

Names are timm's: 'blocks/2/0/bn1' is the value before the ReLU6
'blocks/2/0/act1', 'blocks/2/0/conv_dw' the depthwise convolution. The narrow
layers of v2, 'bn3', have no nonlinearity.
"""

import functools
from collections.abc import Sequence

import jax
import numpy as np
from flax import nnx

from fviz.models import layers
from fviz.models.weights import filling
from fviz.models.weights.layouts import Layout

# Stages: (blocks, channels, stride of the first).
_V1 = ((1, 64, 1), (2, 128, 2), (2, 256, 2), (6, 512, 2), (2, 1024, 2))
# Those after the first block.
_V2 = ((2, 24, 2), (3, 32, 2), (4, 64, 2), (3, 96, 1), (3, 160, 2), (1, 320, 1))
_EXPANSION = 6
# Padding of 3 x 3 and epsilon of the norms, of torch and of TensorFlow.
_STYLE = ((1, 1e-5), ('SAME', 1e-3))


class Separable(nnx.Module):
  """A depthwise 3 x 3 and a 1 x 1 convolution."""

  def __init__(
    self,
    inputs: int,
    outputs: int,
    stride: int,
    relu: bool,
    rngs: nnx.Rngs,
    tensorflow: bool = False,
  ):
    conv = functools.partial(layers.conv, bias=False, rngs=rngs)
    padding, epsilon = _STYLE[tensorflow]
    self.conv_dw = conv(inputs, inputs, 3, stride, padding, groups=inputs)
    self.bn1 = layers.norm(inputs, epsilon, rngs=rngs)
    self.act1 = layers.Relu6()
    self.conv_pw = conv(inputs, outputs, 1)
    self.bn2 = layers.norm(outputs, epsilon, rngs=rngs)
    self.act2 = layers.Relu6() if relu else None

  def __call__(self, x: jax.Array) -> jax.Array:
    x = self.act1(self.bn1(self.conv_dw(x)))
    x = self.bn2(self.conv_pw(x))
    return self.act2(x) if self.act2 else x


class Inverted(nnx.Module):
  """Wide, depthwise, narrow; and a shortcut between the narrow ends."""

  def __init__(self, inputs: int, outputs: int, stride: int, rngs: nnx.Rngs):
    conv = functools.partial(layers.conv, bias=False, rngs=rngs)
    wide = inputs * _EXPANSION
    self.conv_pw = conv(inputs, wide, 1)
    self.bn1 = layers.norm(wide, rngs=rngs)
    self.act1 = layers.Relu6()
    self.conv_dw = conv(wide, wide, 3, stride, 1, groups=wide)
    self.bn2 = layers.norm(wide, rngs=rngs)
    self.act2 = layers.Relu6()
    self.conv_pwl = conv(wide, outputs, 1)
    self.bn3 = layers.norm(outputs, rngs=rngs)
    self.shortcut = stride == 1 and inputs == outputs

  def __call__(self, x: jax.Array) -> jax.Array:
    y = self.act1(self.bn1(self.conv_pw(x)))
    y = self.act2(self.bn2(self.conv_dw(y)))
    y = self.bn3(self.conv_pwl(y))
    return x + y if self.shortcut else y


class _Stem(nnx.Module):
  """What both versions begin with."""

  def __init__(self, rngs: nnx.Rngs, tensorflow: bool = False):
    padding, epsilon = _STYLE[tensorflow]
    self.conv_stem = layers.conv(3, 32, 3, 2, padding, bias=False, rngs=rngs)
    self.bn1 = layers.norm(32, epsilon, rngs=rngs)
    self.act1 = layers.Relu6()

  def _stem(self, x: jax.Array) -> jax.Array:
    return self.act1(self.bn1(self.conv_stem(x)))


class MobileNetV1(_Stem):
  """Images [n, h, w, 3] -> logits [n, 1000]."""

  def __init__(self, *, rngs: nnx.Rngs, tensorflow: bool = False):
    super().__init__(rngs, tensorflow)
    block = functools.partial(Separable, relu=True, tensorflow=tensorflow)
    self.blocks = layers.Chain(layers.stages(block, 32, _V1, rngs))
    self.classifier = nnx.Linear(1024, 1000, rngs=rngs)

  def __call__(self, x: jax.Array) -> jax.Array:
    return self.classifier(self.blocks(self._stem(x)).mean((1, 2)))


class MobileNetV2(_Stem):
  """Images [n, h, w, 3] -> logits [n, 1000]."""

  def __init__(self, *, rngs: nnx.Rngs):
    super().__init__(rngs)
    first = layers.Chain([Separable(32, 16, 1, relu=False, rngs=rngs)])
    rest = layers.stages(Inverted, 16, _V2, rngs)
    self.blocks = layers.Chain([first, *rest])
    self.conv_head = layers.conv(320, 1280, 1, bias=False, rngs=rngs)
    self.bn2 = layers.norm(1280, rngs=rngs)
    self.act2 = layers.Relu6()
    self.classifier = nnx.Linear(1280, 1000, rngs=rngs)

  def __call__(self, x: jax.Array) -> jax.Array:
    x = self.act2(self.bn2(self.conv_head(self.blocks(self._stem(x)))))
    return self.classifier(x.mean((1, 2)))


def torchvision_key(path: str) -> str:
  """The path to a tensor of v2 -> its name in torchvision's weights.

  >>> torchvision_key('blocks/1/1/conv_pwl/kernel')
  'features.3.conv.2.weight'
  >>> torchvision_key('bn1/mean')
  'features.0.1.running_mean'
  """
  module, _, leaf = filling.torch_key(path).rpartition('.')
  if module in _ENDS:
    return f'{_ENDS[module]}.{leaf}'
  *modules, part = module.split('.')
  number = _number(modules, _FLAT)
  parts = _FIRST if number == 1 else _REST
  return f'features.{number}.conv.{parts[part]}.{leaf}'


def keras_key(path: str) -> str:
  """The path to a tensor of v1 -> its name in Keras and TensorFlow.js.

  >>> keras_key('blocks/1/1/conv_dw/kernel'), keras_key('blocks/0/0/bn2/mean')
  ('conv_dw_3/depthwise_kernel', 'conv_pw_1_bn/moving_mean')
  """
  *modules, part, leaf = path.split('/')
  if part == 'classifier':
    return f'conv_preds/{leaf}'
  number, kind = _number(modules, _V1), 'dw' if part in _DEPTHWISE else 'pw'
  module = f'conv_{kind}_{number}' if number else 'conv1'
  if leaf == 'kernel':
    return f'{module}/{"depthwise_" if part == "conv_dw" else ""}kernel'
  return f'{module}_bn/{_NORM[leaf]}'


def slim_key(path: str) -> str:
  """The path to a tensor of v1 -> its name in TF-slim's graph.

  >>> slim_key('blocks/1/1/conv_dw/kernel')
  'MobilenetV1/Conv2d_3_depthwise/depthwise_weights'
  >>> slim_key('bn1/mean')
  'MobilenetV1/Conv2d_0/BatchNorm/moving_mean'
  """
  *modules, part, leaf = path.split('/')
  if part == 'classifier':
    leaf = 'biases' if leaf == 'bias' else 'weights'
    return f'MobilenetV1/Logits/Conv2d_1c_1x1/{leaf}'
  number = _number(modules, _V1)
  kind = '_depthwise' if part in _DEPTHWISE else '_pointwise'
  module = f'MobilenetV1/Conv2d_{number}{kind if number else ""}'
  if leaf == 'kernel':
    return f'{module}/{"depthwise_" if part == "conv_dw" else ""}weights'
  return f'{module}/BatchNorm/{_NORM[leaf]}'


def from_tensorflow(value: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
  """TensorFlow's layout -> ours: depthwise (h, w, c, 1) -> (h, w, 1, c).

  The classifier is a 1 x 1 convolution there; TF-slim's has a class more, the
  background before all others, which is left out.
  """
  if value.ndim == 4 and value.shape[-1] == 1:
    value = value.transpose(0, 1, 3, 2)
  if value.ndim == 4 and len(shape) == 2 and value.shape[:2] == (1, 1):
    value = value[0, 0]
  classes = value.shape[-1] if value.ndim else 0
  if value.ndim == len(shape) and classes == shape[-1] + 1 == 1001:
    value = value[..., 1:]
  return value


def _number(modules: list[str], stages: Sequence[tuple[int, int, int]]) -> int:
  """('blocks', stage, block) -> the block's number from 1; 0 for the stem."""
  if not modules:
    return 0
  _, stage, block = modules
  return 1 + sum(depth for depth, _, _ in stages[: int(stage)]) + int(block)


# What belongs to the depthwise convolution of a block of v1.
_DEPTHWISE = ('conv_dw', 'bn1')
# Our names of a norm's parameters -> TensorFlow's.
_NORM = dict(
  scale='gamma', bias='beta', mean='moving_mean', var='moving_variance'
)
# Timm's names in v2 -> torchvision's: ends, first block, other blocks.
_FLAT = ((1, 16, 1), *_V2)
_ENDS = {
  'conv_stem': 'features.0.0',
  'bn1': 'features.0.1',
  'conv_head': 'features.18.0',
  'bn2': 'features.18.1',
  'classifier': 'classifier.1',
}
_FIRST = {'conv_dw': '0.0', 'bn1': '0.1', 'conv_pw': '1', 'bn2': '2'}
_REST = dict(
  conv_pw='0.0', bn1='0.1', conv_dw='1.0', bn2='1.1', conv_pwl='2', bn3='3'
)

_tensorflow = functools.partial(
  Layout,
  functools.partial(MobileNetV1, tensorflow=True),
  'mobilenet_v1_tf',
  convert=from_tensorflow,
)
_SLIM = 'MobilenetV1/Logits/Conv2d_1c_1x1/weights'
LAYOUTS = {
  'mobilenet_v1': (
    Layout(MobileNetV1, 'mobilenetv1_100.ra4_e3600_r224_in1k'),
    _tensorflow(marker='conv_preds/kernel', rename=keras_key),
    _tensorflow(marker=_SLIM, rename=slim_key),
  ),
  'mobilenet_v2': (
    Layout(MobileNetV2, 'mobilenetv2_100.ra_in1k'),
    Layout(
      MobileNetV2,
      'mobilenet_v2_tv',
      marker='features.0.0.weight',
      rename=torchvision_key,
    ),
  ),
}
