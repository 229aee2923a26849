"""AlexNet (Krizhevsky 2014, arXiv 1404.5997), torchvision's port.

Five convolutions and three linear layers; names are torchvision's, so the
layer 'features/3' is the second convolution and 'features/4' its ReLU.
"""

from __future__ import annotations

import functools

import jax
from flax import nnx

from fviz.models import layers, pools
from fviz.models.weights import filling
from fviz.models.weights.layouts import Layout


class AlexNet(nnx.Module):
  """Images [n, h, w, 3] -> logits [n, 1000]."""

  def __init__(self, *, rngs: nnx.Rngs):
    conv, relu = layers.conv, layers.Relu
    pool = lambda: pools.MaxPool(3, 2)
    self.features = layers.Chain(
      {
        0: conv(3, 64, 11, 4, 2, rngs=rngs),
        1: relu(),
        2: pool(),
        3: conv(64, 192, 5, 1, 2, rngs=rngs),
        4: relu(),
        5: pool(),
        6: conv(192, 384, 3, 1, 1, rngs=rngs),
        7: relu(),
        8: conv(384, 256, 3, 1, 1, rngs=rngs),
        9: relu(),
        10: conv(256, 256, 3, 1, 1, rngs=rngs),
        11: relu(),
        12: pool(),
      }
    )
    self.avgpool = pools.AdaptiveAveragePool(6)
    self.classifier = layers.Chain(
      {
        1: nnx.Linear(256 * 6 * 6, 4096, rngs=rngs),
        2: relu(),
        4: nnx.Linear(4096, 4096, rngs=rngs),
        5: relu(),
        6: nnx.Linear(4096, 1000, rngs=rngs),
      }
    )

  def __call__(self, x: jax.Array) -> jax.Array:
    x = self.avgpool(self.features(x))
    return self.classifier(x.reshape(x.shape[0], -1))


def layouts(name: str) -> tuple[Layout, ...]:
  """Torchvision's only."""
  del name
  convert = functools.partial(filling.from_torch, flattened=(256, 6, 6))
  return (Layout(AlexNet, 'alexnet_tv', convert=convert),)
