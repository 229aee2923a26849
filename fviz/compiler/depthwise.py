"""Depthwise convolutions as sums of shifted images, for CPUs.

XLA's CPU backend computes a convolution with a group for each channel one group
after the other. A sum over the kernel's places is one fused loop over all
channels, and its gradient is another.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from fviz.compiler.convolution import Padding, Pair, gradient_padding, padded
from fviz.types import Array

_PLACES = 49  # Larger kernels make the compiled programs too long.


def pays(kernel: tuple[int, ...], groups: int) -> bool:
  """Whether `conv` is faster than XLA for a kernel of this shape, HWIO."""
  height, width, inputs, outputs = kernel
  return inputs == 1 and groups == outputs > 1 and height * width <= _PLACES


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def conv(x: Array, kernel: Array, strides: Pair, padding: Padding) -> Array:
  """A depthwise convolution; the kernel's gradient is zero.

  Images are [n, h, w, c], kernels [h, w, c]. Negative padding cuts rows off.

  >>> x, k = jnp.ones((1, 5, 7, 2)), jnp.ones((3, 3, 2))
  >>> y = conv(x, k, (2, 2), ((1, 1), (1, 1)))
  >>> y.shape, y[0, :2, 0, 0].tolist()
  ((1, 3, 4, 2), [4.0, 6.0])
  """
  return _sum(padded(x, padding), kernel, strides)


def _forward(x, kernel, strides, padding):
  return conv(x, kernel, strides, padding), (x[:0], kernel)


def _backward(strides, padding, residuals, g):
  like, kernel = residuals
  sizes = like.shape[1:3], g.shape[1:3], kernel.shape[:2]
  g = padded(g, gradient_padding(*sizes, strides, padding), strides)
  return _sum(g, kernel, (1, 1), turned=True), jnp.zeros_like(kernel)


conv.defvjp(_forward, _backward)


def _sum(x, kernel, strides, turned=False):
  """The sum of x at each place times the kernel, which may be turned over."""
  places = kernel.shape[:2]
  ends = [
    (size - k) // stride * stride + 1
    for size, k, stride in zip(x.shape[1:3], places, strides, strict=True)
  ]
  total = 0.0
  for i, j in np.ndindex(*places):
    y = lax.slice_in_dim(x, i, i + ends[0], strides[0], 1)
    y = lax.slice_in_dim(y, j, j + ends[1], strides[1], 2)
    total += y * (kernel[-1 - i, -1 - j] if turned else kernel[i, j])
  return jnp.asarray(total)
