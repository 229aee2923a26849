"""Random transforms that make visualizations robust (Olah et al. 2017).

Each is (key, images [n, h, w, c]) -> images of a static shape, with a draw of
its own for every image. What lies outside an image is grey, .5.

None lowers to a scatter; see `fviz.resampling`.
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp

from fviz.checks import check, check_int, check_range, traced
from fviz.errors import FvizError
from fviz.resampling import axis_grids, sampling
from fviz.types import Transform

_GREY = sampling.GREY


def pad(width: int, fill: float = _GREY) -> Transform:
  """Adds a border: [n, h, w, c] -> [n, h + 2 width, w + 2 width, c].

  >>> pad(1)(jax.random.key(0), jnp.zeros([1, 2, 2, 3])).shape
  (1, 4, 4, 3)
  """
  check_int('width', width, 0)
  if isinstance(fill, float) and fill == _GREY:
    return axis_grids.Grid(
      lambda key, n, size: tuple(
        axis_grids.shifted(-width, s + 2 * width, s) for s in size
      )
    )
  border = ((0, 0), (width, width), (width, width), (0, 0))
  return lambda key, images: jnp.pad(images, border, constant_values=fill)


def jitter(pixels: int) -> Transform:
  """A random crop to (h - pixels, w - pixels), as lucid's jitter.

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


def crop(size: int | tuple[int, int], random: bool = True) -> Transform:
  """A crop to `size`, a side or (height, width), random or in the middle.

  >>> crop((2, 3))(jax.random.key(0), jnp.zeros([1, 4, 5, 3])).shape
  (1, 2, 3, 3)
  """
  h, w = size if isinstance(size, (tuple, list)) else (size, size)
  check_int('height', h, 1)
  check_int('width', w, 1)

  def lines(key, n, size):
    ih, iw = size
    if h > ih or w > iw:
      raise FvizError(f'crop to {h} x {w} is larger than {ih} x {iw} images.')
    if random:
      return axis_grids.random_crop(key, n, size, (h, w))
    y, x = (ih - h) // 2, (iw - w) // 2
    return axis_grids.shifted(y, h, ih), axis_grids.shifted(x, w, iw)

  return axis_grids.Grid(lines)


def scale(low: float, high: float) -> Transform:
  """Zooms about the centre by a factor from [low, high]; the size stays.

  Bilinear, without antialiasing: meant for factors near 1.

  >>> scale(0.9, 1.1)(jax.random.key(0), jnp.zeros([1, 4, 5, 3])).shape
  (1, 4, 5, 3)
  """
  check('low', low, 0)
  check_range(low, high)
  if not traced(low) and low == 0:
    raise FvizError('scale: low must be above 0.')

  def lines(key, n, size):
    zoom = jax.random.uniform(key, (n, 1), minval=low, maxval=high)
    return axis_grids.zoomed(zoom, size, None if traced(high) else float(high))

  return axis_grids.Grid(lines)


def rotate(low: float, high: float) -> Transform:
  """Rotates counterclockwise by degrees from [low, high]; the size stays.

  Three linear shears blur a little. Angles are limited to +-90 degrees, and
  the cost grows with the largest.

  >>> rotate(-10, 10)(jax.random.key(0), jnp.zeros([1, 4, 5, 3])).shape
  (1, 4, 5, 3)
  """
  check_range(low, high)
  most = max(abs(low), abs(high))
  if most > 90:
    raise FvizError(f'rotate: angles are limited to +-90, not {low}..{high}.')

  def transform(key, images):
    n = images.shape[0]
    angle = jax.random.uniform(key, (n,), minval=low, maxval=high)
    return sampling.rotated(images, jnp.deg2rad(angle), math.radians(most))

  return transform


def crop_or_pad(size: int | tuple[int, int], fill: float = _GREY) -> Transform:
  """The middle of each image, with a border where it is too small (lucid).

  >>> crop_or_pad((6, 3))(jax.random.key(0), jnp.zeros([1, 4, 5, 3])).shape
  (1, 6, 3, 3)
  """
  h, w = size if isinstance(size, (tuple, list)) else (size, size)
  check_int('height', h, 1)
  check_int('width', w, 1)

  def transform(key, images):
    border = [(0, 0, 0)] * 4
    for axis, (new, old) in enumerate(
      zip((h, w), images.shape[1:3], strict=True), 1
    ):
      before = (new - old) // 2 if new >= old else -((old - new) // 2)
      border[axis] = (before, new - old - before, 0)
    return jax.lax.pad(images, jnp.asarray(fill, images.dtype), border)

  return transform


def zooms(*factors: float) -> Transform:
  """As `scale`, but by one of the factors (lucid's random_scale).

  >>> zooms(0.9, 1.0, 1.1)(jax.random.key(0), jnp.zeros([1, 4, 5, 3])).shape
  (1, 4, 5, 3)
  """
  if not factors:
    raise FvizError('zooms needs at least one factor.')
  for factor in factors:
    check('factor', factor, 1e-3)

  def lines(key, n, size):
    most = None if traced(*factors) else float(max(factors))
    return axis_grids.zoomed(_one_of(key, n, factors)[:, None], size, most)

  return axis_grids.Grid(lines)


def angles(*degrees: float) -> Transform:
  """As `rotate`, but by one of the angles (lucid's random_rotate).

  >>> angles(-5, 0, 5)(jax.random.key(0), jnp.zeros([1, 4, 5, 3])).shape
  (1, 4, 5, 3)
  """
  if not degrees:
    raise FvizError('angles needs at least one angle.')
  most = max(map(abs, degrees))
  if most > 90:
    raise FvizError(f'angles are limited to +-90 degrees, not {degrees}.')

  def transform(key, images):
    angle = jnp.deg2rad(_one_of(key, len(images), degrees))
    return sampling.rotated(images, angle, math.radians(most))

  return transform


def roll(pixels: int) -> Transform:
  """Shifts by up to `pixels` each way; what leaves comes back opposite.

  DeepDream's jitter (2015), without its shift back: only the network sees it.

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


def flip(probability: float = 0.5) -> Transform:
  """Mirrors left and right.

  >>> print(flip(1.)(jax.random.key(0), jnp.arange(3.).reshape(1, 1, 3, 1))
  ...       .ravel())
  [2. 1. 0.]
  """
  if not 0 <= probability <= 1:
    raise FvizError(f'probability must be in [0, 1], not {probability}.')

  def transform(key, images):
    chosen = jax.random.bernoulli(key, probability, (len(images), 1, 1, 1))
    return jnp.where(chosen, jnp.flip(images, 2), images)

  return transform


def _one_of(key, n, values):
  """[n] draws; a product with one-hot rows, so that nothing is gathered."""
  chosen = jax.random.randint(key, (n,), 0, len(values))
  rows = jax.nn.one_hot(chosen, len(values))
  return jnp.sum(rows * jnp.asarray(values, jnp.float32), -1)
