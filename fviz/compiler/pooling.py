"""Max and sum pooling as maxima and sums of shifted slices.

Going forward they equal `jax.lax.reduce_window`; on CPUs the gradient is
several times faster than XLA's. Images are [n, h, w, c].
"""

import functools
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from fviz.compiler.convolution import Padding, Pair
from fviz.types import Array


def max_pool(x: Array, window: Pair, strides: Pair, padding: Padding) -> Array:
  """Max pooling; the padding is -inf.

  Where several elements are the largest, the first one gets the gradient.

  >>> x = jnp.arange(16.0).reshape(1, 4, 4, 1)
  >>> max_pool(x, (2, 2), (2, 2), ((0, 0), (0, 0)))[0, :, :, 0].tolist()
  [[5.0, 7.0], [13.0, 15.0]]
  """
  return _pool(_max_pool_axis, x, -jnp.inf, window, strides, padding)


def sum_pool(x: Array, window: Pair, strides: Pair, padding: Padding) -> Array:
  """Sum pooling; the padding is zero.

  >>> x = jnp.ones((1, 3, 3, 1))
  >>> sum_pool(x, (3, 3), (1, 1), ((1, 1), (1, 1)))[0, :, :, 0].tolist()
  [[4.0, 6.0, 4.0], [6.0, 9.0, 6.0], [4.0, 6.0, 4.0]]
  """
  return _pool(_sum_pool_axis, x, 0.0, window, strides, padding)


def _pool(along: Any, x, fill, window, strides, padding) -> Array:
  """Pools along columns and then along rows."""
  pads = [(0, 0), *padding, (0, 0)]
  if any(p != (0, 0) for p in pads):
    x = jnp.pad(x, pads, constant_values=fill)
  x = along(x, 1, window[0], strides[0])
  return along(x, 2, window[1], strides[1])


# One axis at a time. XLA's own gradients are select-and-scatter and sums of
# dilated pads, which its CPU backend is slow at. Here the input positions that
# are equal modulo the stride are a short sum of shifted gradients, and these
# classes are interleaved at the end.


@functools.partial(jax.custom_vjp, nondiff_argnums=(1, 2, 3))
def _max_pool_axis(x, axis, window, stride):
  return functools.reduce(jnp.maximum, _views(x, axis, window, stride))


def _max_forward(x, axis, window, stride):
  views = _views(x, axis, window, stride)
  best, where = views[0], jnp.zeros(views[0].shape, jnp.uint8)
  for i, view in enumerate(views[1:], 1):
    where = jnp.where(view > best, jnp.uint8(i), where)
    best = jnp.maximum(best, view)
  return best, (where, x[:0])


def _max_backward(axis, window, stride, residuals, g):
  where, like = residuals
  parts = [jnp.where(where == i, g, 0) for i in range(window)]
  return (_interleave(parts, axis, stride, like.shape[axis]),)


_max_pool_axis.defvjp(_max_forward, _max_backward)


@functools.partial(jax.custom_vjp, nondiff_argnums=(1, 2, 3))
def _sum_pool_axis(x, axis, window, stride):
  return sum(_views(x, axis, window, stride))


def _sum_forward(x, axis, window, stride):
  return _sum_pool_axis(x, axis, window, stride), x[:0]


def _sum_backward(axis, window, stride, like, g):
  return (_interleave([g] * window, axis, stride, like.shape[axis]),)


_sum_pool_axis.defvjp(_sum_forward, _sum_backward)


def _views(x, axis, window, stride):
  """For each place in the window, the values it sees: [..., outputs, ...]."""
  reach = (x.shape[axis] - window) // stride * stride + 1
  return [
    lax.slice_in_dim(x, i, i + reach, stride, axis) for i in range(window)
  ]


def _interleave(parts, axis, stride, size):
  """The transpose of `_views`: part i goes to positions i, i + stride, ..."""
  length = -(-size // stride)
  classes = []
  for residue in range(stride):
    shifted = [
      _place(part, axis, k, length)
      for k, part in enumerate(parts[residue::stride])
    ]
    classes.append(sum(shifted) if shifted else None)
  if stride == 1:
    return lax.slice_in_dim(classes[0], 0, size, axis=axis)
  like = next(c for c in classes if c is not None)
  classes = [jnp.zeros_like(like) if c is None else c for c in classes]
  x = jnp.stack(classes, axis + 1)
  x = x.reshape(*like.shape[:axis], length * stride, *like.shape[axis + 1 :])
  return lax.slice_in_dim(x, 0, size, axis=axis)


def _place(x, axis, start, length):
  """Zeros of `length` with x from `start` on; what sticks out is cut off."""
  pads = [(0, 0, 0)] * x.ndim
  pads[axis] = (start, length - start - x.shape[axis], 0)
  return lax.pad(x, jnp.zeros((), x.dtype), pads)
