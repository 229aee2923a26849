"""Linear interpolation along rows or columns, with its exact adjoint.

Output i of a line lies at start + step * i in the input, and is a sum of two
input pixels. The gradient of an input pixel is a sum of equally few outputs.
Both are looked up, so that nothing is scattered: scatters are slow everywhere,
and not deterministic on GPUs. A product with an interpolation matrix does the
same; it takes five times as long on CPUs, but on TPUs, where looking up is
slow, it is the better way.
"""

import functools
import math
from typing import NamedTuple

import jax
import jax.numpy as jnp

from fviz.types import Array


class Source(NamedTuple):
  """Where the outputs of each line lie: all broadcast to [n, lines, 1]."""

  start: Array | float  # Position of output 0, in pixels.
  step: Array | float  # Pixels from one output to the next, above 0.
  low: Array | int  # The first input pixel that counts; before it are zeros.
  high: Array | int  # The end of those that count.


def looked_up() -> bool:
  """Whether looking up is faster than a matrix product on this backend."""
  return jax.default_backend() != 'tpu'


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3, 4))
def along(
  planes: Array, source: Source, axis: int, out: int, zoom: float
) -> Array:
  """Resamples planes [n, c, h, w] along one axis; only they have a gradient.

  Lines are rows along axis 3 and columns along axis 2; one stands for all.
  `out` are the pixels of the result, `zoom` is a static bound of 1 / step: the
  gradient's cost grows with it. 0 says that starts are integers and steps 1.

  >>> source = Source(*jnp.array([1, 1, 0, 4]).reshape(4, 1, 1, 1))
  >>> print(along(jnp.arange(4.).reshape(1, 1, 1, 4), source, 3, 4, 0)[0, 0])
  [[1. 2. 3. 0.]]
  """
  size = planes.shape[axis]
  place = source.start + source.step * jnp.arange(out)
  first = jnp.floor(place).astype(jnp.int32)
  low, high = jnp.maximum(source.low, 0), jnp.minimum(source.high, size)

  def neighbour(k):
    pixel = first + k
    counts = (pixel >= low) & (pixel < high)
    return pixel, jnp.where(counts, _nearness(place, pixel), 0)

  return _weighted(planes, 2 if zoom else 1, neighbour, axis)


def _forward(planes, source, axis, out, zoom):
  like = jax.lax.slice_in_dim(planes, 0, 0, axis=1)  # Only its size.
  return along(planes, source, axis, out, zoom), (like, source)


def _backward(axis, out, zoom, residuals, g):
  like, source = residuals
  pixel = jnp.arange(like.shape[axis])
  counts = (pixel >= source.low) & (pixel < source.high)
  # The outputs whose places are in (pixel - 1, pixel + 1).
  before = pixel - (1 if zoom else 0)
  first = jnp.ceil((before - source.start) / source.step).astype(jnp.int32)

  def neighbour(k):
    i = first + k
    place = source.start + source.step * i
    inside = counts & (i >= 0) & (i < out)
    return i, jnp.where(inside, _nearness(place, pixel), 0)

  taps = math.ceil(2 * zoom) if zoom else 1
  zeros = jax.tree.map(jnp.zeros_like, source)
  return _weighted(g, taps, neighbour, axis), zeros


along.defvjp(_forward, _backward)


def _nearness(place, pixel):
  return jnp.maximum(0, 1 - jnp.abs(place - pixel))


def _weighted(planes, taps, neighbour, axis):
  """The weighted sum of `taps` neighbours of each output.

  neighbour(k) is the place and the weight of the k-th, [n, lines, out] each.
  """

  def one(k):
    place, weight = neighbour(k)
    place = jnp.clip(place, 0, planes.shape[axis] - 1)
    if axis == 2:
      place, weight = jnp.swapaxes(place, 1, 2), jnp.swapaxes(weight, 1, 2)
    there = jnp.take_along_axis(
      planes, place[:, None], axis, mode='promise_in_bounds'
    )
    return weight[:, None].astype(planes.dtype) * there

  if taps == 1:
    return one(0)
  # XLA must not fuse one axis into the other, as it would then compute every
  # pixel anew for each neighbour: five times slower on CPUs.
  if jax.default_backend() != 'cpu':
    return jax.lax.optimization_barrier(sum(map(one, range(taps))))
  # CPUs ignore the barrier, but nothing is fused into a loop, even of two.
  add = lambda total, k: (total + one(k), None)
  start = jax.tree.map(jnp.zeros_like, jax.eval_shape(one, 0))
  return jax.lax.scan(add, start, jnp.arange(taps))[0]
