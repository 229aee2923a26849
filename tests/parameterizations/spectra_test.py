"""Spectra against NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fviz import parameterizations


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
