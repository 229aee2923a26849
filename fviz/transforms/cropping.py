"""Random crops resized to the network: several views of each image."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from fviz.checks import check, check_int, check_range, traced
from fviz.errors import FvizError
from fviz.resampling import sampling
from fviz.types import Transform


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
  if not traced(high) and high > 1:
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
    rows = sampling.window(center[:, :1], share, h, oh)
    columns = sampling.window(center[:, 1:], share, w, ow)
    stride = share * jnp.array([h / oh, w / ow])
    return sampling.resample(many, rows, columns, stride)

  return transform
