"""Parameterizations: shapes, scaling, and starting from images."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fviz import parameterizations
from fviz.errors import FvizError

COLORS = [None, 'decorrelated', 'sigmoid', 'clip', 'clamp']
CASES = [((8, 8), 3, 1), ((7, 9), 1, 2), ((6, 5), 5, 1), ((1, 4), 3, 1)]


@pytest.mark.parametrize('name', parameterizations.CONFIG_NAMES)
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


def test_pixels_are_noise_behind_colours():
  p = parameterizations.pixels((40, 50), n=2, sd=0.2)
  params = np.asarray(p.init(jax.random.key(0)), np.float64)
  assert abs(params.std() - 0.2) < 0.01 and abs(params.mean()) < 0.01
  axes = np.array([[0.26, 0.09, 0.02], [0.27, 0, -0.05], [0.27, -0.09, 0.03]])
  want = 1 / (1 + np.exp(-params @ (axes / 0.461952).T))
  np.testing.assert_allclose(p.images(jnp.float32(params)), want, atol=1e-6)


def _stretched(x, size, axis):
  """Bilinear along an axis: centres of pixels, the last one goes on."""
  old = x.shape[axis]
  source = (np.arange(size) + 0.5) * old / size - 0.5
  one = lambda line: np.interp(source, np.arange(old), line)
  return np.apply_along_axis(one, axis, x)


def _stacked(params, shape):
  """The sum of tensors made [n, h, w, c]."""
  total = 0
  for x in params:
    for axis in range(3):
      x = _stretched(x, shape[axis], axis)
    total = total + x
  return total


@pytest.mark.parametrize('size, levels', [((8, 16), 4), ((13, 10), 3)])
def test_a_laplacian_pyramid_is_a_sum_of_sizes(size, levels):
  p = parameterizations.laplacian(size, n=2, levels=levels, color='clip')
  params = p.init(jax.random.key(0))
  shapes = [x.shape for x in params]
  halves = [[-(-side // 2**k) for side in size] for k in range(levels)]
  assert shapes == [(2, *half, 3) for half in halves]
  params = [np.float64(x) for x in params]
  want = np.clip(_stacked(params, (2, *size, 3)) + 0.5, 0, 1)
  got = p.images(tuple(map(jnp.float32, params)))
  np.testing.assert_allclose(got, want, atol=1e-6)


def test_shared_tensors_are_stretched_over_the_images_too():
  tensors = ((1, 2), (2, 4), (3, 8))
  p = parameterizations.shared((16, 12), n=6, tensors=tensors, color='clip')
  own, common = p.init(jax.random.key(0))
  shapes = [x.shape for x in common]
  assert shapes == [(1, 8, 6, 3), (2, 4, 3, 3), (3, 2, 2, 3)]
  z = np.float64(own)
  f = np.hypot(np.fft.fftfreq(16)[:, None], np.fft.rfftfreq(12))
  s = np.sqrt(12 * 16) / np.maximum(f, 1 / 16)
  t = np.fft.irfft2(s * (z[:, 0] + 1j * z[:, 1]), s=(16, 12)) / 4
  t = t.transpose(0, 2, 3, 1)
  t = t + _stacked([np.float64(x) for x in common], (6, 16, 12, 3))
  np.testing.assert_allclose(
    p.images((own, common)), np.clip(t + 0.5, 0, 1), atol=1e-5
  )


def test_the_tensors_of_aligned_interpolation():
  """Six images share (batch, 1 / size) tensors, lucid's."""
  _, common = parameterizations.shared(64).init(jax.random.key(0))
  sizes = ((1, 2), (1, 4), (1, 8), (2, 8), (1, 16), (2, 16))
  want = [(b, 64 // k, 64 // k, 3) for b, k in sizes]
  assert [x.shape for x in common] == want


def test_the_start_of_a_cppn():
  """8 layers of 24, variance 1 / inputs, bias of sd .1, zeros at the end."""
  params = parameterizations.cppn(4, n=40).init(jax.random.key(0))
  *hidden, (weights, bias) = [(np.float64(w), np.float64(b)) for w, b in params]
  assert not weights.any() and not bias.any()
  inputs = [w.shape[1] for w, _ in hidden]
  assert inputs == [2, *[48] * 7] and weights.shape == (40, 48, 3)
  for w, b in hidden:
    assert w.shape[2] == b.shape[1] == 24
    np.testing.assert_allclose(w.std() * np.sqrt(w.shape[1]), 1, rtol=0.1)
    np.testing.assert_allclose(b.std(), 0.1, rtol=0.1)


def test_a_cppn_is_its_formula_at_any_size():
  small = parameterizations.cppn((3, 4), layers=2, width=5)
  params = small.init(jax.random.key(0))
  *rest, (w, b) = params
  w = w + jax.random.normal(jax.random.key(1), w.shape)
  params = (*rest, (w, b))
  for h, wide in ((3, 4), (6, 5)):
    got = parameterizations.cppn((h, wide), layers=2, width=5).images(params)
    r = np.sqrt(3) / (min(h, wide) - 1)
    y, x = np.mgrid[:h, :wide] * 2.0
    a = np.stack([(y - (h - 1)) * r, (x - (wide - 1)) * r], -1)
    for weights, bias in rest:
      a = np.arctan(a @ np.float64(weights[0]) + np.float64(bias[0]))
      a = np.concatenate([a / 0.67, a**2 / 0.6], -1)
    want = 1 / (1 + np.exp(-(a @ np.float64(w[0]) + np.float64(b[0]))))
    np.testing.assert_allclose(got[0], want, atol=1e-5)
  start = small.images(small.init(jax.random.key(2)))
  np.testing.assert_allclose(start, 0.5)  # The last layer is zero.


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
  with pytest.raises(FvizError, match='learned.folder'):
    parameterizations.pixels(4, color='learned')
  with pytest.raises(FvizError, match='fourier'):
    parameterizations.from_images(jnp.zeros([1, 2, 2, 3]), 'furier')
