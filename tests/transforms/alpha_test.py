"""Transparent images over random backgrounds."""

import jax
import jax.numpy as jnp
import numpy as np
import patterns
import pytest

from fviz import transforms
from fviz.errors import FvizError


def test_composite_shows_what_is_opaque():
  x = patterns.noise((3, 8, 9, 4)).at[0, ..., 3].set(1).at[1:, ..., 3].set(0)
  out = transforms.composite()(jax.random.key(0), x)
  np.testing.assert_allclose(out[0], x[0, ..., :3], atol=1e-6)
  assert out.min() >= 0 and out.max() <= 1
  assert jnp.abs(out[1] - out[2]).max() > 0.1  # Backgrounds of their own.
  with pytest.raises(FvizError, match='alpha'):
    transforms.composite()(jax.random.key(0), x[..., :1])
