"""Penalties on the images alone, as objectives to be subtracted.

All are positive, and means over images, positions and channels. Published
weights are for sums and hold after multiplying by h * w * c.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from fviz.errors import FvizError
from fviz.types import Objective

__all__ = ['total_variation', 'l1', 'l2', 'alpha_norm']


def total_variation(beta: ArrayLike | None = None) -> Objective:
  """Differences of neighbours a pixel and channel, >= 0.

  Args:
    beta: None for the anisotropic |dx| + |dy| of lucid; a number for
      (dx^2 + dy^2)^(beta / 2) of Mahendran and Vedaldi 2015, eq. 4, with the
      border repeated; 2 is theirs, 1 gives isolated spikes.

  >>> x = jnp.array([0., 2.]).reshape(1, 1, 2, 1)
  >>> print(total_variation()({}, x), total_variation(2)({}, x).round(3))
  1.0 2.0
  """
  if beta is None:
    return Objective(_total_variation, ())
  if not isinstance(beta, jax.core.Tracer) and np.any(np.asarray(beta) <= 0):
    raise FvizError(f'beta must be positive, not {beta}; 2 is usual.')
  return Objective(_isotropic_variation, (), (beta,), ('number',))


def l1(center: ArrayLike = 0.5) -> Objective:
  """The mean |x - center| (lucid's L1), >= 0.

  >>> print(l1()({}, jnp.zeros([1, 2, 2, 3])))
  0.5
  """
  return Objective(_l1, (), (center,), ('number',))


def l2(center: ArrayLike = 0.5) -> Objective:
  """sqrt(1e-6 + mean (x - center)^2) of each image, then the mean of those.

  Lucid takes one root over the batch, which couples the images.

  >>> print(f"{l2(0.0)({}, jnp.zeros([1, 2, 2, 3])):.4f}")
  0.0010
  """
  return Objective(_l2, (), (center,), ('number',))


def alpha_norm(alpha: ArrayLike = 6.0) -> Objective:
  """The mean |x - .5|^alpha (Mahendran and Vedaldi 2015), >= 0.

  >>> print(alpha_norm(2)({}, jnp.zeros([1, 2, 2, 3])))
  0.25
  """
  if not isinstance(alpha, jax.core.Tracer) and np.any(np.asarray(alpha) < 1):
    raise FvizError(
      f'alpha must be 1 or more, not {alpha}: else the gradient '
      'is infinite at grey.'
    )
  return Objective(_alpha_norm, (), (alpha,), ('number',))


def _total_variation(activations, images):
  # Sums over all pixels, not means of differences: a 1 pixel wide image has
  # no differences, and the mean of nothing is NaN.
  dy = jnp.abs(images[:, 1:] - images[:, :-1])
  dx = jnp.abs(images[:, :, 1:] - images[:, :, :-1])
  return (jnp.sum(dy) + jnp.sum(dx)) / images.size


def _isotropic_variation(activations, images, beta):
  # Zeros behind the last row and column: the border repeated.
  dy = jnp.diff(images, axis=1, append=images[:, -1:])
  dx = jnp.diff(images, axis=2, append=images[:, :, -1:])
  # The paper's library floors at 1e-5 where the power would be infinite.
  return jnp.mean((dx**2 + dy**2 + 1e-10) ** (beta / 2))


def _l1(activations, images, center):
  return jnp.mean(jnp.abs(images - center))


def _l2(activations, images, center):
  square = jnp.mean((images - center) ** 2, axis=(1, 2, 3))
  return jnp.mean(jnp.sqrt(1e-6 + square))


def _alpha_norm(activations, images, alpha):
  return jnp.mean(jnp.abs(images - 0.5) ** alpha)
