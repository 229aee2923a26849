"""Photos of all directions: equirectangular, 2:1, longitude along the width.

Left and right are the same meridian, and the rows at the poles are single
points drawn out over the whole width. The dreamer therefore rolls the width
as a circle, and takes the gradients near the poles from perspective views of
the zenith and the nadir.
"""

import logging
import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from fviz.types import Array

_log = logging.getLogger(__name__)

_FIELD = 110.0  # Degrees that a polar view spans.
_FULL, _NONE = 35.0, 50.0  # Degrees from the pole: only the view, none of it.
_SMALLEST = 96  # Side of a polar view, in pixels.


def warn_of_shape(size: tuple[int, int]) -> None:
  """Warns if an image (height, width) cannot show all directions."""
  height, width = size
  if abs(width - 2 * height) > 0.02 * width:
    _log.warning(
      'A panorama of all directions is twice as wide as high, this image is '
      '%d x %d: its poles will be where none are.',
      *(width, height),
    )


class Caps(NamedTuple):
  """The maps between an equirectangular image and its polar views."""

  to_view: Array  # [2, s, s] rows and columns of the image, for the zenith's.
  from_view: Array  # [2, rows, w] those of the view, for the top rows.
  weights: Array  # [rows, 1] how much of the view counts, 1 at the pole.


def caps(height: int, width: int) -> Caps:
  """The polar views of an image size; pixels as large as at the equator."""
  extent = math.tan(math.radians(_FIELD / 2))
  side = max(_SMALLEST, round(width / math.pi * extent))
  line = ((np.arange(side) + 0.5) / side * 2 - 1) * extent
  u, v = np.meshgrid(line, line)
  polar, azimuth = np.arctan(np.hypot(u, v)), np.arctan2(v, u)
  to_view = [
    polar / math.pi * height - 0.5,
    azimuth / (2 * math.pi) * width - 0.5,
  ]
  rows = math.ceil(_NONE / 180 * height)
  polar = ((np.arange(rows) + 0.5) / height * math.pi)[:, None]
  azimuth = (np.arange(width) + 0.5) / width * 2 * math.pi
  radius = np.tan(polar) / extent
  from_view = [
    ((radius * f(azimuth) + 1) / 2) * side - 0.5 for f in (np.sin, np.cos)
  ]
  fade = (_NONE - np.degrees(polar)) / (_NONE - _FULL)
  return Caps(
    jnp.asarray(np.stack(to_view), jnp.float32),
    jnp.asarray(np.stack(from_view), jnp.float32),
    jnp.asarray(np.clip(fade, 0, 1), jnp.float32),
  )


@jax.jit
def views(image: Array, maps: Caps) -> Array:
  """[h, w, c] -> [2, s, s, c]: looking straight up, and straight down."""
  up = sampled(image, maps.to_view)
  down = sampled(image[::-1], maps.to_view)[::-1]  # Seen from inside too.
  return jnp.stack([up, down])


@jax.jit
def blended(gradient: Array, found: Array, maps: Caps) -> Array:
  """An image's gradient with that of its polar views at the poles.

  Args:
    gradient: [h, w, c].
    found: gradients of `views`, [2, s, s, c], of any scale.
    maps: of the image's size.
  """
  rows, middle = len(maps.weights), len(gradient) // 4
  size = jnp.mean(jnp.abs(gradient[middle:-middle]))
  for pole in (0, 1):
    view = found[pole] if pole == 0 else found[pole][::-1]
    view = view * size / jnp.maximum(jnp.mean(jnp.abs(view)), 1e-20)
    cap = sampled(view, maps.from_view)
    weight = maps.weights[..., None]
    gradient = gradient[::-1] if pole else gradient
    top = weight * cap + (1 - weight) * gradient[:rows]
    gradient = jnp.concatenate([top, gradient[rows:]])
    gradient = gradient[::-1] if pole else gradient
  return gradient


def sampled(image: Array, places: Array) -> Array:
  """Bilinear samples of [h, w, c] at [2, ...] rows and columns, [..., c].

  Columns wrap around, rows end at the edge.
  """
  h, w = image.shape[:2]
  y, x = places
  y = jnp.clip(y, 0, h - 1)
  top, left = jnp.floor(y), jnp.floor(x)
  down, right = (y - top)[..., None], (x - left)[..., None]
  top, left = top.astype(jnp.int32), left.astype(jnp.int32) % w
  below, after = jnp.minimum(top + 1, h - 1), (left + 1) % w
  upper = image[top, left] * (1 - right) + image[top, after] * right
  lower = image[below, left] * (1 - right) + image[below, after] * right
  return upper * (1 - down) + lower * down
