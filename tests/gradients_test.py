"""Gradient transformations: per image, with a floor."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fviz import gradients
from fviz.errors import FvizError

MADE = {
  'laplacian': gradients.laplacian(2),
  'normalize': gradients.normalize(),
  'blur': gradients.blur(1.0),
  'smooth': gradients.smooth(),
  'three_gaussians': gradients.three_gaussians(),
  'limit': gradients.limit(2.0),
  'clip': gradients.clip(0.5),
}
SIZES = {
  'mean_abs': lambda g: np.abs(g).mean(),
  'rms': lambda g: np.sqrt((g**2).mean()),
  'l2': np.linalg.norm,
  'std': np.std,
}


def _update(t, g):
  return t.update(g, t.init(g))[0]


@pytest.mark.parametrize('name', gradients.CONFIG_NAMES)
@pytest.mark.parametrize('shape', [(2, 7, 9, 3), (3, 4, 4, 1), (2, 5, 3, 5)])
def test_conformance(name, shape):
  t = MADE[name]
  g = jax.random.normal(jax.random.key(0), shape)
  out = _update(t, g)
  assert out.shape == shape
  np.testing.assert_allclose(
    jax.jit(lambda g: _update(t, g))(g), out, atol=1e-5
  )
  many = jax.vmap(lambda g: _update(t, g))(jnp.stack([g, 2 * g]))
  np.testing.assert_allclose(many[1], _update(t, 2 * g), atol=1e-5)
  # No image depends on the others.
  np.testing.assert_allclose(_update(t, g[:1]), out[:1], atol=1e-5)
  np.testing.assert_array_equal(_update(t, 0 * g), 0)


@pytest.mark.parametrize('kind', SIZES)
@pytest.mark.parametrize('factor', [1e-7, 1.0, 1e5])
def test_normalize_gives_size_one(kind, factor):
  g = factor * jax.random.normal(jax.random.key(0), (3, 4, 5))
  for image in np.asarray(_update(gradients.normalize(kind), g)):
    np.testing.assert_allclose(SIZES[kind](image), 1, rtol=1e-4)


def test_clip_keeps_short_gradients_and_joins_leaves():
  g = {'a': jnp.array([[3.0], [0.1]]), 'b': jnp.array([[4.0], [0.1]])}
  out = _update(gradients.clip(1.0), g)
  np.testing.assert_allclose(out['a'], [[0.6], [0.1]], rtol=1e-6)
  np.testing.assert_allclose(out['b'], [[0.8], [0.1]], rtol=1e-6)


def test_errors():
  with pytest.raises(FvizError, match='mean_abs'):
    gradients.normalize('mean')
  with pytest.raises(FvizError):
    gradients.blur(-1)
  with pytest.raises(FvizError):
    gradients.clip(0)
  with pytest.raises(FvizError, match='pixels'):
    _update(gradients.blur(1), jnp.zeros([1, 2, 3, 4, 3]))
  with pytest.raises(FvizError, match='Axis 0'):
    _update(gradients.clip(1), [jnp.zeros([2, 3]), jnp.zeros([1, 3])])
  with pytest.raises(FvizError, match='Axis 0'):
    _update(gradients.clip(1), jnp.zeros([]))


def test_smooth_is_a_sum_of_blurs_over_their_deviations():
  g = np.random.default_rng(0).standard_normal((1, 12, 10, 2))
  expected = g / g.std()
  for sigma in (0.8, 1.6):
    taps = np.exp(-((np.arange(-15, 16) / sigma) ** 2) / 2)
    taps *= np.abs(np.arange(-15, 16)) <= np.ceil(3 * sigma)
    taps /= taps.sum()
    wide = np.pad(g, ((0, 0), (15, 15), (15, 15), (0, 0)), mode='edge')
    for axis in (1, 2):
      wide = np.apply_along_axis(np.convolve, axis, wide, taps, 'valid')
    expected = expected + wide / wide.std()
  out = _update(gradients.smooth(), jnp.asarray(g, jnp.float32))
  np.testing.assert_allclose(out, expected, atol=1e-5)


def test_three_gaussians_follow_their_source():
  t = gradients.three_gaussians(steps=3, start=0.5, rise=2.0)
  g = np.random.default_rng(0).standard_normal((2, 7, 9, 3))
  state = t.init(jnp.float32(g))
  for sigma in (2 / 3 + 0.5, 4 / 3 + 0.5, 2.5, 2.5):  # Then it stays.
    out, state = t.update(jnp.float32(g), state)
    y, x = np.mgrid[-4:5, -4:5]
    wide = np.pad(g, ((0, 0), (4, 4), (4, 4), (0, 0)), mode='reflect')
    blurred = np.zeros_like(g)
    for factor in (0.5, 1.0, 2.0):
      kernel = np.exp(-(y**2 + x**2) / (factor * sigma) ** 2 / 2)
      kernel /= kernel.sum()
      for i, j in np.ndindex(9, 9):
        blurred += kernel[i, j] * wide[:, i : i + 7, j : j + 9] / 3
    for got, image in zip(out, blurred, strict=True):
      want = (image - image.mean()) / image.std()
      np.testing.assert_allclose(got, want, atol=2e-5)


def test_nonsense_is_refused():
  for bad in (
    lambda: gradients.smooth(()),
    lambda: gradients.smooth((-1.0,)),
    lambda: gradients.limit(0),
    lambda: gradients.three_gaussians(0),
    lambda: gradients.three_gaussians(start=0.0, rise=0.0),
    lambda: _update(gradients.three_gaussians(), jnp.zeros([1, 2, 3])),
  ):
    with pytest.raises(FvizError):
      bad()


def test_laplacian_bands_add_up_and_have_unit_size():
  # The notebook's: convolutions with the kernel, stride 2, TensorFlow's SAME.
  signal = pytest.importorskip('scipy.signal')
  g = np.random.default_rng(0).normal(size=[8, 6])
  k = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256
  # Of even sizes TensorFlow pads one before and two behind.
  full = signal.convolve2d(np.pad(g, ((1, 2), (1, 2))), k, 'valid')
  low = full[::2, ::2]
  wide = np.zeros([11, 9])
  for i in range(low.shape[0]):
    for j in range(low.shape[1]):
      wide[2 * i : 2 * i + 5, 2 * j : 2 * j + 5] += 4 * k * low[i, j]
  high = g - wide[1:9, 1:7]
  rms = lambda x: x / np.sqrt((x**2).mean())
  wide = np.zeros([11, 9])
  for i in range(low.shape[0]):
    for j in range(low.shape[1]):
      wide[2 * i : 2 * i + 5, 2 * j : 2 * j + 5] += 4 * k * rms(low)[i, j]
  want = wide[1:9, 1:7] + rms(high)
  got = _update(gradients.laplacian(1), jnp.float32(g)[None, ..., None])
  np.testing.assert_allclose(got[0, ..., 0], want, atol=1e-5)
