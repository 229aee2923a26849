"""Pads, crops and zooms as regular grids, joined before they touch an image.

A resampling costs as much as a layer of the network. A crop of whole pixels
and a zoom next to it read the same pixels as one grid does, to the rounding:
`transforms.compose` asks here for the joint grid and resamples once.
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
  """Where the outputs of one axis come from: output i from start + step * i.

  Attributes:
    start: [n, 1], or an int that is the same for all images.
    step: [n, 1], or None for whole pixels, one after the other.
    out: how many outputs; static.
    low: first input pixel that counts, [n, 1] or int; before it is grey.
    high: the end of those that count.
    zoom: at least the largest 1 / step, where that is known: static.
  """

  start: Array | int
  step: Array | None
  out: int
  low: Array | int
  high: Array | int
  zoom: float | None = None


Lines = tuple[Line, Line]  # Rows, columns.


@dataclasses.dataclass(frozen=True)
class Grid:
  """A transform that is a grid.

  Attributes:
    lines: (key, images' number, (height, width)) -> rows and columns.
  """

  lines: Callable[[Key, int, tuple[int, int]], Lines]

  def __call__(self, key: Key, images: Array) -> Array:
    n, h, w, _ = images.shape
    return sample(images, self.lines(key, n, (h, w)))


def shifted(start: Array | int, out: int, size: int) -> Line:
  """`out` whole pixels from `start` of a line of `size`; outside is grey."""
  return Line(start, None, out, 0, size)


def random_crop(key: Key, n: int, old, new) -> Lines:
  """Crops of `new` from `old` sizes, with a place of its own for each image."""
  # One draw for all: each costs a loop of tiny programs, randint several.
  place = jax.random.uniform(key, (2, n, 1))
  lines = []
  for p, o, s in zip(place, old, new, strict=True):
    start = jnp.floor(p * (o - s + 1)).astype(jnp.int32)
    # In float32 the product can reach its end.
    lines.append(shifted(jnp.minimum(start, o - s), s, o))
  return tuple(lines)


def zoomed(
  zoom: Array, size: tuple[int, int], most: float | None = None
) -> Lines:
  """Zooms by [n, 1] about the centre, `most` if known; the size stays."""
  return tuple(
    Line((s - 1) / 2 * (1 - 1 / zoom), 1 / zoom, s, 0, s, most) for s in size
  )


def sizes(lines: Lines) -> tuple[int, int]:
  """(height, width) of what a grid makes."""
  return lines[0].out, lines[1].out


def joint(first: Lines, second: Lines) -> Lines | None:
  """The grid that does first and then second, or None where none does."""
  lines = tuple(map(_follow, first, second))
  return None if None in lines else lines


def sample(images: Array, lines: Lines) -> Array:
  """[n, h, w, c] images at the crossings of a grid's lines."""
  if all(isinstance(line.start, int) and line.step is None for line in lines):
    return _framed(images, lines)
  if interpolation.looked_up() and None not in map(_zoom, lines):
    return _looked_up(images, lines)
  n = len(images)
  weights = [
    jnp.broadcast_to(_weights(line, size), (n, line.out, size))
    for line, size in zip(lines, images.shape[1:3], strict=True)
  ]
  return sampling.weighted(images, *weights)


def _follow(first: Line, second: Line) -> Line | None:
  start, step = first.start + second.start, second.step
  low, high = first.low, first.high
  if first.step is None:
    # What the first left out stays grey for the second.
    low = jnp.maximum(low, first.start + second.low)
    high = jnp.minimum(high, first.start + second.high)
    return Line(start, step, second.out, low, high, second.zoom)
  inside = second.step is None and second.out <= first.out
  if not inside:  # Two zooms blur twice; a border would need a mask.
    return None
  start, step = first.start + first.step * second.start, first.step
  return Line(start, step, second.out, low, high, first.zoom)


def _zoom(line: Line) -> float | None:
  return 0 if line.step is None else line.zoom


def _looked_up(images: Array, lines: Lines) -> Array:
  """Rows and then columns, from their neighbours."""
  x = sampling.planes(images)
  for axis, line in enumerate(lines, 2):
    step = 1 if line.step is None else line.step
    source = interpolation.Source(line.start, step, line.low, line.high)
    source = jax.tree.map(lambda v: _column(v, len(images)), source)
    x = interpolation.along(x, source, axis, line.out, _zoom(line))
  return sampling.from_planes(x)


def _column(value: Array | float, n: int) -> Array:
  """[n, 1, 1] of [n, 1] or one number."""
  value = jnp.asarray(value, jnp.float32)
  return jnp.broadcast_to(value, (n, 1))[..., None]


def _weights(line: Line, size: int) -> Array:
  """[n, out, size] of linear interpolation between the pixels that count."""
  i = jnp.arange(line.out)
  source = line.start + (i if line.step is None else line.step * i)
  pixel = jnp.arange(size)
  weights = jnp.maximum(0, 1 - jnp.abs(source[..., None] - pixel))
  counts = (pixel >= _last(line.low)) & (pixel < _last(line.high))
  return jnp.where(counts, weights, 0).astype(jnp.float32)


def _last(bound: Array | int) -> Array | int:
  return bound if isinstance(bound, int) else bound[..., None]


def _framed(images: Array, lines: Lines) -> Array:
  """Static pads and crops, without a product."""
  pads = [
    (-line.start, line.start + line.out - size, 0)
    for line, size in zip(lines, images.shape[1:3], strict=True)
  ]
  grey = jnp.asarray(sampling.GREY, images.dtype)
  return jax.lax.pad(images, grey, [(0, 0, 0), *pads, (0, 0, 0)])
