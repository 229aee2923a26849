"""Blur and noise: transforms that change values and move nothing."""

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
  draw = lambda key, x: jax.random.normal(key, x.shape, x.dtype)
  return lambda key, images: images + sd * draw(key, images)


def uniform_noise(most: float) -> Transform:
  """Adds noise from U(-most, most), as MaCo does; it may leave [0, 1].

  >>> uniform_noise(0.1)(jax.random.key(0), jax.numpy.zeros([1, 4, 5, 3])).shape
  (1, 4, 5, 3)
  """
  check('most', most, 0)
  draw = lambda key, x: jax.random.uniform(key, x.shape, x.dtype, -1, 1)
  return lambda key, images: images + most * draw(key, images)
