"""Sums of sizes against NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fviz import parameterizations


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
