"""Network operations whose input gradient is made for optimizing images.

Each equals its lax counterpart going forward. They are what `fviz.compiler.rewrite`
puts into a traced network; layouts are NHWC and HWIO.
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
  """[h, w, in, out] -> [h, w, out, in], the transposed convolution's."""
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
  """A convolution whose input gradient uses a kernel flipped beforehand.

  XLA's own gradient flips the kernel in every step; on CPU that costs as much
  as the convolution itself. The kernel's gradient is zero: weights are frozen.

  Args:
    x: [n, h, w, in].
    kernel: [kh, kw, in, out].
    flipped: `flip(kernel)`.
    strides: of the window.
    padding: ((low, high), (low, high)).
    precision: as in lax.

  >>> x, k = jnp.ones((1, 5, 5, 2)), jnp.ones((3, 3, 2, 4))
  >>> conv(x, k, flip(k), (2, 2), ((1, 1), (1, 1))).shape
  (1, 3, 3, 4)
  """
  del flipped  # Only the backward pass needs it.
  return lax.conv_general_dilated(
    x, kernel, strides, padding, dimension_numbers=_NHWC, precision=precision
  )


def _conv_forward(x, kernel, flipped, strides, padding, precision):
  y = conv(x, kernel, flipped, strides, padding, precision)
  return y, (x[:0], kernel[..., :0], flipped)  # Sizes only, and the flip.


def _conv_backward(strides, padding, precision, residuals, g):
  like_x, like_kernel, flipped = residuals
  sizes = like_x.shape[1:3]
  pads = [
    (k - 1 - low, size - 1 + low - (out - 1) * stride)
    for size, k, stride, (low, _), out in zip(
      sizes, flipped.shape[:2], strides, padding, g.shape[1:3], strict=True
    )
  ]
  x = lax.conv_general_dilated(
    g,
    flipped,
    (1, 1),
    pads,
    lhs_dilation=strides,
    dimension_numbers=_NHWC,
    precision=precision,
  )
  kernel = jnp.zeros(like_kernel.shape[:3] + g.shape[3:], g.dtype)
  return x, kernel, jnp.zeros_like(flipped)


conv.defvjp(_conv_forward, _conv_backward)


@jax.custom_vjp
def relu(x: types.Array, redirect: types.Array) -> types.Array:
  """ReLU that may pass gradients to units that are off, image by image.

  Where `redirect` is true and an image's gradient would vanish in all of this
  layer, a LOSS gradient passes where it would raise a unit that is off (it is
  negative) or reaches one that is on (lucid's redirected ReLU).

  Args:
    x: [n, ...].
    redirect: boolean scalar.
  """
  del redirect
  return jnp.maximum(x, 0)


def _relu_forward(x, redirect):
  y = jnp.maximum(x, 0)
  # A byte a value is least, but on CPU one more pass: the next layer has y.
  return y, (y if jax.default_backend() == 'cpu' else y > 0, redirect)


def _relu_backward(residuals, g):
  kept, redirect = residuals
  dead = _dead(kept, g, redirect).reshape(-1, *(1,) * (g.ndim - 1))
  # Where an image's gradient vanishes, it is zero in all units that are on.
  passing = jnp.where(dead, 0, -jnp.inf).astype(g.dtype)
  return jnp.where((kept > 0) | (g < passing), g, 0), None


relu.defvjp(_relu_forward, _relu_backward)


@jax.custom_batching.custom_vmap
def _dead(kept, g, redirect):
  """[n]: images whose gradient vanishes, where it shall be redirected."""
  if jax.default_backend() != 'cpu':
    return redirect & _vanishes(kept, g)  # There branches cost more.
  none = jnp.zeros(len(g), bool)
  # A look at all takes a quarter of a step; most are alive in their middle.
  middle = slice(g.shape[1] // 2, g.shape[1] // 2 + 1)

  def look():
    unsure = redirect & _vanishes(kept[:, middle], g[:, middle])
    whole = lambda: redirect & _vanishes(kept, g)
    return jax.lax.cond(jnp.any(unsure), whole, lambda: none)

  return jax.lax.cond(jnp.any(redirect), look, lambda: none)


def _vanishes(kept, g):
  return ~jnp.any((kept > 0) & (g != 0), tuple(range(1, g.ndim)))


@_dead.def_vmap
def _dead_of_jobs(size, batched, kept, g, redirect):
  # The jobs' images as one batch, for a branch for each would do both sides.
  kept, g, redirect = (
    x if b else jnp.broadcast_to(x, (size, *x.shape))
    for x, b in zip((kept, g, redirect), batched, strict=True)
  )
  n = kept.shape[1]
  each = jnp.broadcast_to(redirect.reshape(size, -1), (size, n)).reshape(-1)
  kept, g = (x.reshape(-1, *x.shape[2:]) for x in (kept, g))
  return _dead(kept, g, each).reshape(size, n), True


def max_pool(
  x: types.Array,
  window: tuple[int, int],
  strides: tuple[int, int],
  padding: Padding,
) -> types.Array:
  """Max pooling, rows and then columns; ties give to the first element.

  Args:
    x: [n, h, w, c].
    window: (height, width).
    strides: of the window.
    padding: ((low, high), (low, high)), filled with -inf.

  >>> x = jnp.arange(16.0).reshape(1, 4, 4, 1)
  >>> max_pool(x, (2, 2), (2, 2), ((0, 0), (0, 0)))[0, :, :, 0].tolist()
  [[5.0, 7.0], [13.0, 15.0]]
  """
  x = _pad(x, padding, -jnp.inf)
  x = _max_pool_axis(x, 1, window[0], strides[0])
  return _max_pool_axis(x, 2, window[1], strides[1])


def sum_pool(
  x: types.Array,
  window: tuple[int, int],
  strides: tuple[int, int],
  padding: Padding,
) -> types.Array:
  """Sum pooling, rows and then columns, as sums of shifted slices.

  >>> x = jnp.ones((1, 3, 3, 1))
  >>> sum_pool(x, (3, 3), (1, 1), ((1, 1), (1, 1)))[0, :, :, 0].tolist()
  [[4.0, 6.0, 4.0], [6.0, 9.0, 6.0], [4.0, 6.0, 4.0]]
  """
  x = _pad(x, padding, 0.0)
  x = _sum_pool_axis(x, 1, window[0], strides[0])
  return _sum_pool_axis(x, 2, window[1], strides[1])


# One axis at a time. The gradients below avoid what XLA's CPU backend is slow
# at (select-and-scatter; sums of dilated pads): each residue class of input
# positions modulo the stride is a short sum of shifted gradients, and the
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
  """What each place of the window sees: `window` arrays of output size."""
  reach = (x.shape[axis] - window) // stride * stride + 1
  return [
    lax.slice_in_dim(x, i, i + reach, stride, axis) for i in range(window)
  ]


def _interleave(parts, axis, stride, size):
  """Transposes `_views`: part i goes to positions i, i + stride, ..."""
  length = -(-size // stride)
  classes = []
  for residue in range(stride):
    shifted = [
      _place(part, axis, i // stride, length)
      for i, part in enumerate(parts)
      if i % stride == residue
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
  """x at `start` in an axis of `length`, zero elsewhere; ends are cut."""
  pads = [(0, 0, 0)] * x.ndim
  pads[axis] = (start, length - start - x.shape[axis], 0)
  return lax.pad(x, jnp.zeros((), x.dtype), pads)


def _pad(x, padding, value):
  pads = [(0, 0), *padding, (0, 0)]
  if all(p == (0, 0) for p in pads):
    return x
  return jnp.pad(x, pads, constant_values=value)
