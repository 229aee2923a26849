"""Transforms one after the other; neighbours that are grids become one."""

from __future__ import annotations

import jax

from fviz.resampling import axis_grids
from fviz.types import Array, Key, Transform


def identity() -> Transform:
  """Leaves the images alone.

  >>> identity()(jax.random.key(0), jnp.zeros([1, 2, 2, 3])).shape
  (1, 2, 2, 3)
  """
  return lambda key, images: images


def compose(*transforms: Transform) -> Transform:
  """One after the other, each with a key of its own.

  Neighbours that are grids (pads, crops, zooms) are one resampling where one
  reads the same pixels.

  >>> both = compose(pad(2), jitter(1))
  >>> both(jax.random.key(0), jnp.zeros([1, 4, 5, 3])).shape
  (1, 7, 8, 3)
  """

  def transform(key: Key, images: Array) -> Array:
    waiting = None  # The grid of the transforms that are not yet applied.
    for i, one in enumerate(transforms):
      k = jax.random.fold_in(key, i)
      if isinstance(one, axis_grids.Grid):
        size = axis_grids.sizes(waiting) if waiting else images.shape[1:3]
        lines = one.lines(k, len(images), size)
        joint = waiting and axis_grids.joint(waiting, lines)
        if waiting and not joint:
          images = axis_grids.sample(images, waiting)
        waiting = joint or lines
      else:
        images = axis_grids.sample(images, waiting) if waiting else images
        images, waiting = one(k, images), None
    return axis_grids.sample(images, waiting) if waiting else images

  return transform
