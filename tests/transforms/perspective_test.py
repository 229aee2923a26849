"""A homography of a function that is known everywhere."""

import jax
import jax.numpy as jnp
import numpy as np
import patterns

from fviz import transforms


def test_homography_of_a_smooth_function():
  h, w = 40, 44
  y, x = np.mgrid[:h, :w].astype(float)
  image = jnp.float32(patterns.smooth(h, w, y, x))[None, ..., None]
  key = jax.random.key(4)
  out = transforms.homography(0.1)(key, image)[0, ..., 0]
  delta = np.array(
    jax.random.uniform(key, (1, 8), minval=-0.1, maxval=0.1), np.float64
  )
  m = np.append(delta, 0).reshape(3, 3) + np.eye(3)
  u, v = 2 * x / (w - 1) - 1, 2 * y / (h - 1) - 1
  s = np.einsum('ij,jhw->ihw', m, np.stack([u, v, np.ones_like(u)]))
  sx, sy = (s[0] / s[2] + 1) * (w - 1) / 2, (s[1] / s[2] + 1) * (h - 1) / 2
  inside = (sy > 1) & (sy < h - 2) & (sx > 1) & (sx < w - 2)
  inside[:4] = inside[-4:] = inside[:, :4] = inside[:, -4:] = False
  error = np.abs(np.asarray(out) - patterns.smooth(h, w, sy, sx))
  assert error[inside].max() < 0.01
