"""A convolution whose input gradient uses a kernel flipped beforehand.

Going forward it equals `jax.lax.conv_general_dilated`. Images are NHWC, kernels
HWIO.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jax import lax

from fviz import types

Padding = Sequence[tuple[int, int]]
_NHWC = ('NHWC', 'HWIO', 'NHWC')


def flip(kernel: types.Array) -> types.Array:
  """The kernel of the gradient: [h, w, in, out] -> [h, w, out, in], turned."""
  return jnp.flip(kernel, (0, 1)).swapaxes(2, 3)


@functools.partial(jax.custom_vjp, nondiff_argnums=(3, 4, 5))
def conv(
  x: types.Array,
  kernel: types.Array,
  flipped: types.Array,
  strides: tuple[int, int],
  padding: Padding,
  precision: lax.PrecisionLike = None,
) -> types.Array:
  """Convolves; only the images have a gradient.

  XLA's own gradient flips the kernel in every step, and on CPUs that costs as
  much as the convolution itself. The kernel's gradient is zero, as weights are
  never optimized here.

  Args:
    x: [n, h, w, in].
    kernel: [kh, kw, in, out].
    flipped: `flip(kernel)`.
    strides: of the window, in pixels.
    padding: rows of zeros ((above, below), (left, right)).
    precision: as in `jax.lax.conv_general_dilated`.

  >>> x, k = jnp.ones((1, 5, 5, 2)), jnp.ones((3, 3, 2, 4))
  >>> conv(x, k, flip(k), (2, 2), ((1, 1), (1, 1))).shape
  (1, 3, 3, 4)
  """
  del flipped  # Only the backward pass needs it.
  return lax.conv_general_dilated(
    x, kernel, strides, padding, dimension_numbers=_NHWC, precision=precision
  )


def gradient_padding(
  inputs: Sequence[int],
  outputs: Sequence[int],
  kernel: Sequence[int],
  strides: Sequence[int],
  padding: Padding,
) -> list[tuple[int, int]]:
  """The padding of the convolution that is a convolution's input gradient.

  Sizes are (height, width). Its input is the gradient of the outputs with
  stride - 1 zeros between the values.
  """
  return [
    (k - 1 - low, size - 1 + low - (out - 1) * stride)
    for size, out, k, stride, (low, _) in zip(
      inputs, outputs, kernel, strides, padding, strict=True
    )
  ]


def _forward(x, kernel, flipped, strides, padding, precision):
  y = conv(x, kernel, flipped, strides, padding, precision)
  return y, (x[:0], kernel[..., :0], flipped)  # Only the sizes, and the flip.


def _backward(strides, padding, precision, residuals, g):
  like_x, like_kernel, flipped = residuals
  sizes = like_x.shape[1:3], g.shape[1:3], flipped.shape[:2]
  x = lax.conv_general_dilated(
    g,
    flipped,
    (1, 1),
    gradient_padding(*sizes, strides, padding),
    lhs_dilation=strides,
    dimension_numbers=_NHWC,
    precision=precision,
  )
  kernel = jnp.zeros(like_kernel.shape[:3] + g.shape[3:], g.dtype)
  return x, kernel, jnp.zeros_like(flipped)


conv.defvjp(_forward, _backward)
