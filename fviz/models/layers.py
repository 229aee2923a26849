"""Building blocks that the families share, in plain Flax NNX.

Write networks the ordinary way (nnx.Conv, nnx.max_pool, nnx.relu): the engine
rewrites a traced network for speed and redirects its ReLUs, see
`fviz.compiler.rewrite`. Whatever should be a layer has to be a module.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

Kernel = int | tuple[int, int]  # (height, width), or one number for both.
# 'SAME', 'VALID', the pixels on every side, or ((low, high), (low, high)).
Padding = str | int | Sequence[tuple[int, int]]


class ConvRelu(nnx.Module):
  """ReLU(conv(x) + bias); the layer 'NAME/pre_relu' is the value before.

  It takes what `conv` takes.
  """

  def __init__(
    self,
    inputs: int,
    outputs: int,
    kernel: Kernel,
    stride: int = 1,
    padding: Padding = 'SAME',
    *,
    rngs: nnx.Rngs,
  ):
    self.pre_relu = conv(inputs, outputs, kernel, stride, padding, rngs=rngs)

  def __call__(self, x: jax.Array) -> jax.Array:
    return nnx.relu(self.pre_relu(x))


class ConvNormRelu(nnx.Module):
  """ReLU(norm(conv(x))), as torchvision's BasicConv2d.

  It takes what `conv` takes; the layer 'NAME/bn' is the value before the ReLU.
  """

  def __init__(
    self,
    inputs: int,
    outputs: int,
    kernel: Kernel,
    stride: int = 1,
    padding: Padding = 0,
    *,
    rngs: nnx.Rngs,
  ):
    self.conv = conv(
      inputs, outputs, kernel, stride, padding, bias=False, rngs=rngs
    )
    self.bn = norm(outputs, 1e-3, rngs=rngs)

  def __call__(self, x: jax.Array) -> jax.Array:
    return nnx.relu(self.bn(self.conv(x)))


def conv(
  inputs: int,
  outputs: int,
  kernel: Kernel,
  stride: int = 1,
  padding: Padding = 0,
  *,
  groups: int = 1,
  bias: bool = True,
  rngs: nnx.Rngs,
) -> nnx.Conv:
  """A convolution in torch's terms: a number pads that much on every side.

  With stride 2, 'SAME' would pad less before than after, and shift by a pixel.

  Args:
    inputs: channels in.
    outputs: channels out.
    kernel: height and width.
    stride: both ways.
    padding: the pixels on every side, or what `nnx.Conv` takes.
    groups: of channels that see only each other; `inputs` is depthwise.
    bias: whether it has one.
    rngs: for the initial weights.
  """
  return nnx.Conv(
    inputs,
    outputs,
    (kernel, kernel) if isinstance(kernel, int) else kernel,
    stride,
    padding=padding,
    feature_group_count=groups,
    use_bias=bias,
    rngs=rngs,
  )


def norm(
  channels: int, epsilon: float = 1e-5, *, rngs: nnx.Rngs
) -> nnx.BatchNorm:
  """Batch normalization with the running statistics of the weights file."""
  return nnx.BatchNorm(
    channels, use_running_average=True, epsilon=epsilon, rngs=rngs
  )


class Relu(nnx.Module):
  """max(x, 0) as a module, so that it is a layer."""

  def __call__(self, x: jax.Array) -> jax.Array:
    return nnx.relu(x)


class Relu6(nnx.Module):
  """min(max(x, 0), 6) as a module, so that it is a layer."""

  def __call__(self, x: jax.Array) -> jax.Array:
    return nnx.relu6(x)


class Gelu(nnx.Module):
  """x Phi(x), exact, as a module, so that it is a layer."""

  def __call__(self, x: jax.Array) -> jax.Array:
    return nnx.gelu(x, approximate=False)


class Add(nnx.Module):
  """A residual sum as a module, so that the value before a ReLU is a layer."""

  def __call__(self, x: jax.Array, y: jax.Array) -> jax.Array:
    return x + y


class Concatenate(nnx.Module):
  """Branches joined along the channels as a module, so that it is a layer."""

  def __call__(self, *branches: jax.Array) -> jax.Array:
    return concatenate(*branches)


class Chain(nnx.Module):
  """Modules one after another.

  Args:
    modules: name -> module, or modules that are named by numbers from 0. The
      numbers of torch's Sequential may have gaps, where it has dropouts.
  """

  def __init__(self, modules: Mapping[Any, nnx.Module] | Sequence[nnx.Module]):
    if not isinstance(modules, Mapping):
      modules = dict(enumerate(modules))
    self.names = tuple(map(str, modules))
    for name, module in zip(self.names, modules.values(), strict=True):
      setattr(self, name, module)

  def __call__(self, x: jax.Array) -> jax.Array:
    for name in self.names:
      x = getattr(self, name)(x)
    return x


def stages(
  block: Callable[..., nnx.Module],
  inputs: int,
  rows: Sequence[tuple[int, int, int]],
  rngs: nnx.Rngs,
) -> list[Chain]:
  """Stages of equal blocks, of which the first one strides.

  Args:
    block: (inputs, outputs, stride, rngs=...) -> a module.
    inputs: channels of the first block.
    rows: (blocks, channels, stride) of each stage.
    rngs: for the initial weights.
  """
  made = []
  for depth, outputs, stride in rows:
    blocks = []
    for j in range(depth):
      blocks.append(block(inputs, outputs, 1 if j else stride, rngs=rngs))
      inputs = outputs
    made.append(Chain(blocks))
  return made


def concatenate(*branches: jax.Array) -> jax.Array:
  """Joins branches along the channels."""
  return jnp.concatenate(branches, axis=-1)
