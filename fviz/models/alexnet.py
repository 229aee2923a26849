"""AlexNet (Krizhevsky 2014, arXiv 1404.5997), torchvision's port.

Five convolutions and three linear layers; names are torchvision's, so the
layer 'features/3' is the second convolution and 'features/4' its ReLU.
"""

import functools

import jax
from flax import nnx

from fviz.models import layers, pools
from fviz.models.weights import filling
from fviz.models.weights.layouts import Layout


class AlexNet(nnx.Module):
  """Images [n, h, w, 3] -> logits [n, 1000]."""

  def __init__(self, *, rngs: nnx.Rngs):
    relu, pool = layers.Relu, functools.partial(pools.MaxPool, 3, 2)
    conv = functools.partial(layers.conv, rngs=rngs)
    linear = functools.partial(nnx.Linear, rngs=rngs)
    self.features = layers.Chain(
      [
        *(conv(3, 64, 11, 4, 2), relu(), pool()),
        *(conv(64, 192, 5, 1, 2), relu(), pool()),
        *(conv(192, 384, 3, 1, 1), relu()),
        *(conv(384, 256, 3, 1, 1), relu()),
        *(conv(256, 256, 3, 1, 1), relu(), pool()),
      ]
    )
    self.avgpool = pools.AdaptiveAveragePool(6)
    first, second = linear(256 * 6 * 6, 4096), linear(4096, 4096)
    self.classifier = layers.Chain(
      {1: first, 2: relu(), 4: second, 5: relu(), 6: linear(4096, 1000)}
    )

  def __call__(self, x: jax.Array) -> jax.Array:
    x = self.avgpool(self.features(x))
    return self.classifier(x.reshape(x.shape[0], -1))


_convert = functools.partial(filling.from_torch, flattened=(256, 6, 6))
LAYOUTS = {'alexnet': (Layout(AlexNet, 'alexnet_tv', convert=_convert),)}
