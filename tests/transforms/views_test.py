"""Random crops that are resized."""

import jax
import jax.numpy as jnp
import numpy as np
import patterns

from fviz import transforms


def test_crops_average_what_they_shrink():
  x = jnp.tile(jnp.arange(16.0)[:, None, None] / 16, (1, 1, 16, 1))
  t = transforms.crops(1, 1.0, 0.0, size=4, center_sd=0.0)
  out = t(jax.random.key(0), x)[0, 1:3, 1, 0]
  np.testing.assert_allclose(out, np.array([5.5, 9.5]) / 16, atol=1e-5)


def test_crops_of_one_image_do_not_depend_on_the_others():
  x, key = patterns.noise((3, 8, 8, 3)), jax.random.key(1)
  for t in (transforms.crops(2), transforms.inner_crops(2)):
    np.testing.assert_allclose(t(key, x)[:2], t(key, x[:1]), atol=1e-6)
