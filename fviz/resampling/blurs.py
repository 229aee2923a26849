"""Blurs along rows and columns; they differ in what happens at the edges."""

import functools
import math
from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from fviz.types import Array


def gaussian(images: Array, sigma: ArrayLike) -> Array:
  """A Gaussian blur of [n, h, w, c]; at an edge, the mean of what is inside.

  >>> print(gaussian(jnp.ones([1, 4, 5, 3]), 1.0).mean().round(3))
  1.0
  """
  h, w = (_matrix(size, sigma) for size in images.shape[1:3])
  images = jnp.einsum('oi,niwc->nowc', h, images, precision='highest')
  return jnp.einsum('oi,nhic->nhoc', w, images, precision='highest')


@functools.partial(jax.jit, static_argnums=1)
def repeated_gaussian(images: Array, sigma: float) -> Array:
  """A Gaussian blur up to 3 sigma of [n, h, w, c]; edges are repeated.

  >>> print(repeated_gaussian(jnp.ones([1, 4, 5, 3]), 1.0).mean().round(3))
  1.0
  """
  if sigma == 0:
    return images
  reach = math.ceil(3 * sigma)
  taps = [math.exp(-((k / sigma) ** 2) / 2) for k in range(-reach, reach + 1)]
  return convolved(images, taps, 'edge')


def convolved(images: Array, taps: Sequence[ArrayLike], mode: str) -> Array:
  """Weighted means of neighbours along rows and columns of [n, h, w, c].

  There is an odd number of taps, which are divided by their sum; `mode` says
  what lies outside, as in jnp.pad. The cost is linear in the pixels.

  >>> convolved(jnp.ones([1, 2, 2, 1]), [1.0, 2.0, 1.0], 'edge').shape
  (1, 2, 2, 1)
  """
  total = sum(taps)
  for axis in (1, 2):
    images = neighbours(images, [tap / total for tap in taps], axis, mode)
  return images


def neighbours(
  x: Array, weights: Sequence[ArrayLike], axis: int, mode: str = 'constant'
) -> Array:
  """The sum of so many neighbours along an axis, times their weights."""
  pads, reach, size = [(0, 0)] * x.ndim, len(weights) // 2, x.shape[axis]
  pads[axis] = (reach, reach)
  x = jnp.pad(x, pads, mode=mode)
  copies = (
    weight * jax.lax.slice_in_dim(x, k, k + size, axis=axis)
    for k, weight in enumerate(weights)
  )
  return jnp.asarray(sum(copies))


def _matrix(size: int, sigma: ArrayLike) -> Array:
  """[size, size], the weight of each old place in each new one."""
  i = jnp.arange(size, dtype=jnp.float32)
  # The floor makes a blur of sigma 0, which may be traced, the identity.
  distance = (i[:, None] - i) / jnp.maximum(sigma, 1e-6)
  weights = jnp.exp(-(distance**2) / 2)
  return weights / weights.sum(1, keepdims=True)
