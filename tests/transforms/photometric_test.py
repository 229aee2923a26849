"""Blur and noise against NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import patterns

from fviz import transforms


def test_blur_is_a_gaussian_of_what_is_inside():
  x = np.asarray(patterns.noise((2, 9, 12, 3)), np.float64)
  want = np.zeros_like(x)
  y, z = np.mgrid[:9, :12]
  for i, j in np.ndindex(9, 12):
    weights = np.exp(-((y - i) ** 2 + (z - j) ** 2) / 2 / 1.3**2)
    weights /= weights.sum()
    want[:, i, j] = (x * weights[..., None]).sum((1, 2))
  out = transforms.blur(1.3)(jax.random.key(0), jnp.float32(x))
  np.testing.assert_allclose(out, want, atol=1e-5)


def test_noises_have_their_size():
  x, key = jnp.full([2, 40, 40, 3], 0.5), jax.random.key(0)
  normal = np.asarray(transforms.noise(0.2)(key, x)) - 0.5
  assert abs(normal.std() - 0.2) < 5e-3 and abs(normal.mean()) < 5e-3
  assert np.abs(normal).max() > 0.5  # Tails.
  uniform = np.asarray(transforms.uniform_noise(0.2)(key, x)) - 0.5
  assert 0.19 < np.abs(uniform).max() <= 0.2
  assert abs(uniform.std() - 0.2 / np.sqrt(3)) < 5e-3
