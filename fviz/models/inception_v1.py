"""Inception v1 (Szegedy et al. 2014, arXiv 1409.4842) of inception5h.

It is the network of DeepDream, lucid, Microscope and the Circuits thread, read
from its frozen graph. Names are those of the graph: 'mixed4a_3x3_pre_relu' is a
convolution, 'mixed4a_3x3' its ReLU, 'mixed4a' the block, 'softmax2' the
probabilities of the main head and 'softmax2_pre_activation' its logits, which
are the network's output. (The graph's own 'output' is an auxiliary head.)
Input in [0, 1] becomes 255 x - 117.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from fviz.models import layers, pools
from fviz.models.weights.layouts import Layout

# 1x1, 3x3 (reduced, out), 5x5 (reduced, out), pooled.
_BLOCKS = {
  'mixed3a': (64, (96, 128), (16, 32), 32),
  'mixed3b': (128, (128, 192), (32, 96), 64),
  'mixed4a': (192, (96, 204), (16, 48), 64),  # 204, not the paper's 208.
  'mixed4b': (160, (112, 224), (24, 64), 64),
  'mixed4c': (128, (128, 256), (24, 64), 64),
  'mixed4d': (112, (144, 288), (32, 64), 64),
  'mixed4e': (256, (160, 320), (32, 128), 128),
  'mixed5a': (256, (160, 320), (48, 128), 128),
  'mixed5b': (384, (192, 384), (48, 128), 128),
}
# The auxiliary heads only train.
_IGNORED = tuple(f'{k}{i}_*' for k in ('head', 'nn', 'softmax') for i in (0, 1))


class LocalResponseNorm(nnx.Module):
  """x / (2 + 1e-4 sum of x^2 over 5 channels on either side)^.5.

  This is the formula of the graph's LRN nodes: unlike in torch, alpha is not
  divided by the window.
  """

  def __call__(self, x: jax.Array) -> jax.Array:
    # Summing neighbours is a product with a band matrix.
    band = _band(x.shape[-1])
    sums = jnp.einsum('nhwc,cd->nhwd', x**2, band, precision='highest')
    return x * jax.lax.rsqrt(2.0 + 1e-4 * sums)


class Softmax(nnx.Module):
  """The softmax as a module, so that it is a layer."""

  def __call__(self, x: jax.Array) -> jax.Array:
    return nnx.softmax(x)


class InceptionV1(nnx.Module):
  """Images [n, h, w, 3] -> logits [n, 1008].

  Modules are not nested, like the nodes of the graph.
  """

  def __init__(self, *, rngs: nnx.Rngs):
    self._conv('conv2d0', 3, 64, 7, rngs, stride=2)
    self.maxpool0 = pools.MaxPool(3, 2, 'SAME')
    self.localresponsenorm0 = LocalResponseNorm()
    self._conv('conv2d1', 64, 64, 1, rngs)
    self._conv('conv2d2', 64, 192, 3, rngs)
    self.localresponsenorm1 = LocalResponseNorm()
    self.maxpool1 = pools.MaxPool(3, 2, 'SAME')
    inputs = 192
    for name, widths in _BLOCKS.items():
      inputs = self._block(name, inputs, widths, rngs)
    self.maxpool4 = pools.MaxPool(3, 2, 'SAME')
    self.maxpool10 = pools.MaxPool(3, 2, 'SAME')
    self.softmax2_pre_activation = nnx.Linear(inputs, 1008, rngs=rngs)
    self.softmax2 = Softmax()

  def __call__(self, x: jax.Array) -> jax.Array:
    x = self.localresponsenorm0(self.maxpool0(self._run('conv2d0', x)))
    x = self._run('conv2d2', self._run('conv2d1', x))
    x = self.maxpool1(self.localresponsenorm1(x))
    for name in _BLOCKS:
      if name == 'mixed4a':
        x = self.maxpool4(x)
      if name == 'mixed5a':
        x = self.maxpool10(x)
      x = self._mixed(name, x)
    # At 224 pixels this is the graph's 7 x 7 pool.
    logits = self.softmax2_pre_activation(x.mean((1, 2)))
    self.softmax2(logits)  # A layer, but not the output.
    return logits

  def _conv(self, name, inputs, outputs, kernel, rngs, stride=1):
    conv = layers.conv(inputs, outputs, kernel, stride, 'SAME', rngs=rngs)
    setattr(self, f'{name}_pre_relu', conv)
    setattr(self, name, layers.Relu())

  def _block(self, name, inputs, widths, rngs) -> int:
    single, (reduce3, wide3), (reduce5, wide5), pooled = widths
    self._conv(f'{name}_1x1', inputs, single, 1, rngs)
    self._conv(f'{name}_3x3_bottleneck', inputs, reduce3, 1, rngs)
    self._conv(f'{name}_3x3', reduce3, wide3, 3, rngs)
    self._conv(f'{name}_5x5_bottleneck', inputs, reduce5, 1, rngs)
    self._conv(f'{name}_5x5', reduce5, wide5, 5, rngs)
    setattr(self, f'{name}_pool', pools.MaxPool(3, 1, 'SAME'))
    self._conv(f'{name}_pool_reduce', inputs, pooled, 1, rngs)
    setattr(self, name, layers.Concatenate())
    return single + wide3 + wide5 + pooled

  def _run(self, name: str, x: jax.Array) -> jax.Array:
    return getattr(self, name)(getattr(self, f'{name}_pre_relu')(x))

  def _mixed(self, name: str, x: jax.Array) -> jax.Array:
    run = lambda part, x: self._run(f'{name}_{part}', x)
    return getattr(self, name)(
      run('1x1', x),
      run('3x3', run('3x3_bottleneck', x)),
      run('5x5', run('5x5_bottleneck', x)),
      run('pool_reduce', getattr(self, f'{name}_pool')(x)),
    )


def key_in_graph(path: str) -> str:
  """The model's path to a tensor -> the constant in the graph.

  >>> key_in_graph('mixed3a_1x1_pre_relu/kernel')
  'mixed3a_1x1_w'
  """
  module, leaf = path.split('/')
  module = module.removesuffix('_pre_relu').removesuffix('_pre_activation')
  return f'{module}_{"w" if leaf == "kernel" else "b"}'


def _band(channels: int, radius: int = 5) -> np.ndarray:
  i = np.arange(channels)
  return (abs(i[:, None] - i) <= radius).astype(np.float32)


_layout = functools.partial(Layout, rename=key_in_graph, convert=None)
LAYOUTS = {
  'inception_v1': (_layout(InceptionV1, 'inception5h', ignored=_IGNORED),)
}
