"""A convolution whose input gradient uses a kernel flipped beforehand.

Going forward it equals `jax.lax.conv_general_dilated`. Images are [n, h, w, c],
kernels [h, w, in, out].
"""

import functools
from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jax import lax

from fviz.types import Array

Pair = tuple[int, int]  # Down and across, in pixels.
Padding = Sequence[tuple[int, int]]  # ((above, below), (left, right)).

_conv = functools.partial(
  lax.conv_general_dilated, dimension_numbers=('NHWC', 'HWIO', 'NHWC')
)


def flip(kernel: Array) -> Array:
  """The kernel of the gradient: [h, w, in, out] -> [h, w, out, in], turned."""
  return jnp.flip(kernel, (0, 1)).swapaxes(2, 3)


@functools.partial(jax.custom_vjp, nondiff_argnums=(3, 4, 5))
def conv(
  x: Array,
  kernel: Array,
  flipped: Array,
  strides: Pair,
  padding: Padding,
  precision: lax.PrecisionLike = None,
) -> Array:
  """Convolves; only the images have a gradient.

  XLA's own gradient flips the kernel in every step, and on CPUs that costs as
  much as the convolution itself. So it takes `flipped`, which is
  `flip(kernel)`. The kernel's gradient is zero, as weights are never optimized
  here.

  >>> x, k = jnp.ones((1, 5, 5, 2)), jnp.ones((3, 3, 2, 4))
  >>> conv(x, k, flip(k), (2, 2), ((1, 1), (1, 1))).shape
  (1, 3, 3, 4)
  """
  del flipped  # Only the backward pass needs it.
  return _conv(x, kernel, strides, padding, precision=precision)


def gradient_padding(
  inputs: Sequence[int],
  outputs: Sequence[int],
  kernel: Sequence[int],
  strides: Pair,
  padding: Padding,
) -> list[tuple[int, int]]:
  """The padding of the convolution that is a convolution's input gradient.

  Sizes are (height, width). Its input is the gradient of the outputs with
  stride - 1 zeros between the values.
  """
  axes = zip(inputs, outputs, kernel, strides, padding, strict=True)
  return [
    (k - 1 - low, size - 1 + low - (out - 1) * stride)
    for size, out, k, stride, (low, _) in axes
  ]


def padded(x: Array, padding: Padding, strides: Pair = (1, 1)) -> Array:
  """x with zeros around it, and stride - 1 zeros between its values."""
  pads = [
    (low, high, stride - 1)
    for (low, high), stride in zip(padding, strides, strict=True)
  ]
  return lax.pad(x, jnp.zeros((), x.dtype), [(0, 0, 0), *pads, (0, 0, 0)])


def _forward(x, kernel, flipped, strides, padding, precision):
  y = conv(x, kernel, flipped, strides, padding, precision)
  return y, (x[:0], kernel[..., :0], flipped)  # Only the sizes, and the flip.


def _backward(strides, padding, precision, residuals, g):
  like_x, like_kernel, flipped = residuals
  sizes = like_x.shape[1:3], g.shape[1:3], flipped.shape[:2]
  pads = gradient_padding(*sizes, strides, padding)
  x = _conv(g, flipped, (1, 1), pads, strides, precision=precision)
  kernel = jnp.zeros(like_kernel.shape[:3] + g.shape[3:], g.dtype)
  return x, kernel, jnp.zeros_like(flipped)


conv.defvjp(_forward, _backward)
