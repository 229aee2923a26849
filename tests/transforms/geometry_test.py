"""Zooms and rotations of functions that are known everywhere."""

import jax
import jax.numpy as jnp
import numpy as np
import patterns
import pytest

from fviz import transforms


@pytest.mark.parametrize('degrees', [-30.0, 10.0, 45.0])
def test_rotate_against_a_function(degrees):
  h, w = 41, 50
  y, x = np.mgrid[:h, :w].astype(float)
  a = np.deg2rad(degrees)
  dy, dx = y - (h - 1) / 2, x - (w - 1) / 2
  # Counterclockwise as seen, with y downwards.
  sy = np.cos(a) * dy + np.sin(a) * dx + (h - 1) / 2
  sx = -np.sin(a) * dy + np.cos(a) * dx + (w - 1) / 2
  image = jnp.asarray(patterns.smooth(h, w, y, x), jnp.float32)[None, ..., None]
  out = transforms.rotate(degrees, degrees)(jax.random.key(0), image)
  inside = (sy > 2) & (sy < h - 3) & (sx > 2) & (sx < w - 3)
  error = np.abs(np.asarray(out[0, ..., 0]) - patterns.smooth(h, w, sy, sx))
  assert error[inside].max() < 0.01


def test_rotate_against_scipy():
  ndimage = pytest.importorskip('scipy.ndimage')
  y, x = np.mgrid[:40, :40].astype(float)
  image = patterns.smooth(40, 40, y, x)
  want = ndimage.rotate(image, 15, reshape=False, order=3, cval=0.5)
  rotated = transforms.rotate(15, 15)
  out = rotated(jax.random.key(0), jnp.float32(image)[None, ..., None])
  error = np.abs(np.asarray(out[0, ..., 0]) - want)
  assert error[10:-10, 10:-10].max() < 0.01


def test_the_gradient_of_rotate_is_its_adjoint():
  x, y = patterns.noise((2, 9, 11, 3)), patterns.noise((2, 9, 11, 3)) - 0.5
  t, key = jax.jit(transforms.rotate(-40, 40)), jax.random.key(5)
  zero = t(key, jnp.full_like(x, 0.5)) - 0.5
  np.testing.assert_allclose(zero, 0, atol=1e-6)
  _, pull = jax.vjp(lambda x: t(key, x), x)
  left = jnp.sum((t(key, x) - 0.5) * y)
  right = jnp.sum((x - 0.5) * pull(y)[0])
  np.testing.assert_allclose(left, right, rtol=1e-4, atol=1e-4)


def test_scale_zooms_in():
  x = jnp.tile(jnp.arange(9.0)[:, None, None] / 9, (1, 1, 9, 1))
  out = transforms.scale(2, 2)(jax.random.key(0), x)[0, :, 4, 0]
  np.testing.assert_allclose(out, (4 + (np.arange(9) - 4) / 2) / 9, atol=1e-6)
