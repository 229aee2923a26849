"""Interpolation along lines, against its matrix in float64."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fviz import transforms
from fviz.resampling import interpolation, sampling
from fviz.resampling.interpolation import Source


def _matrix(start, step, low, high, out, size):
  """[out, size] as the definition has it, in float64."""
  matrix = np.zeros([out, size])
  for i in range(out):
    place = start + step * i
    for pixel in range(max(low, 0), min(high, size)):
      matrix[i, pixel] = max(0.0, 1 - abs(place - pixel))
  return matrix


# start, step, low, high, outputs, pixels, zoom.
LINES = {
  'crop': (3, 1, 0, 12, 7, 12, 0),
  'pad': (-4, 1, 0, 9, 16, 9, 0),
  'far outside': (40, 1, 0, 9, 5, 9, 0),
  'zoom in': (2.3, 0.71, 0, 13, 11, 13, 1.5),
  'zoom out': (-3.6, 1.4, 0, 13, 14, 13, 0.8),
  'zoom by 5': (4.1, 0.2, 0, 8, 20, 8, 5.0),
  'some count': (-1.5, 0.9, 2, 7, 12, 9, 1.2),
  'turned': (0.25, 1, 0, 10, 10, 10, 1.0),
}


@pytest.mark.parametrize('axis', [2, 3])
@pytest.mark.parametrize('name', LINES)
def test_equals_its_matrix_and_its_transpose(name, axis):
  start, step, low, high, out, size, zoom = LINES[name]
  matrix = _matrix(start, step, low, high, out, size)
  rng = np.random.default_rng(0)
  shape = {2: (2, 3, size, 5), 3: (2, 3, 4, size)}[axis]
  x = rng.normal(size=shape)
  letters = {2: 'oi,ncil->ncol', 3: 'oi,ncli->nclo'}[axis]
  expected = np.einsum(letters, matrix, x)
  numbers = jnp.array([start, step, low, high], jnp.float32)
  source = Source(*numbers.reshape(4, 1, 1, 1))
  go = lambda x: interpolation.along(x, source, axis, out, zoom)
  y, pull = jax.vjp(jax.jit(go), jnp.float32(x))
  np.testing.assert_allclose(y, expected, atol=2e-5)
  g = rng.normal(size=expected.shape)
  letters = {2: 'oi,ncol->ncil', 3: 'oi,nclo->ncli'}[axis]
  expected = np.einsum(letters, matrix, g)
  np.testing.assert_allclose(pull(jnp.float32(g))[0], expected, atol=5e-5)


@pytest.mark.parametrize('axis', [2, 3])
def test_each_line_has_its_own_place(axis):
  x = np.random.default_rng(1).normal(size=(2, 3, 6, 6))
  starts = np.random.default_rng(2).uniform(-3, 3, (2, 6))
  ones = jnp.ones([1, 1, 1])
  source = Source(jnp.float32(starts)[..., None], ones, 0 * ones, 6 * ones)
  y = np.asarray(interpolation.along(jnp.float32(x), source, axis, 6, 1.0))
  for n in range(2):
    for line in range(6):
      matrix = _matrix(starts[n, line], 1, 0, 6, 6, 6)
      at = (n, slice(None), slice(None), line)
      at = at if axis == 2 else (n, slice(None), line)
      np.testing.assert_allclose(y[at], x[at] @ matrix.T, atol=1e-5)


CHAINS = {
  'jitter': transforms.jitter(3),
  'zoom': transforms.scale(0.8, 1.3),
  'turn': transforms.rotate(-20, 20),
  'lucid': transforms.compose(
    transforms.pad(3),
    transforms.jitter(2),
    transforms.zooms(0.9, 1.1),
    transforms.angles(-5, 5),
    transforms.jitter(1),
  ),
}


@pytest.mark.parametrize('name', CHAINS)
def test_every_backend_does_the_same(name, monkeypatch):
  x = jax.random.uniform(jax.random.key(0), (2, 12, 13, 3))

  def both(x):
    keys = jax.random.split(jax.random.key(1), 2)
    see = lambda x: jax.vmap(lambda k, x: CHAINS[name](k, x[None]))(keys, x)
    y, pull = jax.vjp(see, x)
    return y, pull(jnp.cos(9 * y))[0]

  found = [jax.jit(both)(x)]
  for backend in ('gpu', 'tpu'):
    monkeypatch.setattr(jax, 'default_backend', lambda name=backend: name)
    assert interpolation.looked_up() is (backend == 'gpu')
    found.append(jax.jit(lambda x: both(x))(x))
  for other in found[1:]:
    for a, b in zip(found[0], other, strict=True):
      np.testing.assert_allclose(a, b, atol=3e-5)


def test_unknown_zooms_are_products():
  x = jax.random.uniform(jax.random.key(0), (1, 8, 8, 3))
  one = lambda high: transforms.scale(0.9, high)(jax.random.key(1), x)
  np.testing.assert_allclose(jax.jit(one)(1.2), one(1.2), atol=1e-5)


def test_a_turn_reads_as_planes_and_back():
  x = jax.random.uniform(jax.random.key(0), (1, 5, 7, 3))
  np.testing.assert_allclose(
    sampling.from_planes(sampling.planes(x)), x, atol=1e-6
  )
