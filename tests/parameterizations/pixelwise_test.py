"""Pixels, and parameterizations that start from images."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fviz import parameterizations


def test_pixels_are_noise_behind_colours():
  p = parameterizations.pixels((40, 50), n=2, sd=0.2)
  params = np.asarray(p.init(jax.random.key(0)), np.float64)
  assert abs(params.std() - 0.2) < 0.01 and abs(params.mean()) < 0.01
  axes = np.array([[0.26, 0.09, 0.02], [0.27, 0, -0.05], [0.27, -0.09, 0.03]])
  want = 1 / (1 + np.exp(-params @ (axes / 0.461952).T))
  np.testing.assert_allclose(p.images(jnp.float32(params)), want, atol=1e-6)


@pytest.mark.parametrize('kind', ['pixels', 'fourier'])
@pytest.mark.parametrize('shape', [(2, 7, 9, 3), (1, 8, 6, 1)])
@pytest.mark.parametrize(
  'name', [None, 'decorrelated', 'sigmoid', 'clip', 'clamp']
)
def test_from_images(kind, shape, name):
  images = jax.random.uniform(
    jax.random.key(1), shape, minval=0.01, maxval=0.99
  )
  p = parameterizations.from_images(images, kind, color=name)
  got = p.images(p.init(jax.random.key(0)))
  np.testing.assert_allclose(got, images, atol=1e-4)
