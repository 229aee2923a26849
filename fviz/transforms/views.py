"""Several views of each image: random crops, resized to the network's input."""

import jax
import jax.numpy as jnp

from fviz.checks import check, check_int, check_range, check_size
from fviz.resampling import sampling
from fviz.types import Array, Size, Transform


def crops(
  count: int = 32,
  side: float | Array = 0.25,
  sd: float = 0.1,
  size: Size | None = None,
  center_sd: float = 0.15,
) -> Transform:
  """Random crops that are resized, as in MaCo (Fel et al. 2023).

  The side of a crop, as a share of the image's, is drawn from N(side, sd^2) and
  clipped to [.05, 1]; the paper has N(.25, .1^2), in xplique the mean falls
  from .5 to .05. The centre is drawn from N(.5, center_sd^2). A crop may reach
  beyond the image.

  Args:
    count: crops of each image: [n, h, w, c] -> [n * count, *size, c].
    side: mean share.
    sd: standard deviation of the share.
    size: of the resized crops; by default the image's.
    center_sd: standard deviation of the centre.

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
  size: Size | None = None,
) -> Transform:
  """Random crops that stay inside, as in accentuation (Hamblin et al. 2024).

  Places are drawn uniformly, and so are sides: from [low, high], as shares of
  the image's. Count and size are as for `crops`.

  >>> inner_crops(2)(jax.random.key(0), jnp.zeros([1, 4, 5, 3])).shape
  (2, 4, 5, 3)
  """
  check('low', low, 0)
  check('high', high, 0, 1)
  check_range(low, high)

  def draw(key, n):
    k1, k2 = jax.random.split(key)
    share = jax.random.uniform(k1, (n, 1), minval=low, maxval=high)
    place = jax.random.uniform(k2, (n, 2))
    return share / 2 + place * (1 - share), share

  return _crops(count, size, draw)


def _crops(count, size, draw) -> Transform:
  check_int('count', count, 1)
  new = None if size is None else check_size(size)

  def transform(key, images):
    n, h, w, _ = images.shape
    # The draws of an image do not depend on how many others there are.
    keys = jax.vmap(lambda i: jax.random.fold_in(key, i))(jnp.arange(n))
    center, share = jax.vmap(lambda k: draw(k, count))(keys)
    center, share = center.reshape(-1, 2), share.reshape(-1, 1)
    many = jnp.repeat(images, count, axis=0)
    return sampling.resized_crops(many, center, share, new or (h, w))

  return transform
