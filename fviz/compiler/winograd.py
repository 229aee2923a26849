"""3x3 convolutions with a quarter of the multiplications, for CPUs.

This is Winograd's minimal filtering F(4x4, 3x3) (Lavin and Gray 2016, section
4.3). The image is cut into tiles of 6x6 pixels that overlap by two. Each tile
is transformed by additions; for each of its 36 places, one matrix product goes
over the channels; and the products are transformed back to 4x4 outputs.
Libraries on GPUs choose this algorithm by themselves, XLA's CPU backend never
does. The rounding error is about ten times that of a direct sum: 1e-5 of the
largest value.
"""

import functools
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from fviz.compiler.convolution import Padding, padded
from fviz.types import Array

# The kernel's side of the transform, for the points 0, 1, -1, 2, -2, infinity.
_ROWS = [6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24]
_KERNEL = np.array(_ROWS) / 24
_CHANNELS = 64  # With fewer channels the additions cost more than is saved.


def pays(kernel: tuple[int, ...], strides: Sequence[int]) -> bool:
  """Whether `conv` is faster than XLA for a kernel of this shape, HWIO."""
  sides, channels = kernel[:2], kernel[2:]
  fits = sides == (3, 3) and tuple(strides) == (1, 1)
  return fits and min(channels) >= _CHANNELS


def transformed(kernel: Array) -> list[Array]:
  """The transform of a kernel [3, 3, in, out]: six columns, [6, in, out] each.

  They are separate arrays, as XLA would copy slices of one in every step.
  """
  matrix = jnp.asarray(_KERNEL, kernel.dtype)
  formula = 'ah,bw,hwio->baio'
  return list(jnp.einsum(formula, matrix, matrix, kernel, precision='highest'))


@functools.partial(jax.custom_vjp, nondiff_argnums=(3,))
def conv(
  x: Array, kernel: list[Array], flipped: list[Array], padding: Padding
) -> Array:
  """A 3x3 convolution of stride 1 of [n, h, w, in].

  Kernels are `transformed`: one, and for the input's gradient its
  `convolution.flip`. The kernel's gradient is zero.

  >>> k = jnp.ones((3, 3, 2, 4))
  >>> u = transformed(k)
  >>> y = conv(jnp.ones((1, 5, 7, 2)), u, u, ((1, 1), (1, 1)))
  >>> y.shape, round(float(y[0, 2, 2, 0]), 3)
  ((1, 5, 7, 4), 18.0)
  """
  del flipped
  return _merged(padding)(x, kernel)


def _forward(x, kernel, flipped, padding):
  like = [column[:, :0] for column in kernel]  # Sizes only.
  return conv(x, kernel, flipped, padding), (like, flipped)


def _backward(padding, residuals, g):
  like, flipped = residuals
  padding = tuple((2 - low, 2 - high) for low, high in padding)
  x = _merged(padding)(g, flipped)
  channels = x.shape[-1]
  kernel = [jnp.zeros((6, channels, k.shape[2]), k.dtype) for k in like]
  return x, kernel, [jnp.zeros_like(k) for k in flipped]


conv.defvjp(_forward, _backward)


@functools.cache
def _merged(padding):
  """The convolution with this padding, as a function that vmap can batch.

  Images of several jobs join the batch; otherwise XLA would transpose the
  operands of every product.
  """

  @jax.custom_batching.custom_vmap
  def apply(x, kernel):
    return _convolve(x, kernel, padding)

  @apply.def_vmap
  def rule(size, batched, x, kernel):
    if batched[0] is not True or any(batched[1]):
      axes = tuple(jax.tree.map(lambda b: 0 if b else None, list(batched)))
      one = lambda x, kernel: _convolve(x, kernel, padding)
      return jax.vmap(one, axes)(x, kernel), True
    y = apply(x.reshape(-1, *x.shape[2:]), kernel)
    return y.reshape(size, -1, *y.shape[1:]), True

  return apply


def _convolve(x, kernel, padding):
  n, h, w, channels = x.shape
  (above, below), (left, right) = padding
  h, w = h + above + below - 2, w + left + right - 2
  rows, columns = -(-h // 4), -(-w // 4)
  # Up to whole tiles, and one more tile.
  below, right = below + -h % 4 + 2, right + -w % 4 + 2
  x = padded(x, [(above, below), (left, right)])
  x = jnp.stack(_before(x, 1))  # [6, n, rows, width, in].
  products = [
    lax.dot_general(
      column.reshape(6, -1, channels), k, (((2,), (1,)), ((0,), (0,)))
    ).reshape(6, n, rows, columns, -1)
    for column, k in zip(_before(x, 3), kernel, strict=True)
  ]
  y = jnp.stack(_after(products), 4)
  y = jnp.stack(_after(list(y.reshape(6, n, rows, columns * 4, -1))), 2)
  return y.reshape(n, rows * 4, columns * 4, -1)[:, :h, :w]


def _before(x, axis):
  """The transform of tiles: six arrays, one for each place of a tile."""
  tiles = x.shape[axis] // 4
  x = x.reshape(*x.shape[:axis], tiles, 4, *x.shape[axis + 1 :])

  def place(i):
    y = lax.index_in_dim(x, i % 4, axis + 1, keepdims=False)
    return lax.slice_in_dim(y, i // 4, i // 4 + tiles - 1, axis=axis)

  a, b, c, d, e, f = map(place, range(6))
  return [
    4 * a - 5 * c + e,
    d + e - 4 * (b + c),
    e - d + 4 * (b - c),
    e - c + 2 * (d - b),
    e - c - 2 * (d - b),
    4 * b - 5 * d + f,
  ]


def _after(products):
  """The four outputs of each tile, from six arrays, one for each place."""
  a, b, c, d, e, f = products
  one, minus, two, half = b + c, b - c, d + e, d - e
  return [a + one + two, minus + 2 * half, one + 4 * two, minus + 8 * half + f]
