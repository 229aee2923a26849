"""Chains of transforms; neighbouring grids are resampled only once."""

import jax

from fviz.resampling import axis_grids
from fviz.types import Array, Key, Transform


def identity() -> Transform:
  """Leaves the images as they are.

  >>> identity()(jax.random.key(0), jax.numpy.zeros([1, 2, 2, 3])).shape
  (1, 2, 2, 3)
  """
  return lambda key, images: images


def compose(*transforms: Transform) -> Transform:
  """Applies transforms one after the other, each with a key of its own.

  Neighbouring pads, crops and zooms become one resampling where this reads the
  same pixels.

  >>> from fviz import transforms
  >>> both = compose(transforms.pad(2), transforms.jitter(1))
  >>> both(jax.random.key(0), jax.numpy.zeros([1, 4, 5, 3])).shape
  (1, 7, 8, 3)
  """

  def transform(key: Key, images: Array) -> Array:
    waiting = None  # The grid of the transforms that are not yet applied.
    for i, one in enumerate(transforms):
      k = jax.random.fold_in(key, i)
      lines = joint = None
      if isinstance(one, axis_grids.Grid):
        n, h, w, _ = images.shape
        size = (waiting[0].out, waiting[1].out) if waiting else (h, w)
        lines = one.lines(k, n, size)
        joint = waiting and axis_grids.joint(waiting, lines)
      if waiting and not joint:
        images = axis_grids.sample(images, waiting)
      if not lines:
        images = one(k, images)
      waiting = joint or lines
    return axis_grids.sample(images, waiting) if waiting else images

  return transform
