"""Random transforms that make visualizations robust (Olah et al. 2017).

Each is (key, images [n, h, w, c]) -> images of a static shape, with a draw of
its own for every image. What lies outside an image is grey, .5.

None lowers to a gather or a scatter, which are slow everywhere and not
deterministic on GPUs: crops and scalings are products with small interpolation
matrices, and a rotation is three shears, each a sum over shifted copies.
"""

from __future__ import annotations

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np

from fviz.errors import FvizError
from fviz.types import Array, Key, Transform

__all__ = [
  'identity',
  'pad',
  'jitter',
  'scale',
  'rotate',
  'crop',
  'blur',
  'noise',
  'flip',
]

_GREY = 0.5


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
    return _random_crop(key, images, (h - pixels, w - pixels))

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
      return _random_crop(key, images, (h, w))
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
    return _resample(images, _zoomed(zoom, h), _zoomed(zoom, w))

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
    return _rotated(images, jnp.deg2rad(angle), math.radians(most))

  return transform


def blur(sigma: float) -> Transform:
  """A Gaussian blur, sigma in pixels (Yosinski et al. 2015).

  >>> print(blur(1.)(jax.random.key(0), jnp.ones([1, 4, 5, 3])).mean())
  1.0
  """
  check('sigma', sigma, 0)
  return lambda key, images: gaussian_blur(images, sigma)


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


def gaussian_blur(images: Array, sigma: float) -> Array:
  """[n, h, w, c] blurred; at the edges, the mean of what is inside."""
  if sigma == 0:
    return images
  h, w = (_gaussian(size, sigma) for size in images.shape[1:3])
  images = jnp.einsum('oi,niwc->nowc', h, images, precision='highest')
  return jnp.einsum('oi,nhic->nhoc', w, images, precision='highest')


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


def _gaussian(size: int, sigma: float) -> Array:
  i = np.arange(size)
  weights = np.exp(-(((i[:, None] - i) / sigma) ** 2) / 2)
  return jnp.asarray(weights / weights.sum(1, keepdims=True), jnp.float32)


# Resampling: sources are [n, out] positions in the input.


def _random_crop(key: Key, images: Array, size: tuple[int, int]) -> Array:
  n, *old, _ = images.shape
  sources = []
  for axis in range(2):
    last = old[axis] - size[axis]
    k = jax.random.fold_in(key, axis)
    start = jax.random.randint(k, (n, 1), 0, last + 1)
    sources.append((start + jnp.arange(size[axis])).astype(jnp.float32))
  return _resample(images, *sources)


def _zoomed(zoom: Array, size: int) -> Array:
  center = (size - 1) / 2
  return (jnp.arange(size) - center) / zoom + center


def _resample(images: Array, rows: Array, columns: Array) -> Array:
  x = _planes(images)
  _, _, h, w = x.shape
  by_row, by_column = _weights(rows, h), _weights(columns, w)
  x = jnp.einsum('noi,nciw->ncow', by_row, x, precision='highest')
  x = jnp.einsum('nchi,noi->ncho', x, by_column, precision='highest')
  return _images(x)


def _planes(images: Array) -> Array:
  """[n, h, w, c] -> [n, c, h, w] around grey: zeros from outside are grey.

  Planes, for rows of pixels vectorize and three channels do not.
  """
  return jnp.transpose(images - _GREY, (0, 3, 1, 2))


def _images(planes: Array) -> Array:
  """The opposite of `_planes`."""
  return jnp.transpose(planes, (0, 2, 3, 1)) + _GREY


def _weights(source: Array, size: int) -> Array:
  """[n, out] positions -> [n, out, size] weights of linear interpolation."""
  distance = jnp.abs(source[..., None] - jnp.arange(size))
  return jnp.maximum(0, 1 - distance)


# Rotation.


def _rotated(images: Array, angle: Array, most: float) -> Array:
  """Three shears (Paeth 1986): x by -tan(a/2), y by sin(a), x again."""
  _, h, w, _ = images.shape
  y = jnp.arange(h) - (h - 1) / 2
  # Content may leave the sides for one shear and come back: room for it.
  slope = math.tan(most / 2)
  margin = math.ceil(slope * (h - 1) / 2)
  wide = w + 2 * margin
  x = jnp.arange(wide) - (wide - 1) / 2
  reach = math.ceil(math.sin(most) * (wide - 1) / 2)
  along_x = -jnp.tan(angle / 2)[:, None] * y
  along_y = jnp.sin(angle)[:, None] * x
  out = _planes(images)
  out = _shear(out, along_x, 3, margin, margin)
  out = _shear(out, along_y, 2, 0, reach)
  out = _shear(out, along_x, 3, -margin, margin)
  return _images(out)


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3, 4))
def _shear(x: Array, shift: Array, axis: int, margin: int, reach: int) -> Array:
  """Shifts each line by its own number of pixels, zeros from outside.

  out[..., j] = x[..., j - margin + shift], linearly interpolated.

  Args:
    x: [n, c, h, w].
    shift: of each line, [n, h] for axis 3 and [n, w] for axis 2.
    axis: along which to shift.
    margin: pixels the result is wider on each side, may be negative, not
      below -reach.
    reach: the most any line is shifted.
  """
  size = x.shape[axis] + 2 * margin
  taps = reach + 1  # In each of two blocks; the second has one to spare.
  border = [(0, 0, 0)] * 4
  border[axis] = (reach + margin, reach + margin + 1, 0)
  x = jax.lax.pad(x, jnp.zeros((), x.dtype), border)
  # [n, lines] -> [n, 1, h, 1] or [n, 1, 1, w].
  shift = shift[:, None, :, None] if axis == 3 else shift[:, None, None, :]

  def add(out, block):
    first, near = block
    for k in range(taps):
      weight = jnp.maximum(0, 1 - jnp.abs(shift - (first + k - reach)))
      out += weight * jax.lax.slice_in_dim(near, k, k + size, axis=axis)
    return out, None

  # A loop, if only of two, keeps XLA from fusing shears into each other, where
  # every pixel is computed once for each tap: 20 times slower on CPU, which
  # ignores optimization_barrier.
  firsts = (0, taps)
  near = jnp.stack(
    [jax.lax.slice_in_dim(x, f, f + size + reach, axis=axis) for f in firsts]
  )
  shape = (*x.shape[:axis], size, *x.shape[axis + 1 :])
  start = jnp.zeros(shape, x.dtype)
  return jax.lax.scan(add, start, (jnp.array(firsts), near))[0]


def _shear_forward(x, shift, axis, margin, reach):
  return _shear(x, shift, axis, margin, reach), shift


def _shear_backward(axis, margin, reach, shift, g):
  # The exact adjoint; without it, each shifted slice is padded and added.
  return _shear(g, -shift, axis, -margin, reach), jnp.zeros_like(shift)


_shear.defvjp(_shear_forward, _shear_backward)
