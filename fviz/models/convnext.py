"""ConvNeXt-T (Liu et al. 2022, arXiv 2201.03545).

Names are timm's: 'stages/2/blocks/4/mlp/fc1' is the value before the GELU
'stages/2/blocks/4/mlp/act', and the block 'stages/2/blocks/4' the residual
sum.
"""

import jax
import jax.numpy as jnp
from flax import nnx

from fviz.models import layers
from fviz.models.weights.layouts import Layout

_DEPTHS, _WIDTHS = (3, 3, 9, 3), (96, 192, 384, 768)


class Mlp(nnx.Module):
  """Two 1 x 1 convolutions with a GELU between."""

  def __init__(self, width: int, rngs: nnx.Rngs):
    self.fc1 = nnx.Linear(width, 4 * width, rngs=rngs)
    self.act = layers.Gelu()
    self.fc2 = nnx.Linear(4 * width, width, rngs=rngs)

  def __call__(self, x: jax.Array) -> jax.Array:
    return self.fc2(self.act(self.fc1(x)))


class Block(nnx.Module):
  """Depthwise 7 x 7, norm, MLP, scaled by gamma, added."""

  def __init__(self, width: int, rngs: nnx.Rngs):
    self.conv_dw = layers.conv(width, width, 7, 1, 3, groups=width, rngs=rngs)
    self.norm = _norm(width, rngs)
    self.mlp = Mlp(width, rngs)
    self.gamma = nnx.Param(jnp.ones(width))

  def __call__(self, x: jax.Array) -> jax.Array:
    return x + self.mlp(self.norm(self.conv_dw(x))) * self.gamma[...]


class Stage(nnx.Module):
  """Halves the resolution, except in the first stage; then blocks."""

  def __init__(self, inputs: int, width: int, depth: int, rngs: nnx.Rngs):
    halve = [_norm(inputs, rngs), layers.conv(inputs, width, 2, 2, rngs=rngs)]
    self.downsample = layers.Chain(halve) if inputs != width else None
    self.blocks = layers.Chain([Block(width, rngs) for _ in range(depth)])

  def __call__(self, x: jax.Array) -> jax.Array:
    return self.blocks(self.downsample(x) if self.downsample else x)


class Head(nnx.Module):
  """Mean over positions, norm, linear."""

  def __init__(self, width: int, rngs: nnx.Rngs):
    self.norm = _norm(width, rngs)
    self.fc = nnx.Linear(width, 1000, rngs=rngs)

  def __call__(self, x: jax.Array) -> jax.Array:
    return self.fc(self.norm(x.mean((1, 2))))


class ConvNeXt(nnx.Module):
  """Images [n, h, w, 3] -> logits [n, 1000]."""

  def __init__(self, *, rngs: nnx.Rngs):
    self.stem = layers.Chain(
      [layers.conv(3, _WIDTHS[0], 4, 4, rngs=rngs), _norm(_WIDTHS[0], rngs)]
    )
    stages, inputs = [], _WIDTHS[0]
    for width, depth in zip(_WIDTHS, _DEPTHS, strict=True):
      stages.append(Stage(inputs, width, depth, rngs))
      inputs = width
    self.stages = layers.Chain(stages)
    self.head = Head(inputs, rngs)

  def __call__(self, x: jax.Array) -> jax.Array:
    return self.head(self.stages(self.stem(x)))


def _norm(width: int, rngs: nnx.Rngs) -> nnx.LayerNorm:
  # The fast variance, E[x^2] - E[x]^2, loses digits.
  return nnx.LayerNorm(width, epsilon=1e-6, use_fast_variance=False, rngs=rngs)


LAYOUTS = {'convnext_tiny': (Layout(ConvNeXt, 'convnext_tiny.fb_in1k'),)}
