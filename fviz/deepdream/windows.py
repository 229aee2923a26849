"""How an image is cut into windows that a network can be run on.

Every axis is cut alone, into equal cores with a halo of context on both sides.
The cut moves at random from step to step, and neighbours are cross-faded, so
that no border is seen twice, or at all. Usually one window holds the whole
image.
"""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np

from fviz.types import Array, Key

WRAP, REFLECT, AROUND = 'wrap', 'reflect', 'around'
# What lies beyond an image: beyond its rows, and beyond its columns.
BORDERS = {
  'wrap': (WRAP, WRAP),  # The notebook's roll.
  'reflect': (REFLECT, REFLECT),
  'panorama': (REFLECT, AROUND),
}
SMALLEST = 160  # Side of a window that is asked for, in pixels.


@dataclasses.dataclass(frozen=True)
class Axis:
  """How the rows or the columns of an image are cut into windows."""

  size: int  # Pixels of the image.
  count: int  # Windows.
  core: int  # Pixels that a window answers for; the last may have fewer.
  halo: int  # Pixels of context on either side of a core.
  # What lies beyond the image: 'wrap' (it repeats), 'reflect' (its mirror
  # image) or 'around' (the axis is a circle without ends).
  border: str
  # How far the cut moves at most either way; an axis that wraps and has several
  # windows moves all around.
  jitter: int

  @property
  def window(self) -> int:
    """Pixels of a window."""
    return self.core + 2 * self.halo

  @property
  def margin(self) -> int:
    """Pixels of padding on either side of the image."""
    return self.halo + (self.jitter if self.border == REFLECT else 0)

  @property
  def folds(self) -> bool:
    """Whether gradients of mirrored pixels go back to their originals.

    A single window that moves over the edge sees some pixels twice and others
    not at all; on average over the moves every pixel counts the same.
    """
    return self.border == REFLECT and self.count == 1


Axes = tuple[Axis, Axis]  # Of rows and columns.


def cut(size: int, largest: int, halo: int, border: str, jitter: int) -> Axis:
  """The cut of an axis into the fewest windows of at most `largest` pixels."""
  around = border == AROUND
  halo = min(halo, size // 2)
  if size + (2 * halo if around else 0) <= largest:
    least = size // 2 if border == REFLECT else jitter
    return Axis(size, 1, size, halo * around, border, min(jitter, least))
  count = -(-size // max(largest - 2 * halo, 2 * halo, 1))
  # Beyond the halo the first and last cores would not reach the edges.
  return Axis(size, count, -(-size // count), halo, border, min(jitter, halo))


def offset(axis: Axis, key: Key) -> Array:
  """How far the cut moves at a step, an integer."""
  everywhere = axis.border == AROUND or (axis.border == WRAP and axis.count > 1)
  low, high = -axis.jitter, axis.jitter + 1
  if everywhere:
    low, high = 0, axis.size
  return jax.random.randint(key, (), low, high)


def spread(x: Array, axes: Axes, offsets: tuple) -> Array:
  """The canvas that windows are taken from: moved if it wraps, and padded."""
  for number, (axis, move) in enumerate(zip(axes, offsets, strict=True)):
    if axis.border != REFLECT:
      x = jnp.roll(x, move, number)
    x = _padded(x, number, axis)
  return x


def gather(total: Array, axes: Axes) -> Array:
  """The image's gradient, still moved, from the one on the canvas."""
  for number, axis in enumerate(axes):
    if axis.folds:
      shape = list(total.shape)
      shape[number] = axis.size
      like = jax.ShapeDtypeStruct(tuple(shape), total.dtype)
      pad = lambda x, n=number, a=axis: _padded(x, n, a)
      total = jax.linear_transpose(pad, like)(total)[0]
    else:
      start = axis.margin
      total = jax.lax.slice_in_dim(total, start, start + axis.size, 1, number)
  return total


def unmoved(x: Array, axes: Axes, offsets: tuple) -> Array:
  """Rolls back what `spread` has rolled."""
  for number, (axis, move) in enumerate(zip(axes, offsets, strict=True)):
    if axis.border != REFLECT:
      x = jnp.roll(x, -move, number)
  return x


def starts(axis: Axis, move: Array) -> Array:
  """Where each window starts on the canvas, [count]."""
  last = axis.size - axis.core  # The last core ends where the image does.
  shift = move + axis.jitter if axis.border == REFLECT else 0
  return jnp.minimum(jnp.arange(axis.count) * axis.core, last) + shift


@functools.cache
def weights(axis: Axis, number: int) -> np.ndarray:
  """How much each pixel of window `number` counts: [window] in [0, 1].

  Where two windows meet, one fades as the other appears: their sum is 1.
  """
  length = axis.window
  if axis.count == 1:
    return np.ones(length, np.float32)
  fade = max(1, axis.halo // 4)  # The rest of the halo is context.
  begin = min(number * axis.core, axis.size - axis.core)
  # Places in the image: the last core may overlap the one before.
  place = begin - axis.halo + np.arange(length) + 0.5
  ramp = lambda border: np.clip((place - border) / (2 * fade) + 0.5, 0, 1)
  out = np.ones(length)
  if number > 0:
    out *= ramp(number * axis.core)
  if number < axis.count - 1:
    out *= 1 - ramp((number + 1) * axis.core)
  return out.astype(np.float32)


def _padded(x: Array, number: int, axis: Axis) -> Array:
  pads = [(0, 0)] * x.ndim
  pads[number] = (axis.margin, axis.margin)
  # The edge itself is mirrored too: every pixel then counts the same.
  mode = 'symmetric' if axis.border == REFLECT else 'wrap'
  return jnp.pad(x, pads, mode=mode) if axis.margin else x
