"""Objectives that relate the images of one job: n > 1."""

import jax.numpy as jnp
from jax.typing import ArrayLike

from fviz.objectives.binding import of_layer
from fviz.types import Kind, Leaf, Objective


def diversity(layer: str) -> Objective:
  """Likeness of the images' styles, >= 0: subtract it (Olah et al. 2017).

  sum over i != j of <G_i, G_j> / n, G the Gram matrix of channels over
  positions, divided by its norm; 0 for one image. Lucid's example is
  `channel - 1e2 * diversity('mixed5a')` of four images.

  >>> a = {'mixed': jnp.ones([2, 2, 2, 3])}
  >>> print(diversity('mixed')(a, None).round(3))
  1.0
  """
  return of_layer(_diversity, layer)


def interpolation(
  first: str, index: ArrayLike, second: str, other: ArrayLike
) -> Objective:
  """From one channel to another along the images (lucid).

  sum_i (1 - w_i) mean a_i + w_i mean b_i, w_i = i / (n - 1), with a the channel
  `index` of layer `first` and b channel `other` of layer `second`.

  >>> a = {'mixed': jnp.ones([3, 2, 2, 2])}
  >>> print(interpolation('mixed', 0, 'mixed', 1)(a, None))
  3.0
  """
  down = of_layer(_down, first, Leaf(index, Kind.INDEX))
  return down + of_layer(_up, second, Leaf(other, Kind.INDEX))


def alignment(layer: str, decay: ArrayLike = 2.0) -> Objective:
  """Likeness of neighbouring images, <= 0: add it (lucid).

  -sum over d = 1..4, i of mean (a_i - a_{i+d})^2 / decay^d.

  >>> a = {'mixed': jnp.arange(2.).reshape(2, 1, 1, 1)}
  >>> print(alignment('mixed')(a, None))
  -0.5
  """
  return of_layer(_alignment, layer, Leaf(decay))


def gram(a):
  """[n, ..., channels] -> [n, channels, channels], the mean over positions."""
  a = a.reshape(len(a), -1, a.shape[-1])
  products = jnp.einsum('npi,npj->nij', a, a, precision='highest')
  return products / a.shape[1]


def _diversity(a):
  # Of unit size first: the squares of squares overflow or vanish otherwise.
  size = jnp.sqrt(
    jnp.mean(a**2, tuple(range(1, a.ndim)), keepdims=True) + 1e-12
  )
  grams = gram(a / size).reshape(len(a), -1)
  norm = jnp.sqrt(jnp.sum(grams**2, -1, keepdims=True) + 1e-12)
  grams = grams / norm
  total = jnp.sum(jnp.sum(grams, 0) ** 2) - jnp.sum(grams**2)
  return total / len(a)


def _means(a, index):
  own = jnp.arange(a.shape[-1]) == index
  return jnp.mean(jnp.sum(jnp.where(own, a, 0), -1).reshape(len(a), -1), 1)


def _up(a, index):
  weights = jnp.arange(len(a)) / max(len(a) - 1, 1)
  return jnp.sum(weights * _means(a, index))


def _down(a, index):
  weights = 1 - jnp.arange(len(a)) / max(len(a) - 1, 1)
  return jnp.sum(weights * _means(a, index))


def _alignment(a, decay):
  total = jnp.float32(0)
  for d in range(1, min(5, len(a))):
    each = jnp.mean((a[d:] - a[:-d]) ** 2, tuple(range(1, a.ndim)))
    total = total - jnp.sum(each) / decay**d
  return total
