"""Depthwise convolutions as sums of shifted images, for CPUs.

XLA's CPU backend runs a convolution with as many groups as channels group by
group. A sum over the kernel's places is one fused loop over all channels, and
its gradient is another.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from fviz import types

_PLACES = 49  # Of larger kernels the programs grow long.


def pays(kernel: tuple[int, ...], groups: int) -> bool:
  """Whether this [h, w, 1, out] kernel of so many groups gets faster."""
  height, width, inputs, outputs = kernel
  return inputs == 1 and groups == outputs > 1 and height * width <= _PLACES


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def conv(
  x: types.Array,
  kernel: types.Array,
  strides: tuple[int, int],
  padding: Sequence[tuple[int, int]],
) -> types.Array:
  """A depthwise convolution; weights are frozen (gradient zero).

  Args:
    x: [n, h, w, c].
    kernel: [kh, kw, c].
    strides: of the window.
    padding: ((low, high), (low, high)) of zeros, or cuts where negative.

  >>> x, k = jnp.ones((1, 5, 7, 2)), jnp.ones((3, 3, 2))
  >>> y = conv(x, k, (2, 2), ((1, 1), (1, 1)))
  >>> y.shape, y[0, :2, 0, 0].tolist()
  ((1, 3, 4, 2), [4.0, 6.0])
  """
  return _sum(_padded(x, padding), kernel, strides)


def _forward(x, kernel, strides, padding):
  return conv(x, kernel, strides, padding), (x[:0], kernel)


def _backward(strides, padding, residuals, g):
  like, kernel = residuals
  pads = [
    (k - 1 - low, size - 1 + low - (out - 1) * stride)
    for size, k, stride, (low, _), out in zip(
      like.shape[1:3],
      kernel.shape[:2],
      strides,
      padding,
      g.shape[1:3],
      strict=True,
    )
  ]
  g = _padded(g, pads, strides)
  return _sum(g, kernel, (1, 1), turned=True), jnp.zeros_like(kernel)


conv.defvjp(_forward, _backward)


def _sum(x, kernel, strides, turned=False):
  places = kernel.shape[:2]
  ends = [
    (size - k) // stride * stride + 1
    for size, k, stride in zip(x.shape[1:3], places, strides, strict=True)
  ]
  total = 0.0
  for i, j in np.ndindex(places):
    y = lax.slice_in_dim(x, i, i + ends[0], strides[0], 1)
    y = lax.slice_in_dim(y, j, j + ends[1], strides[1], 2)
    total += y * (kernel[-1 - i, -1 - j] if turned else kernel[i, j])
  return total


def _padded(x, padding, strides=(1, 1)):
  """With zeros around, and between the values where strides are given."""
  inside = [
    (low, high, stride - 1)
    for (low, high), stride in zip(padding, strides, strict=True)
  ]
  zero = jnp.zeros((), x.dtype)
  return lax.pad(x, zero, [(0, 0, 0), *inside, (0, 0, 0)])
