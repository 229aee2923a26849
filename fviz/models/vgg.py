"""VGG-16 and VGG-19 (Simonyan and Zisserman 2014, arXiv 1409.1556).

Names are torchvision's: 'features/0' is conv1_1 and 'features/1' its ReLU.
With pool='average' the pools average, as Gatys et al. 2015 (arXiv 1505.07376)
recommend for textures and styles.
"""

import functools
from collections.abc import Iterator

import jax
from flax import nnx

from fviz import errors
from fviz.models import layers, pools
from fviz.models.weights import filling
from fviz.models.weights.layouts import Layout

# Convolutions of 3 x 3 before each pool.
_DEPTHS = {'vgg16': (2, 2, 3, 3, 3), 'vgg19': (2, 2, 4, 4, 4)}
_WIDTHS = (64, 128, 256, 512, 512)
# Torchvision's names of the linear layers -> timm's.
_TIMM = {
  'classifier.0': 'pre_logits.fc1',
  'classifier.3': 'pre_logits.fc2',
  'classifier.6': 'head.fc',
}


class VGG(nnx.Module):
  """Images [n, h, w, 3] -> logits [n, 1000].

  Args:
    depths: convolutions before each of the five pools.
    pool: 'max', or 'average'.
    rngs: for the initial weights.
  """

  def __init__(
    self, depths: tuple[int, ...], pool: str = 'max', *, rngs: nnx.Rngs
  ):
    self.features = layers.Chain(list(_features(depths, pool, rngs)))
    self.avgpool = pools.AdaptiveAveragePool(7)
    linear, relu = functools.partial(nnx.Linear, rngs=rngs), layers.Relu
    first, second = linear(512 * 7 * 7, 4096), linear(4096, 4096)
    self.classifier = layers.Chain(
      {0: first, 1: relu(), 3: second, 4: relu(), 6: linear(4096, 1000)}
    )

  def __call__(self, x: jax.Array) -> jax.Array:
    x = self.avgpool(self.features(x))
    return self.classifier(x.reshape(x.shape[0], -1))


def _features(depths, pool, rngs) -> Iterator[nnx.Module]:
  if pool not in ('max', 'average'):
    raise errors.unknown('pool', pool, ('max', 'average'))
  inputs = 3
  for depth, width in zip(depths, _WIDTHS, strict=True):
    for _ in range(depth):
      yield layers.conv(inputs, width, 3, 1, 1, rngs=rngs)
      yield layers.Relu()
      inputs = width
    yield (
      pools.MaxPool(2, 2) if pool == 'max' else pools.AveragePool(2, 2, 'VALID')
    )


def _timm_key(path: str) -> str:
  key = filling.torch_key(path)
  layer, _, leaf = key.rpartition('.')
  return f'{_TIMM.get(layer, layer)}.{leaf}'


def _layouts(name: str) -> tuple[Layout, ...]:
  """Timm's names, and torchvision's."""
  layout = functools.partial(
    Layout,
    functools.partial(VGG, _DEPTHS[name]),
    convert=functools.partial(filling.from_torch, flattened=(512, 7, 7)),
    options=('pool',),
  )
  return (
    layout(f'{name}.tv_in1k', marker='pre_logits.fc1.weight', rename=_timm_key),
    layout(f'{name}_tv', marker='classifier.0.weight'),
  )


LAYOUTS = {name: _layouts(name) for name in _DEPTHS}
