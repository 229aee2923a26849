"""Saliency of a network whose gradient is known."""

import jax
import jax.numpy as jnp
import linear
import numpy as np
import pytest

from fviz import objectives, saliency
from fviz.errors import FvizError


def test_saliency():
  images = linear.RANDOM.uniform(size=[2, linear.H, linear.W, linear.C])
  logit = objectives.logit(2)
  g = linear.logit_gradient(images, 2)
  got = saliency.gradient(linear.NETWORK, logit, images)
  np.testing.assert_allclose(got, np.abs(g).max(-1), rtol=1e-4)
  parts = saliency.integrated_gradients(linear.NETWORK, logit, images, steps=4)
  # Exact for a square, whose gradient is linear.
  change = (
    linear.code(images)[:, 2] ** 2 - linear.code(0 * images)[:, 2] ** 2
  ) / 2
  np.testing.assert_allclose(parts.sum((1, 2, 3)), change, rtol=1e-3)
  smooth = saliency.smoothgrad(linear.NETWORK, logit, images, samples=3, sd=0.0)
  np.testing.assert_allclose(smooth, got, rtol=1e-4)
  noisy = saliency.smoothgrad(linear.NETWORK, logit, images, samples=4, sd=0.2)
  alone = saliency.smoothgrad(
    linear.NETWORK, logit, images[:1], samples=4, sd=0.2
  )
  np.testing.assert_allclose(noisy[:1], alone, rtol=1e-4)
  assert jnp.abs(noisy - got).max() > 1e-3
  with pytest.raises(FvizError, match='n, h, w, 3'):
    saliency.gradient(linear.NETWORK, logit, images[0])


def test_smoothgrad_is_the_mean_over_noise():
  """Noise of its own for each image, its deviation a share of the range."""
  images = linear.RANDOM.uniform(size=[2, *linear.SIZE])
  got = saliency.smoothgrad(
    linear.NETWORK, objectives.logit(2), images, samples=3, sd=0.2, seed=5
  )
  for i, image in enumerate(images):
    key, total = jax.random.fold_in(jax.random.key(5), i), 0
    for sample in range(3):
      noise = jax.random.normal(jax.random.fold_in(key, sample), linear.SIZE)
      noisy = image + 0.2 * np.ptp(image) * np.float64(noise)
      g = linear.logit_gradient(noisy[None], 2)[0]
      total = total + np.abs(g).max(-1)
    np.testing.assert_allclose(got[i], total / 3, rtol=1e-4)
