"""Projections against NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fviz import projections
from fviz.errors import FvizError

MADE = {
  'decay': projections.decay(0.3),
  'blur_every': projections.blur_every(1.0, 2),
  'small_values': projections.small_values(30),
  'small_norm': projections.small_norm(50),
  'small_contribution': projections.small_contribution(60),
  'box': projections.box(-0.2, 0.3),
  'sphere': projections.sphere(0.25),
}
X = jax.random.normal(jax.random.key(0), (2, 5, 7, 3))
G = jax.random.normal(jax.random.key(1), (2, 5, 7, 3))


def _after(name, x, g, updates=None):
  t = MADE[name]
  updates = jnp.zeros_like(x) if updates is None else updates
  updates, _ = t.update(updates, t.init(x), x, grad=g)
  return x + updates


def _dropped(x, size, percentile):
  out = np.array(x, np.float64)
  for image, s in zip(out, size, strict=True):
    image[s < np.percentile(s, percentile)] = 0
  return out


def test_all_are_here():
  assert set(MADE) == set(projections.CONFIG_NAMES)


@pytest.mark.parametrize('name', MADE)
def test_conformance(name):
  out = _after(name, X, G)
  np.testing.assert_allclose(
    jax.jit(lambda x, g: _after(name, x, g))(X, G), out, atol=1e-6
  )
  many = jax.vmap(lambda x, g: _after(name, x, g))(
    jnp.stack([X, 2 * X]), jnp.stack([G, G])
  )
  np.testing.assert_allclose(many[1], _after(name, 2 * X, G), atol=1e-5)
  # No image depends on the others, and the update comes first.
  np.testing.assert_allclose(_after(name, X[:1], G[:1]), out[:1], atol=1e-6)
  np.testing.assert_allclose(
    _after(name, X - G, G, G), _after(name, X, G), atol=1e-5
  )


def test_formulas():
  x, g = np.asarray(X, np.float64), np.asarray(G, np.float64)
  norm = np.linalg.norm(x, axis=-1)
  use = np.abs((x * g).sum(-1))
  rms = np.sqrt((x**2).mean((1, 2, 3), keepdims=True))
  want = {
    'decay': 0.7 * x,
    'small_values': _dropped(x, np.abs(x), 30),
    'small_norm': _dropped(x, norm, 50),
    'small_contribution': _dropped(x, use, 60),
    'box': np.clip(x, -0.2, 0.3),
    'sphere': 0.25 * x / rms,
  }
  for name, value in want.items():
    np.testing.assert_allclose(_after(name, X, G), value, atol=1e-5)


def test_blur_comes_every_other_step():
  t = MADE['blur_every']
  x, state = X, t.init(X)
  seen = []
  for _ in range(3):
    u, state = t.update(jnp.zeros_like(x), state, x)
    seen.append(float(jnp.abs(u).max()))
    x = x + u
  assert seen[0] > 0.1 and seen[1] == 0 and seen[2] > 0.01


def test_percentiles_may_be_traced():
  def run(percentile):
    t = projections.small_norm(percentile)
    return t.update(jnp.zeros_like(X), t.init(X), X)[0]

  many = jax.vmap(run)(jnp.array([0.0, 50.0, 100.0]))
  np.testing.assert_array_equal(many[0], 0)
  np.testing.assert_allclose(X + many[1], _after('small_norm', X, G), atol=1e-6)


@pytest.mark.parametrize(
  'make',
  [
    lambda: projections.decay(-0.1),
    lambda: projections.decay(1.1),
    lambda: projections.small_norm(101),
    lambda: projections.box(1.0, 0.0),
    lambda: projections.blur_every(-1.0),
  ],
)
def test_nonsense_is_refused(make):
  with pytest.raises(FvizError):
    make()


def test_pixels_only():
  t = projections.small_norm(50)
  with pytest.raises(FvizError, match='parameterization pixels'):
    t.update(jnp.zeros([1, 2, 3]), t.init(None), jnp.zeros([1, 2, 3]))


def test_a_sphere_keeps_the_norm_of_every_image():
  t = projections.sphere(0.2)
  x = jnp.stack([jnp.ones([4, 4, 3]), 5 * jnp.ones([4, 4, 3])])
  u, _ = t.update(0 * x, t.init(x), x)
  np.testing.assert_allclose(x + u, 0.2, rtol=1e-5)
