"""Parameterizations: shapes, scaling, and starting from images."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fviz import parameterizations
from fviz.errors import FvizError

COLORS = [None, 'decorrelated', 'sigmoid', 'clip', 'clamp']
CASES = [((8, 8), 3, 1), ((7, 9), 1, 2), ((6, 5), 5, 1), ((1, 4), 3, 1)]


@pytest.mark.parametrize('name', parameterizations.__all__)
@pytest.mark.parametrize('size, channels, n', CASES)
def test_conformance(name, size, channels, n):
  p = getattr(parameterizations, name)(size, channels, n)
  keys = jax.random.split(jax.random.key(0), 2)
  params = p.init(keys[0])
  assert all(x.dtype == jnp.float32 for x in jax.tree.leaves(params))
  if name != 'shared':  # Leaves of fewer images than there are.
    assert all(len(x) == n for x in jax.tree.leaves(params))
  jax.tree.map(np.testing.assert_array_equal, params, p.init(keys[0]))
  images = p.images(params)
  assert images.shape == (n, *size, channels)
  assert (images >= 0).all() and (images <= 1).all()
  compiled = jax.jit(p.images)
  np.testing.assert_allclose(compiled(params), images, atol=1e-6)
  many = jax.jit(jax.vmap(lambda key: p.images(p.init(key))))(keys)
  np.testing.assert_allclose(many[1], compiled(p.init(keys[1])), atol=1e-6)
  grad = jax.jit(jax.grad(lambda x: jnp.sum(p.images(x) ** 2)))(params)
  grads = jax.tree.leaves(grad)
  assert all(jnp.isfinite(g).all() for g in grads)
  assert max(jnp.abs(g).max() for g in grads) > 0


@pytest.mark.parametrize('h, w, decay', [(8, 8, 1.0), (7, 9, 1.5), (6, 11, 0)])
def test_fourier_is_lucids(h, w, decay):
  p = parameterizations.fourier((h, w), 1, decay=decay, color='clip')
  z = np.asarray(p.init(jax.random.key(0)), np.float64)[0, :, 0]
  f = np.sqrt(
    np.fft.fftfreq(h)[:, None] ** 2 + np.fft.fftfreq(w)[: w // 2 + 1] ** 2
  )
  s = np.sqrt(w * h) / np.maximum(f, 1 / max(w, h)) ** decay
  t = np.fft.irfft2(s * (z[0] + 1j * z[1]), s=(h, w)) / 4
  got = p.images(p.init(jax.random.key(0)))[0, ..., 0]
  np.testing.assert_allclose(got, np.clip(t + 0.5, 0, 1), atol=1e-5)


def test_initial_deviation_at_64():
  p = parameterizations.fourier(64, 3, 4, color='clip')
  sd = jnp.std(p.images(p.init(jax.random.key(0))))
  np.testing.assert_allclose(sd, 0.0170, rtol=0.15)


@pytest.mark.parametrize('kind', ['pixels', 'fourier'])
@pytest.mark.parametrize('shape', [(2, 7, 9, 3), (1, 8, 6, 1)])
@pytest.mark.parametrize(
  'name', [None, 'decorrelated', 'sigmoid', 'clip', 'clamp']
)
def test_from_images(kind, shape, name):
  images = jax.random.uniform(
    jax.random.key(1), shape, minval=0.01, maxval=0.99
  )
  p = parameterizations.from_images(images, kind, color=name)
  got = p.images(p.init(jax.random.key(0)))
  np.testing.assert_allclose(got, images, atol=1e-4)


@pytest.mark.parametrize(
  'args', [(0,), ((4, -1),), (4, 0), (4, 3, 0), (4, 3, 1, 1.0), (4.5,)]
)
def test_nonsense_is_refused(args):
  with pytest.raises(FvizError):
    if len(args) == 4:
      parameterizations.fourier(4, sd=-1)
    parameterizations.fourier(*args)


def test_unknown_names():
  with pytest.raises(FvizError, match='decorrelated'):
    parameterizations.pixels(4, color='decorelated')
  with pytest.raises(FvizError, match='fourier'):
    parameterizations.from_images(jnp.zeros([1, 2, 2, 3]), 'furier')
