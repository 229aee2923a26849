"""Pads, crops and zooms as regular grids of rows and columns.

A resampling costs as much as a layer of the network. A crop of whole pixels and
a zoom next to it read the same pixels as one grid does, to the rounding. So
`transforms.compose` joins neighbouring grids and resamples the image once.
"""

import dataclasses
from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp

from fviz.resampling import interpolation, sampling
from fviz.types import Array, Key


class Line(NamedTuple):
  """Where the outputs along one axis lie in the input: at start + step * i.

  Arrays are [n, 1]; an int is the same for all images.
  """

  start: Array | int
  step: Array | None  # None for whole pixels, one after the other.
  out: int  # The number of outputs.
  low: Array | int  # The first input pixel that counts; before it, all is grey.
  high: Array | int  # The end of those that count.
  zoom: float | None = None  # A bound of 1 / step, if one is known.


Lines = tuple[Line, Line]  # A grid: of rows, of columns.
Size = tuple[int, int]  # (height, width) in pixels.


@dataclasses.dataclass(frozen=True)
class Grid:
  """A transform that samples images at a grid."""

  lines: Callable[[Key, int, Size], Lines]  # Of a number of images of a size.

  def __call__(self, key: Key, images: Array) -> Array:
    n, h, w, _ = images.shape
    return sample(images, self.lines(key, n, (h, w)))


def shifted(start: Array | int, out: int, size: int) -> Line:
  """`out` whole pixels from `start` on, of an axis of `size`."""
  return Line(start, None, out, 0, size)


def random_crop(key: Key, n: int, old: Size, new: Size) -> Lines:
  """Crops of size `new` from size `old`, each image's at a place of its own."""
  # One draw for both axes, and not of integers: a draw is a loop of tiny
  # programs, and randint takes several.
  place = jax.random.uniform(key, (2, n, 1))

  def line(p, o, s):
    start = jnp.floor(p * (o - s + 1)).astype(jnp.int32)
    # In float32 the product can be rounded up to its end.
    return shifted(jnp.minimum(start, o - s), s, o)

  rows, columns = map(line, place, old, new)
  return rows, columns


def zoomed(zoom: Array, size: Size, most: float | None = None) -> Lines:
  """Zooms by factors [n, 1], of which `most` is a bound; the size stays."""
  line = lambda s: Line((s - 1) / 2 * (1 - 1 / zoom), 1 / zoom, s, 0, s, most)
  return line(size[0]), line(size[1])


def joint(first: Lines, second: Lines) -> Lines | None:
  """The grid that equals first and then second, or None where none does."""
  rows, columns = map(_joint, first, second)
  return (rows, columns) if rows and columns else None


def sample(images: Array, lines: Lines) -> Array:
  """Images [n, h, w, c] at the crossings of a grid's rows and columns."""
  starts = [v.start for v in lines if v.step is None]
  fixed = [start for start in starts if isinstance(start, int)]
  if len(fixed) == 2:
    return framed(images, fixed, (lines[0].out, lines[1].out))
  if interpolation.looked_up() and None not in map(_zoom, lines):
    return _looked_up(images, lines)
  n = len(images)
  weights = (
    jnp.broadcast_to(_weights(line, size), (n, line.out, size))
    for line, size in zip(lines, images.shape[1:3], strict=True)
  )
  return sampling.weighted(images, *weights)


def framed(
  images: Array, starts: Sequence[int], new: Size, fill: float = sampling.GREY
) -> Array:
  """A pad or crop that is the same for all images: `new` pixels from starts."""
  pads = [(0, 0, 0)] * 4
  for axis in (0, 1):
    start, size = starts[axis], images.shape[axis + 1]
    pads[axis + 1] = (-start, start + new[axis] - size, 0)
  return jax.lax.pad(images, jnp.asarray(fill, images.dtype), pads)


def _joint(first: Line, second: Line) -> Line | None:
  start, step = first.start + second.start, second.step
  if first.step is None:
    # What the first one left out stays grey for the second.
    low = jnp.maximum(first.low, first.start + second.low)
    high = jnp.minimum(first.high, first.start + second.high)
    return Line(start, step, second.out, low, high, second.zoom)
  if step is not None or second.out > first.out:
    return None  # Two zooms blur twice, and a border would need a mask.
  start = first.start + first.step * second.start
  return first._replace(start=start, out=second.out)


def _zoom(line: Line) -> float | None:
  return 0 if line.step is None else line.zoom


def _looked_up(images: Array, lines: Lines) -> Array:
  """Looks up the neighbours along columns, then along rows."""
  x = sampling.planes(images)
  for axis, line in enumerate(lines, 2):
    step = 1 if line.step is None else line.step
    source = interpolation.Source(line.start, step, line.low, line.high)
    source = jax.tree.map(lambda v: _column(v, len(images)), source)
    x = interpolation.along(x, source, axis, line.out, _zoom(line))
  return sampling.from_planes(jnp.asarray(x))


def _column(value: Array | float, n: int) -> Array:
  """[n, 1, 1], from [n, 1] or one number."""
  value = jnp.asarray(value, jnp.float32)
  return jnp.broadcast_to(value, (n, 1))[..., None]


def _weights(line: Line, size: int) -> Array:
  """[n, out, size], linear interpolation between the pixels that count."""
  i = jnp.arange(line.out)
  source = line.start + (i if line.step is None else line.step * i)
  pixel = jnp.arange(size)
  weights = jnp.maximum(0, 1 - jnp.abs(source[..., None] - pixel))
  low, high = (
    v if isinstance(v, int) else v[..., None] for v in (line.low, line.high)
  )
  counts = (pixel >= low) & (pixel < high)
  return jnp.where(counts, weights, 0).astype(jnp.float32)
