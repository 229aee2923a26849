"""Images for tests: noise, and a function that is known everywhere."""

import jax
import numpy as np


def noise(shape):
  """Images of a shape in [0, 1], the same each time."""
  return jax.random.uniform(jax.random.key(7), shape)


def smooth(h, w, y, x):
  """A smooth function of places in an image of h x w pixels, in [.1, .9]."""
  y, x = (y - (h - 1) / 2) / h, (x - (w - 1) / 2) / w
  return 0.5 + 0.4 * np.sin(5 * x + 1) * np.cos(4 * y) * np.exp(-4 * x * x)
