"""The gradient of ReLUs that wake dead images."""

import jax
import jax.numpy as jnp
import numpy as np

from fviz.compiler import redirected_relu


def _pull(x, g, redirect):
  """The gradient of a loss before the ReLU, from that after it."""
  _, pull = jax.vjp(lambda x: redirected_relu.relu(x, redirect), x)
  return pull(g)[0]


def test_redirected_relu_wakes_dead_images_only():
  x = jnp.array([[-1.0, -2.0], [1.0, -2.0]])
  g = jnp.array([[-0.5, 0.5], [-0.5, -0.5]])  # Of a loss: negative raises x.
  pull = lambda flag: _pull(x, g, jnp.bool_(flag))
  assert pull(True).tolist() == [[-0.5, 0.0], [-0.5, 0.0]]
  assert pull(False).tolist() == [[0.0, 0.0], [-0.5, 0.0]]


def test_jobs_are_redirected_each_by_their_own(monkeypatch):
  rng = np.random.default_rng(0)
  x, g = rng.normal(size=(2, 4, 2, 5, 3, 2)).astype(np.float32)
  g[0] = np.where(x[0] > 0, 0, g[0])  # Dead, redirected.
  g[1] = np.where(x[1] > 0, 0, g[1])  # Dead, not redirected.
  g[2, :, 2] = 0  # Alive, but not in the middle row.
  flags = np.array([True, False, True, True])
  expected = np.where(x > 0, g, 0)
  expected[0] = np.minimum(g[0], 0)
  for backend in ('cpu', 'gpu'):
    monkeypatch.setattr(jax, 'default_backend', lambda name=backend: name)
    found = jax.jit(jax.vmap(lambda *args: _pull(*args)))(x, g, flags)
    np.testing.assert_array_equal(found, expected)
