"""Pads, crops and zooms as regular grids of rows and columns.

A resampling costs as much as a layer of the network. A crop of whole pixels and
a zoom next to it read the same pixels as one grid does, to the rounding. So
`transforms.compose` joins neighbouring grids and resamples the image once.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from fviz.resampling import interpolation, sampling
from fviz.types import Array, Key


class Line(NamedTuple):
  """Where the outputs along one axis lie in the input: at start + step * i.

  Attributes:
    start: [n, 1], or an int that is the same for all images.
    step: [n, 1], or None for whole pixels, one after the other.
    out: the number of outputs, static.
    low: the first input pixel that counts, [n, 1] or int; what lies before it
      is grey.
    high: the end of those that count.
    zoom: a bound of 1 / step, static; None where it is not known.
  """

  start: Array | int
  step: Array | None
  out: int
  low: Array | int
  high: Array | int
  zoom: float | None = None


Lines = tuple[Line, Line]  # A grid: of rows, of columns.
Size = tuple[int, int]  # (height, width) in pixels.


@dataclasses.dataclass(frozen=True)
class Grid:
  """A transform that samples images at a grid.

  Attributes:
    lines: (key, number of images, size) -> the grid.
  """

  lines: Callable[[Key, int, Size], Lines]

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


def sizes(lines: Lines) -> Size:
  """The size of the images that a grid makes."""
  return lines[0].out, lines[1].out


def joint(first: Lines, second: Lines) -> Lines | None:
  """The grid that equals first and then second, or None where none does."""
  rows, columns = map(_follow, first, second)
  return None if rows is None or columns is None else (rows, columns)


def sample(images: Array, lines: Lines) -> Array:
  """Images [n, h, w, c] at the crossings of a grid's rows and columns."""
  starts = [v.start for v in lines if v.step is None]
  fixed = [start for start in starts if isinstance(start, int)]
  if len(fixed) == 2:
    return _framed(images, fixed, sizes(lines))
  if interpolation.looked_up() and None not in map(_zoom, lines):
    return _looked_up(images, lines)
  n = len(images)
  weights = [
    jnp.broadcast_to(_weights(line, size), (n, line.out, size))
    for line, size in zip(lines, images.shape[1:3], strict=True)
  ]
  return sampling.weighted(images, *weights)


def _follow(first: Line, second: Line) -> Line | None:
  """The line that equals first and then second, or None where none does."""
  start, step = first.start + second.start, second.step
  low, high = first.low, first.high
  if first.step is None:
    # What the first one left out stays grey for the second.
    low = jnp.maximum(low, first.start + second.low)
    high = jnp.minimum(high, first.start + second.high)
    return Line(start, step, second.out, low, high, second.zoom)
  inside = second.step is None and second.out <= first.out
  if not inside:  # Two zooms blur twice, and a border would need a mask.
    return None
  start, step = first.start + first.step * second.start, first.step
  return Line(start, step, second.out, low, high, first.zoom)


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
  counts = (pixel >= _last(line.low)) & (pixel < _last(line.high))
  return jnp.where(counts, weights, 0).astype(jnp.float32)


def _last(bound: Array | int) -> Array | int:
  return bound if isinstance(bound, int) else bound[..., None]


def _framed(images: Array, starts: list[int], new: Size) -> Array:
  """A pad or crop that is the same for all images."""
  pads = [
    (-start, start + out - size, 0)
    for start, out, size in zip(starts, new, images.shape[1:3], strict=True)
  ]
  grey = jnp.asarray(sampling.GREY, images.dtype)
  return jax.lax.pad(images, grey, [(0, 0, 0), *pads, (0, 0, 0)])
