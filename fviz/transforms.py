"""Random transforms that make visualizations robust (Olah et al. 2017).

Each is (key, images [n, h, w, c]) -> images of a static shape, with a draw of
its own for every image. What lies outside an image is grey, .5.

None lowers to a gather or a scatter; see `fviz.resampling`.
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np

from fviz import resampling
from fviz.errors import FvizError
from fviz.types import Array, Key, Transform

__all__ = [
  'identity',
  'pad',
  'jitter',
  'scale',
  'rotate',
  'crop',
  'crops',
  'inner_crops',
  'blur',
  'noise',
  'flip',
]

_GREY = resampling.GREY


def identity() -> Transform:
  """Leaves the images alone.

  >>> identity()(jax.random.key(0), jnp.zeros([1, 2, 2, 3])).shape
  (1, 2, 2, 3)
  """
  return lambda key, images: images


def pad(width: int, fill: float = _GREY) -> Transform:
  """Adds a border: [n, h, w, c] -> [n, h + 2 width, w + 2 width, c].

  >>> pad(1)(jax.random.key(0), jnp.zeros([1, 2, 2, 3])).shape
  (1, 4, 4, 3)
  """
  check_int('width', width, 0)
  border = ((0, 0), (width, width), (width, width), (0, 0))
  return lambda key, images: jnp.pad(images, border, constant_values=fill)


def jitter(pixels: int) -> Transform:
  """A random crop to (h - pixels, w - pixels), as lucid's jitter.

  >>> jitter(1)(jax.random.key(0), jnp.zeros([1, 4, 5, 3])).shape
  (1, 3, 4, 3)
  """
  check_int('pixels', pixels, 0)

  def transform(key, images):
    h, w = images.shape[1:3]
    if pixels >= min(h, w):
      raise FvizError(f'jitter({pixels}) leaves nothing of {h} x {w} images.')
    return resampling.random_crop(key, images, (h - pixels, w - pixels))

  return transform


def crop(size: int | tuple[int, int], random: bool = True) -> Transform:
  """A crop to `size`, a side or (height, width), random or in the middle.

  >>> crop((2, 3))(jax.random.key(0), jnp.zeros([1, 4, 5, 3])).shape
  (1, 2, 3, 3)
  """
  h, w = size if isinstance(size, (tuple, list)) else (size, size)
  check_int('height', h, 1)
  check_int('width', w, 1)

  def transform(key, images):
    ih, iw = images.shape[1:3]
    if h > ih or w > iw:
      raise FvizError(f'crop to {h} x {w} is larger than {ih} x {iw} images.')
    if random:
      return resampling.random_crop(key, images, (h, w))
    y, x = (ih - h) // 2, (iw - w) // 2
    return images[:, y : y + h, x : x + w]

  return transform


def scale(low: float, high: float) -> Transform:
  """Zooms about the centre by a factor from [low, high]; the size stays.

  Bilinear, without antialiasing: meant for factors near 1.

  >>> scale(0.9, 1.1)(jax.random.key(0), jnp.zeros([1, 4, 5, 3])).shape
  (1, 4, 5, 3)
  """
  check('low', low, 0)
  check_range(low, high)
  if not _traced(low) and low == 0:
    raise FvizError('scale: low must be above 0.')

  def transform(key, images):
    n, h, w, _ = images.shape
    zoom = jax.random.uniform(key, (n, 1), minval=low, maxval=high)
    return resampling.resample(
      images, resampling.zoomed(zoom, h), resampling.zoomed(zoom, w)
    )

  return transform


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
    return resampling.rotated(images, jnp.deg2rad(angle), math.radians(most))

  return transform


def crops(
  count: int = 32,
  side: float = 0.25,
  sd: float = 0.1,
  size: int | tuple[int, int] | None = None,
  center_sd: float = 0.15,
) -> Transform:
  """Random crops resized to the network, as in MaCo (Fel et al. 2023).

  The side is a share of the image's, from N(side, sd^2) clipped to [.05, 1],
  the centre from N(.5, center_sd^2); a crop may leave the image.

  Args:
    count: crops an image: [n, h, w, c] -> [n * count, *size, c].
    side: mean share; the paper has N(.25, .1^2), xplique lets it fall from .5
      to .05.
    sd: its deviation.
    size: of the crops; the image's by default.
    center_sd: deviation of the centre.

  >>> crops(3, size=2)(jax.random.key(0), jnp.zeros([2, 4, 5, 3])).shape
  (6, 2, 2, 3)
  """
  check('side', side, 0)
  check('sd', sd, 0)
  check('center_sd', center_sd, 0)

  def draw(key, n):
    k1, k2 = jax.random.split(key)
    share = jnp.clip(side + sd * jax.random.normal(k1, (n, 1)), 0.05, 1)
    return 0.5 + center_sd * jax.random.normal(k2, (n, 2)), share

  return _crops(count, size, draw)


def inner_crops(
  count: int = 16,
  low: float = 0.05,
  high: float = 0.99,
  size: int | tuple[int, int] | None = None,
) -> Transform:
  """Random crops that stay inside, as in accentuation (Hamblin et al. 2024).

  Args:
    count: crops an image: [n, h, w, c] -> [n * count, *size, c].
    low: least side as a share of the image's.
    high: largest, at most 1; drawn uniformly, as is the place.
    size: of the crops; the image's by default.

  >>> inner_crops(2)(jax.random.key(0), jnp.zeros([1, 4, 5, 3])).shape
  (2, 4, 5, 3)
  """
  check('low', low, 0)
  check_range(low, high)
  if not _traced(high) and high > 1:
    raise FvizError(f'inner_crops: high must be at most 1, not {high}.')

  def draw(key, n):
    k1, k2 = jax.random.split(key)
    share = jax.random.uniform(k1, (n, 1), minval=low, maxval=high)
    place = jax.random.uniform(k2, (n, 2))
    return share / 2 + place * (1 - share), share

  return _crops(count, size, draw)


def _crops(count, size, draw) -> Transform:
  check_int('count', count, 1)
  for side in size if isinstance(size, (tuple, list)) else (size,):
    if side is not None:
      check_int('size', side, 1)

  def transform(key, images):
    n, h, w, c = images.shape
    oh, ow = size if isinstance(size, (tuple, list)) else (size or h, size or w)
    # A draw of its own for every image, however many there are beside it.
    keys = jax.vmap(lambda i: jax.random.fold_in(key, i))(jnp.arange(n))
    center, share = jax.vmap(lambda k: draw(k, count))(keys)
    center, share = center.reshape(-1, 2), share.reshape(-1, 1)
    many = jnp.repeat(images, count, axis=0)
    rows = resampling.window(center[:, :1], share, h, oh)
    columns = resampling.window(center[:, 1:], share, w, ow)
    stride = share * jnp.array([h / oh, w / ow])
    return resampling.resample(many, rows, columns, stride)

  return transform


def blur(sigma: float) -> Transform:
  """A Gaussian blur, sigma in pixels (Yosinski et al. 2015).

  >>> print(blur(1.)(jax.random.key(0), jnp.ones([1, 4, 5, 3])).mean())
  1.0
  """
  check('sigma', sigma, 0)
  return lambda key, images: resampling.gaussian_blur(images, sigma)


def noise(sd: float) -> Transform:
  """Adds N(0, sd^2); the result may leave [0, 1].

  >>> noise(0.1)(jax.random.key(0), jnp.zeros([1, 4, 5, 3])).shape
  (1, 4, 5, 3)
  """
  check('sd', sd, 0)

  def transform(key, images):
    return images + sd * jax.random.normal(key, images.shape, images.dtype)

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


def compose(*transforms: Transform) -> Transform:
  """One after the other, each with a key of its own.

  >>> both = compose(pad(2), jitter(1))
  >>> both(jax.random.key(0), jnp.zeros([1, 4, 5, 3])).shape
  (1, 7, 8, 3)
  """

  def transform(key: Key, images: Array) -> Array:
    for i, one in enumerate(transforms):
      images = one(jax.random.fold_in(key, i), images)
    return images

  return transform


def check(name: str, value: float, least: float) -> None:
  """Raises an `FvizError` unless value is finite and at least `least`.

  Traced values pass: they were checked as numbers before (`fviz.variants`).
  """
  if _traced(value):
    return
  if not (math.isfinite(value) and value >= least):
    raise FvizError(f'{name} must be {least} or more, not {value!r}.')


def check_int(name: str, value: int, least: int) -> None:
  """Raises an `FvizError` unless value is an integer from `least` on."""
  if not isinstance(value, (int, np.integer)) or value < least:
    raise FvizError(
      f'{name} must be an integer from {least} on, not {value!r}.'
    )


def check_range(low: float, high: float) -> None:
  """Raises an `FvizError` unless low <= high, both finite."""
  if _traced(low, high):
    return
  if not (math.isfinite(low) and math.isfinite(high) and low <= high):
    raise FvizError(f'The range from {low} to {high} is empty or infinite.')


def _traced(*values) -> bool:
  return any(isinstance(value, jax.core.Tracer) for value in values)
