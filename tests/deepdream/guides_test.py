"""Objectives of dreams against NumPy."""

import jax
import jax.numpy as jnp
import numpy as np

from fviz.deepdream import guides

_RNG = np.random.default_rng(0)


def test_normalized_and_guided_against_numpy():
  a = _RNG.standard_normal((2, 3, 4, 5))
  mean, std = _RNG.standard_normal(5), _RNG.random(5)
  value = guides.normalized('a', mean, std)({'a': jnp.float32(a)}, None)
  z = np.maximum((a - mean) / (std + 0.02), 0) ** 2
  np.testing.assert_allclose(value, z.mean(), rtol=1e-5)

  y = _RNG.standard_normal((2, 2, 5)).astype(np.float32)
  objective = guides.guided('a', y)
  function = lambda a: objective({'a': a}, None)
  value, gradient = jax.value_and_grad(function)(jnp.float32(a))
  products = a.reshape(-1, 5) @ y.reshape(-1, 5).T
  np.testing.assert_allclose(value, products.max(1).mean(), rtol=1e-5)
  best = y.reshape(-1, 5)[products.argmax(1)] / len(products)
  np.testing.assert_allclose(gradient.reshape(-1, 5), best, rtol=1e-5)
