"""Transparent images over random backgrounds."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np

from fviz import color as colors
from fviz import natural_images
from fviz.checks import check
from fviz.errors import FvizError
from fviz.types import Array, Key, Transform


def composite(sd: float = 0.5, decay: float = 1.0) -> Transform:
  """Shows transparent images over random backgrounds.

  [n, h, w, c + 1] -> [n, h, w, c], as alpha * colour + (1 - alpha) *
  background. The background is a new random image of a 1 / f^decay spectrum at
  each call, of standard deviation sd; .5 gives strong contrasts (Mordvintsev et
  al. 2018). So the image becomes opaque only where it matters.

  >>> composite()(jax.random.key(0), jnp.zeros([1, 4, 5, 4])).shape
  (1, 4, 5, 3)
  """
  check('sd', sd, 0)

  def transform(key, images):
    if images.shape[-1] < 2:
      raise FvizError('composite needs images with alpha: give alpha=True.')
    rgb, alpha = images[..., :-1], images[..., -1:]
    return alpha * rgb + (1 - alpha) * _background(key, rgb.shape, sd, decay)

  return transform


def _background(key: Key, shape, sd, decay) -> Array:
  n, h, w, c = shape
  f = np.maximum(natural_images.frequencies(h, w), 1 / max(h, w))
  scale = np.float32(math.sqrt(h * w)) / jnp.float32(f) ** decay
  draw = sd * jax.random.normal(key, (n, 2, c, h, w // 2 + 1)) * scale
  t = jnp.fft.irfft2(jax.lax.complex(draw[:, 0], draw[:, 1]), s=(h, w)) / 4
  return colors.decorrelated().to_rgb(jnp.transpose(t, (0, 2, 3, 1)))
