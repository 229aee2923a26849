"""Blur and noise: transforms that change values and move nothing."""

from __future__ import annotations

import jax

from fviz.checks import check
from fviz.resampling import blurs
from fviz.types import Transform


def blur(sigma: float) -> Transform:
  """A Gaussian blur with sigma in pixels (Yosinski et al. 2015).

  >>> x = jax.numpy.ones([1, 4, 5, 3])
  >>> print(blur(1.)(jax.random.key(0), x).mean().round(3))
  1.0
  """
  check('sigma', sigma, 0)
  return lambda key, images: blurs.gaussian(images, sigma)


def noise(sd: float) -> Transform:
  """Adds noise from N(0, sd^2); the result may leave [0, 1].

  >>> noise(0.1)(jax.random.key(0), jax.numpy.zeros([1, 4, 5, 3])).shape
  (1, 4, 5, 3)
  """
  check('sd', sd, 0)

  def transform(key, images):
    return images + sd * jax.random.normal(key, images.shape, images.dtype)

  return transform


def uniform_noise(most: float) -> Transform:
  """Adds noise from U(-most, most), as MaCo does; it may leave [0, 1].

  >>> uniform_noise(0.1)(jax.random.key(0), jax.numpy.zeros([1, 4, 5, 3])).shape
  (1, 4, 5, 3)
  """
  check('most', most, 0)

  def transform(key, images):
    draw = jax.random.uniform(key, images.shape, images.dtype, -1, 1)
    return images + most * draw

  return transform
