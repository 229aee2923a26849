"""Borders, crops and shifts: transforms that move whole pixels."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from fviz.checks import check_int
from fviz.errors import FvizError
from fviz.resampling import axis_grids, sampling
from fviz.types import Transform

_GREY = sampling.GREY


def pad(width: int, fill: float = _GREY) -> Transform:
  """Adds a border of `width` pixels: h, w -> h + 2 width, w + 2 width.

  >>> pad(1)(jax.random.key(0), jnp.zeros([1, 2, 2, 3])).shape
  (1, 4, 4, 3)
  """
  check_int('width', width, 0)
  if isinstance(fill, float) and fill == _GREY:
    wide = lambda size: axis_grids.shifted(-width, size + 2 * width, size)
    return axis_grids.Grid(lambda key, n, size: (wide(size[0]), wide(size[1])))
  border = ((0, 0), (width, width), (width, width), (0, 0))
  return lambda key, images: jnp.pad(images, border, constant_values=fill)


def crop_or_pad(size: int | tuple[int, int], fill: float = _GREY) -> Transform:
  """Cuts each image to its middle, or adds a border where it is too small.

  >>> crop_or_pad((6, 3))(jax.random.key(0), jnp.zeros([1, 4, 5, 3])).shape
  (1, 6, 3, 3)
  """
  h, w = _checked(size)

  def transform(key, images):
    border = [(0, 0, 0)] * 4
    for axis, (new, old) in enumerate(
      zip((h, w), images.shape[1:3], strict=True), 1
    ):
      before = (new - old) // 2 if new >= old else -((old - new) // 2)
      border[axis] = (before, new - old - before, 0)
    return jax.lax.pad(images, jnp.asarray(fill, images.dtype), border)

  return transform


def crop(size: int | tuple[int, int], random: bool = True) -> Transform:
  """Crops each image to a side or (height, width), at random or in the middle.

  >>> crop((2, 3))(jax.random.key(0), jnp.zeros([1, 4, 5, 3])).shape
  (1, 2, 3, 3)
  """
  h, w = _checked(size)

  def lines(key, n, size):
    ih, iw = size
    if h > ih or w > iw:
      raise FvizError(f'crop to {h} x {w} is larger than {ih} x {iw} images.')
    if random:
      return axis_grids.random_crop(key, n, size, (h, w))
    y, x = (ih - h) // 2, (iw - w) // 2
    return axis_grids.shifted(y, h, ih), axis_grids.shifted(x, w, iw)

  return axis_grids.Grid(lines)


def jitter(pixels: int) -> Transform:
  """A random crop to (h - pixels, w - pixels), which is lucid's jitter.

  >>> jitter(1)(jax.random.key(0), jnp.zeros([1, 4, 5, 3])).shape
  (1, 3, 4, 3)
  """
  check_int('pixels', pixels, 0)

  def lines(key, n, size):
    h, w = size
    if pixels >= min(h, w):
      raise FvizError(f'jitter({pixels}) leaves nothing of {h} x {w} images.')
    return axis_grids.random_crop(key, n, size, (h - pixels, w - pixels))

  return axis_grids.Grid(lines)


def roll(pixels: int) -> Transform:
  """Shifts by up to `pixels` each way; what leaves comes back opposite.

  This is the jitter of DeepDream (2015). It needs no shift back, as only the
  network sees the shifted image.

  >>> roll(1)(jax.random.key(0), jnp.zeros([1, 4, 5, 3])).shape
  (1, 4, 5, 3)
  """
  check_int('pixels', pixels, 0)

  def transform(key, images):
    h, w = images.shape[1:3]
    wide = jnp.pad(
      images, ((0, 0), (pixels,) * 2, (pixels,) * 2, (0, 0)), 'wrap'
    )
    size = h + 2 * pixels, w + 2 * pixels
    return axis_grids.sample(
      wide, axis_grids.random_crop(key, len(images), size, (h, w))
    )

  return transform


def _checked(size) -> tuple[int, int]:
  h, w = size if isinstance(size, (tuple, list)) else (size, size)
  check_int('height', h, 1)
  check_int('width', w, 1)
  return h, w
