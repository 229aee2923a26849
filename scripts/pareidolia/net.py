"""The network while it trains: batch norm, fast convolutions, and the fold."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import lax

from fviz.models import layers, pareidolia_network

_DIMENSIONS = ('NHWC', 'HWIO', 'NHWC')
_EPSILON = 1e-3
_MOMENTUM = 0.95


@functools.partial(jax.custom_vjp, nondiff_argnums=(2,))
def convolve(x: jax.Array, kernel: jax.Array, dtype) -> jax.Array:
  """SAME convolution of stride 1, multiplied in `dtype`, summed in float32.

  Its own derivative, since XLA's for CPUs computes the kernel's gradient of
  a 1 x 1 convolution ten times slower than the same matrix product.
  """
  return _forward(x.astype(dtype), kernel.astype(dtype))


def _forward(x, kernel):
  if kernel.shape[:2] == (1, 1):
    return lax.dot_general(
      x,
      kernel[0, 0],
      (((3,), (0,)), ((), ())),
      preferred_element_type=jnp.float32,
    )
  return lax.conv_general_dilated(
    x,
    kernel,
    (1, 1),
    'SAME',
    dimension_numbers=_DIMENSIONS,
    preferred_element_type=jnp.float32,
  )


def _convolve_fwd(x, kernel, dtype):
  x, kernel = x.astype(dtype), kernel.astype(dtype)
  return _forward(x, kernel), (x, kernel)


def _convolve_bwd(dtype, residuals, g):
  x, kernel = residuals
  g = g.astype(dtype)
  transposed = jnp.flip(kernel, (0, 1)).swapaxes(2, 3)
  return _forward(g, transposed), _kernel_gradient(x, g, kernel.shape)


def _kernel_gradient(x, g, shape):
  if shape[:2] == (1, 1):
    product = lax.dot_general(
      x,
      g,
      (((0, 1, 2), (0, 1, 2)), ((), ())),
      preferred_element_type=jnp.float32,
    )
    return product[None, None]
  low = shape[0] // 2
  # The batch is what is summed over: it takes the place of the channels.
  return lax.conv_general_dilated(
    x,
    g,
    (1, 1),
    [(low, low), (low, low)],
    dimension_numbers=('CHWN', 'IHWO', 'HWNC'),
    preferred_element_type=jnp.float32,
  )


convolve.defvjp(_convolve_fwd, _convolve_bwd)


class ConvNorm(nnx.Module):
  """Convolution without bias, then batch norm (Ioffe and Szegedy 2015).

  In evaluation mode (`model.eval()`) it uses its running statistics.
  """

  def __init__(self, inputs, outputs, kernel, dtype, *, rngs: nnx.Rngs):
    shape = (*kernel, inputs, outputs)
    init = nnx.initializers.he_normal()
    self.kernel = nnx.Param(init(rngs.params(), shape, jnp.float32))
    self.scale = nnx.Param(jnp.ones(outputs))
    self.bias = nnx.Param(jnp.zeros(outputs))
    self.mean = nnx.BatchStat(jnp.zeros(outputs))
    self.var = nnx.BatchStat(jnp.ones(outputs))
    self.dtype = dtype
    self.use_running_average = False

  def __call__(self, x: jax.Array) -> jax.Array:
    if self.use_running_average:
      # Folded at once: the attack's pass then needs no statistics.
      kernel, bias = folded(*self.variables())
      return convolve(x, kernel, self.dtype) + _channels(bias)
    y = convolve(x, self.kernel[...], self.dtype)
    mean = y.mean((0, 1, 2))
    var = jnp.square(y).mean((0, 1, 2)) - jnp.square(mean)
    self.mean[...] = _towards(self.mean[...], mean)
    self.var[...] = _towards(self.var[...], var)
    gain = self.scale[...] * lax.rsqrt(var + _EPSILON)
    return y * _channels(gain) + _channels(self.bias[...] - mean * gain)

  def variables(self) -> tuple[jax.Array, ...]:
    """The arguments of `folded`."""
    names = ('kernel', 'scale', 'bias', 'mean', 'var')
    return tuple(getattr(self, name)[...] for name in names)


def _channels(values):
  return values.reshape(1, 1, 1, -1)


def _towards(old, new):
  return _MOMENTUM * old + (1 - _MOMENTUM) * lax.stop_gradient(new)


class ConvNormRelu(nnx.Module):
  """The training counterpart of `layers.ConvRelu`, with the same paths."""

  def __init__(self, inputs, outputs, kernel, *, dtype, rngs: nnx.Rngs):
    self.pre_relu = ConvNorm(inputs, outputs, kernel, dtype, rngs=rngs)

  def __call__(self, x: jax.Array) -> jax.Array:
    return nnx.relu(self.pre_relu(x))


def build(classes: int, width: float, seed: int, dtype=jnp.bfloat16):
  """A network to be trained; bfloat16 only multiplies, float32 adds."""
  unit = functools.partial(ConvNormRelu, dtype=dtype)

  @nnx.jit  # One program: sixty eager initializations take a minute.
  def new():
    return pareidolia_network.Pareidolia(
      classes, width, unit, rngs=nnx.Rngs(seed)
    )

  return new()


def folded(kernel, scale, bias, mean, var):
  """Kernel and bias that do the work of a convolution and its batch norm."""
  gain = scale * (var + _EPSILON) ** -0.5
  return kernel * _channels(gain), bias - mean * gain


def fold(model: pareidolia_network.Pareidolia) -> pareidolia_network.Pareidolia:
  """The inference network: the same function, batch norm folded away."""
  plain = nnx.eval_shape(
    lambda: pareidolia_network.Pareidolia(
      model.logits.out_features, model.width, layers.ConvRelu, rngs=nnx.Rngs(0)
    )
  )
  graphdef, state = nnx.split(plain)
  flat = dict(nnx.to_flat_state(state))
  modules = dict(nnx.iter_modules(model))
  for path in flat:
    module = modules[path[:-1]]
    if isinstance(module, ConvNorm):
      # In NumPy: nothing to compile for each of the shapes.
      arrays = map(np.asarray, jax.device_get(module.variables()))
      value = folded(*arrays)[path[-1] == 'bias']
    else:
      value = getattr(module, path[-1])[...]
    flat[path] = flat[path].replace(jnp.asarray(value))
  return nnx.merge(graphdef, nnx.from_flat_state(flat))
