"""Borders, crops and shifts: transforms that move whole pixels."""

import jax

from fviz.checks import check_int, check_size
from fviz.errors import FvizError
from fviz.resampling import axis_grids
from fviz.resampling.sampling import GREY
from fviz.types import Size, Transform


def pad(width: int, fill: float = GREY) -> Transform:
  """Adds a border of `width` pixels: h, w -> h + 2 width, w + 2 width.

  >>> pad(1)(jax.random.key(0), jax.numpy.zeros([1, 2, 2, 3])).shape
  (1, 4, 4, 3)
  """
  check_int('width', width, 0)
  if isinstance(fill, float) and fill == GREY:
    wide = lambda size: axis_grids.shifted(-width, size + 2 * width, size)
    return axis_grids.Grid(lambda key, n, size: (wide(size[0]), wide(size[1])))
  border = ((0, 0), (width, width), (width, width), (0, 0))
  return lambda key, images: jax.numpy.pad(images, border, constant_values=fill)


def crop_or_pad(size: Size, fill: float = GREY) -> Transform:
  """Cuts each image to its middle, or adds a border where it is too small.

  >>> crop_or_pad((6, 3))(None, jax.numpy.zeros([1, 4, 5, 3])).shape
  (1, 6, 3, 3)
  """
  new = check_size(size)

  def transform(key, images):
    # Rounded towards zero, where a pixel is left over.
    starts = [int((images.shape[k + 1] - new[k]) / 2) for k in (0, 1)]
    return axis_grids.framed(images, starts, new, fill)

  return transform


def crop(size: Size, random: bool = True) -> Transform:
  """Crops each image to a side or (height, width), at random or in the middle.

  >>> crop((2, 3))(jax.random.key(0), jax.numpy.zeros([1, 4, 5, 3])).shape
  (1, 2, 3, 3)
  """
  h, w = check_size(size)

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

  >>> jitter(1)(jax.random.key(0), jax.numpy.zeros([1, 4, 5, 3])).shape
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

  >>> roll(1)(jax.random.key(0), jax.numpy.zeros([1, 4, 5, 3])).shape
  (1, 4, 5, 3)
  """
  check_int('pixels', pixels, 0)

  def transform(key, images):
    n, h, w, _ = images.shape
    border = (pixels, pixels)
    wide = jax.numpy.pad(images, ((0, 0), border, border, (0, 0)), 'wrap')
    size = h + 2 * pixels, w + 2 * pixels
    lines = axis_grids.random_crop(key, n, size, (h, w))
    return axis_grids.sample(wide, lines)

  return transform
