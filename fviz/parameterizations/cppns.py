"""Images as small networks that map coordinates to colours (CPPNs)."""

import jax
import jax.numpy as jnp
import numpy as np

from fviz import checks
from fviz.parameterizations import sizes_and_colors
from fviz.parameterizations.sizes_and_colors import Color
from fviz.types import Array, Parameterization, Size


def cppn(
  size: Size,
  channels: int = 3,
  n: int = 1,
  layers: int = 8,
  width: int = 24,
  color: Color = 'sigmoid',
  alpha: bool = False,
) -> Parameterization:
  """A small network from coordinates to colours (Mordvintsev et al. 2018).

  Coordinates run from -sqrt(3) to sqrt(3) along the shorter side. Each of the
  hidden layers is linear and followed by [atan(x) / .67, atan(x)^2 / .6]. One
  more layer, which starts at zero, makes the colours. The parameters are
  (weights [n, in, out], bias [n, out]) for each layer. They do not depend on
  the size, so that the same picture can be drawn at another one. `width` is the
  number of channels of each hidden layer.

  >>> small, large = cppn(8), cppn((16, 24))
  >>> large.images(small.init(jax.random.key(0))).shape
  (1, 16, 24, 3)
  """
  h, w = sizes_and_colors.checked(size, channels, n, 0)
  checks.check_int('layers', layers, 1, 64)
  checks.check_int('width', width, 1, 4096)
  channels, to_rgb = sizes_and_colors.mapped(color, channels, alpha)
  inputs = (2, *(2 * width,) * (layers - 1))

  def init(key):
    params = []
    for i, fan_in in enumerate(inputs):
      k1, k2 = jax.random.split(jax.random.fold_in(key, i))
      weights = jax.random.normal(k1, (n, fan_in, width)) / np.sqrt(fan_in)
      params.append((weights, 0.1 * jax.random.normal(k2, (n, width))))
    last = jnp.zeros([n, 2 * width, channels]), jnp.zeros([n, channels])
    return (*params, last)

  def images(params):
    x = jnp.broadcast_to(_coordinates(h, w), (n, h * w, 2))
    for weights, bias in params[:-1]:
      x = jnp.arctan(_dense(x, weights, bias))
      x = jnp.concatenate([x / 0.67, x**2 / 0.6], -1)
    return to_rgb(_dense(x, *params[-1]).reshape(n, h, w, channels))

  return Parameterization(init, images)


def _dense(x: Array, weights: Array, bias: Array) -> Array:
  x = jnp.einsum('npi,nio->npo', x, weights, precision='highest')
  return x + bias[:, None]


def _coordinates(h: int, w: int) -> Array:
  """[h * w, 2], (y, x) with unit variance along the shorter side."""
  step = 2 * np.sqrt(3) / (max(min(h, w), 2) - 1)
  y, x = ((np.arange(m) - (m - 1) / 2) * step for m in (h, w))
  grid = np.stack(np.meshgrid(y, x, indexing='ij'), -1).reshape(-1, 2)
  return jnp.asarray(grid, jnp.float32)
