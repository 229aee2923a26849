"""Colour maps: numbers, inverses, gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fviz import color
from fviz.media import png


@pytest.mark.parametrize('name', color.CONFIG_NAMES)
@pytest.mark.parametrize('channels', [1, 3, 5])
def test_conformance(name, channels, tmp_path, quick_compile):
  arguments = ()
  if name == 'learned':
    noise = np.random.default_rng(0).random([16, 16, 3])
    png.save(tmp_path / 'noise.png', noise)
    arguments = (str(tmp_path),)
  c = getattr(color, name)(*arguments)
  rgb = jax.random.uniform(
    jax.random.key(0), (2, 3, channels), minval=0.01, maxval=0.99
  )
  t = c.from_rgb(rgb)
  np.testing.assert_allclose(c.to_rgb(t), rgb, atol=1e-5)
  np.testing.assert_allclose(jax.jit(c.to_rgb)(t), c.to_rgb(t), atol=1e-6)
  many = jax.jit(jax.vmap(c.to_rgb))(t)
  np.testing.assert_allclose(many, c.to_rgb(t), atol=1e-6)
  slope = jax.jit(jax.grad(lambda t: c.to_rgb(t).sum()))
  for point in (t, jnp.zeros_like(t), 100 * t):
    out, grad = c.to_rgb(point), slope(point)
    assert jnp.isfinite(grad).all() and (out >= 0).all() and (out <= 1).all()
  assert jnp.isfinite(c.from_rgb(jnp.array([[0.0, 0, 0], [1, 1, 1]]))).all()


def test_decorrelated_numbers():
  want = [
    [0.56282858, 0.58447583, 0.58447583],
    [0.19482528, 0, -0.19482528],
    [0.04329451, -0.10823626, 0.06494176],
  ]
  rgb = color.decorrelated().to_rgb(jnp.eye(3))
  np.testing.assert_allclose(rgb, 1 / (1 + np.exp(-np.array(want))), atol=1e-6)


def test_clip_lets_descent_back_in():
  t = jnp.array([1.0, 1.0, -1.0, -1.0, 0.0])
  slope = jnp.array([1.0, -1.0, 1.0, -1.0, 1.0])
  grad = jax.grad(lambda t: jnp.sum(slope * color.clip().to_rgb(t)))(t)
  np.testing.assert_array_equal(grad, [1, 0, 0, -1, 1])
