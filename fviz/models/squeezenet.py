"""SqueezeNet 1.0 and 1.1 (Iandola et al. 2016, arXiv 1602.07360).

Two spellings. Torchvision's: 'features/3/expand1x1' is a convolution and
'features/3/expand1x1_activation' its ReLU. Caffe's, of the original weights:
'fire2/expand1x1' is a convolution with its ReLU and 'fire2/expand1x1/pre_relu'
the value before; its last convolution also pads a border. The logits are the
means of the last convolution after its ReLU.
"""

import functools

import jax
from flax import nnx

from fviz.models import layers, pools
from fviz.models.weights.layouts import Layout

# Squeeze and expand channels of fire2 to fire9.
_FIRES = tuple((n, 4 * n) for n in (16, 16, 32, 32, 48, 48, 64, 64))


class Fire(nnx.Module):
  """1 x 1 squeeze, then 1 x 1 and 3 x 3 expand, joined in that order."""

  def __init__(self, inputs: int, squeeze: int, expand: int, *, rngs: nnx.Rngs):
    conv = functools.partial(layers.conv, rngs=rngs)
    self.squeeze = conv(inputs, squeeze, 1)
    self.squeeze_activation = layers.Relu()
    self.expand1x1 = conv(squeeze, expand, 1)
    self.expand1x1_activation = layers.Relu()
    self.expand3x3 = conv(squeeze, expand, 3, 1, 1)
    self.expand3x3_activation = layers.Relu()

  def __call__(self, x: jax.Array) -> jax.Array:
    x = self.squeeze_activation(self.squeeze(x))
    return layers.concatenate(
      self.expand1x1_activation(self.expand1x1(x)),
      self.expand3x3_activation(self.expand3x3(x)),
    )


class SqueezeNet(nnx.Module):
  """Torchvision's. Images [n, h, w, 3] -> logits [n, 1000].

  Args:
    stem: channels and kernel of the first convolution.
    groups: how many fires stand before each max pool, and at the end.
    rngs: for the initial weights.
  """

  def __init__(
    self, stem: tuple[int, int], groups: tuple[int, ...], *, rngs: nnx.Rngs
  ):
    inputs, kernel = stem
    modules: list[nnx.Module] = [
      layers.conv(3, inputs, kernel, 2, rngs=rngs),
      layers.Relu(),
    ]
    fires = iter(_FIRES)
    for group in groups:
      modules.append(pools.MaxPool(3, 2, ceil=True))
      for _ in range(group):
        squeeze, expand = next(fires)
        modules.append(Fire(inputs, squeeze, expand, rngs=rngs))
        inputs = 2 * expand
    self.features = layers.Chain(modules)
    self.classifier = layers.Chain(
      {1: layers.conv(inputs, 1000, 1, rngs=rngs), 2: layers.Relu()}
    )

  def __call__(self, x: jax.Array) -> jax.Array:
    return self.classifier(self.features(x)).mean((1, 2))


class CaffeFire(nnx.Module):
  """As `Fire`, with Caffe's names."""

  def __init__(self, inputs: int, squeeze: int, expand: int, *, rngs: nnx.Rngs):
    conv = functools.partial(layers.ConvRelu, rngs=rngs)
    self.squeeze1x1 = conv(inputs, squeeze, 1)
    self.expand1x1 = conv(squeeze, expand, 1)
    self.expand3x3 = conv(squeeze, expand, 3)

  def __call__(self, x: jax.Array) -> jax.Array:
    x = self.squeeze1x1(x)
    return layers.concatenate(self.expand1x1(x), self.expand3x3(x))


class CaffeSqueezeNet(nnx.Module):
  """Version 1.0 as it was published. Images, BGR -> logits [n, 1000]."""

  def __init__(self, *, rngs: nnx.Rngs):
    conv = functools.partial(layers.ConvRelu, rngs=rngs)
    inputs = 96
    self.conv1 = conv(3, inputs, 7, 2, 'VALID')
    self.pool1 = pools.MaxPool(3, 2, ceil=True)
    for i, (squeeze, expand) in enumerate(_FIRES, 2):
      setattr(self, f'fire{i}', CaffeFire(inputs, squeeze, expand, rngs=rngs))
      inputs = 2 * expand
    self.pool4 = pools.MaxPool(3, 2, ceil=True)
    self.pool8 = pools.MaxPool(3, 2, ceil=True)
    self.conv10 = conv(inputs, 1000, 1, padding=1)

  def __call__(self, x: jax.Array) -> jax.Array:
    x = self.pool1(self.conv1(x))
    for i in range(2, 10):
      x = getattr(self, f'fire{i}')(x)
      if i in (4, 8):
        x = getattr(self, f'pool{i}')(x)
    return self.conv10(x).mean((1, 2))


def caffe_key(path: str) -> str:
  """The model's path to a tensor -> its name in the file.

  >>> caffe_key('fire2/expand3x3/pre_relu/bias')
  'fire2/expand3x3/bias'
  """
  return path.replace('/pre_relu', '')


_squeezenet1_0 = functools.partial(SqueezeNet, (96, 7), (3, 4, 1))
_squeezenet1_1 = functools.partial(SqueezeNet, (64, 3), (2, 2, 4))
_caffe = Layout(
  CaffeSqueezeNet,
  'squeezenet1_0_caffe',
  marker='fire2/squeeze1x1/kernel',
  rename=caffe_key,
  convert=None,
)
LAYOUTS = {
  'squeezenet1_0': (Layout(_squeezenet1_0, 'squeezenet1_0_tv'), _caffe),
  'squeezenet1_1': (Layout(_squeezenet1_1, 'squeezenet1_1_tv'),),
}
