"""A Gaussian blur as two products with small matrices."""

from __future__ import annotations

import jax.numpy as jnp

from fviz.types import Array


def gaussian_blur(images: Array, sigma: float) -> Array:
  """[n, h, w, c] blurred; at the edges, the mean of what is inside."""
  h, w = (_gaussian(size, sigma) for size in images.shape[1:3])
  images = jnp.einsum('oi,niwc->nowc', h, images, precision='highest')
  return jnp.einsum('oi,nhic->nhoc', w, images, precision='highest')


def _gaussian(size: int, sigma: float) -> Array:
  i = jnp.arange(size, dtype=jnp.float32)
  # The floor makes a blur of sigma 0, which may be traced, the identity.
  distance = (i[:, None] - i) / jnp.maximum(sigma, 1e-6)
  weights = jnp.exp(-(distance**2) / 2)
  return weights / weights.sum(1, keepdims=True)
