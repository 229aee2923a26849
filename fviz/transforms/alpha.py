"""Transparent images over random backgrounds."""

import jax

from fviz import color as colors
from fviz import natural_images
from fviz.checks import check
from fviz.errors import FvizError
from fviz.types import Transform


def composite(sd: float = 0.5, decay: float = 1.0) -> Transform:
  """Shows transparent images over random backgrounds.

  [n, h, w, c + 1] -> [n, h, w, c], as alpha * colour + (1 - alpha) *
  background. The background is a new random image of a 1 / f^decay spectrum at
  each call, of standard deviation sd; .5 gives strong contrasts (Mordvintsev et
  al. 2018). So the image becomes opaque only where it matters.

  >>> composite()(jax.random.key(0), jax.numpy.zeros([1, 4, 5, 4])).shape
  (1, 4, 5, 3)
  """
  check('sd', sd, 0)

  def transform(key, images):
    if images.shape[-1] < 2:
      raise FvizError('composite needs images with alpha: give alpha=True.')
    rgb, alpha = images[..., :-1], images[..., -1:]
    n, h, w, c = rgb.shape
    z = sd * jax.random.normal(key, (n, 2, c, h, w // 2 + 1))
    t = natural_images.from_spectrum(z, h, w, decay)
    return alpha * rgb + (1 - alpha) * colors.decorrelated().to_rgb(t)

  return transform
