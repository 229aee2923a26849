"""Each number against float64 statements and pictures of known answers."""

import numpy as np
import pytest

from fviz import color
from fviz.compare import metrics

_NOISE = np.random.default_rng(0).random([3, 20, 24, 3])


def _wave(cycles, size=32):
  return np.cos(2 * np.pi * cycles * np.arange(size) / size)


def test_total_variation_is_a_loop_over_neighbours():
  n, h, w, c = _NOISE.shape
  for picture, got in zip(_NOISE, metrics.total_variation(_NOISE), strict=True):
    total = 0.0
    for y in range(h):
      for x in range(w):
        if y + 1 < h:
          total += np.abs(picture[y + 1, x] - picture[y, x]).sum()
        if x + 1 < w:
          total += np.abs(picture[y, x + 1] - picture[y, x]).sum()
    assert got == pytest.approx(total / (h * w * c))


def test_high_frequency_of_two_waves():
  # 4 / 32 = 1/8 and 12 / 32 = 3/8 cycles per pixel, amplitudes .3 and .1.
  wave = 0.5 + 0.3 * _wave(4)[None, :, None] + 0.1 * _wave(12)[None, None]
  picture = np.repeat(wave[..., None], 3, -1)
  np.testing.assert_allclose(metrics.high_frequency(picture), [0.1], rtol=1e-9)
  # Exactly half of Nyquist is not above it; a diagonal is.
  edge = np.repeat((0.5 + 0.1 * _wave(8))[None, :, None, None], 32, 2)
  diagonal = edge + 0.1 * _wave(8)[None, None, :, None]
  product = 0.5 + 0.1 * np.outer(_wave(8), _wave(8))[None, ..., None]
  assert metrics.high_frequency(edge) == pytest.approx(0, abs=1e-12)
  assert metrics.high_frequency(diagonal) == pytest.approx(0, abs=1e-12)
  assert metrics.high_frequency(product) == pytest.approx(1)
  assert np.isnan(metrics.high_frequency(np.full([1, 8, 8, 3], 0.2)))


def _with_amplitude(amplitude, seed=0):
  """A grey picture of random phases, scaled into [0, 1]."""
  h, w = amplitude.shape
  noise = np.random.default_rng(seed).normal(size=(h, w))
  spectrum = np.fft.fft2(noise)
  spectrum *= amplitude / np.abs(spectrum)
  plane = np.fft.ifft2(spectrum).real
  plane = 0.5 + 0.4 * plane / np.abs(plane).max()
  return np.repeat(plane[None, ..., None], 3, -1)


@pytest.mark.parametrize('size', [(32, 32), (24, 40), (33, 17)])
def test_spectrum_distance_of_known_spectra(size):
  h, w = size
  f = np.sqrt(np.fft.fftfreq(h)[:, None] ** 2 + np.fft.fftfreq(w)[None] ** 2)
  f[0, 0] = np.inf
  natural = f**-1.283 * np.exp(-((f / 0.310) ** 2.4))
  got = metrics.spectrum_distance(_with_amplitude(natural))
  assert got == pytest.approx(0, abs=1e-6)
  # Three times the amplitude above 1/5 cycles: known in every ring that the
  # step does not cut.
  rings = np.rint(f * min(h, w))
  step = np.where(f > 0.2, 3.0, 1.0)
  got = metrics.spectrum_distance(_with_amplitude(natural * step))
  logs = []
  for k in range(1, min(h, w) // 2 + 1):
    ring = (rings == k) & (f <= 0.5)
    if ring.any():
      logs.append(np.log((natural * step)[ring].mean() / natural[ring].mean()))
  assert got == pytest.approx(np.std(logs), abs=1e-6)
  assert np.std(logs) > 0.4


def test_natural_amplitude_falls_by_the_published_exponents():
  amplitude = metrics.natural_amplitude(512, 512)[0]
  k = np.arange(1, 257)
  wanted = k**-1.283 * np.exp(-((k / 512 / 0.31) ** 2.4))
  got = amplitude[k] / amplitude[1]
  np.testing.assert_allclose(got, wanted / wanted[0], rtol=1e-5)


def test_color_distance():
  matrix = np.array([[0.26, 0.09, 0.02], [0.27, 0, -0.05], [0.27, -0.09, 0.03]])
  natural = matrix @ matrix.T
  # Whitened noise, then the natural axes: their covariance exactly.
  x = np.random.default_rng(0).normal(size=(400, 3))
  x -= x.mean(0)
  x = x @ np.linalg.inv(np.linalg.cholesky(x.T @ x / len(x))).T
  picture = (0.5 + 0.05 * x @ matrix.T).reshape(1, 20, 20, 3)
  assert metrics.color_distance(picture) == pytest.approx(0, abs=1e-9)
  red = np.zeros([1, 20, 20, 3])
  red[..., 0] = _NOISE[:1, :, :20, 0]
  wanted = np.diag([1.0, 0, 0]) - natural / np.trace(natural)
  assert metrics.color_distance(red) == pytest.approx(np.linalg.norm(wanted))
  assert np.isnan(metrics.color_distance(np.full([1, 4, 4, 3], 0.3)))
  assert np.isnan(metrics.color_distance(_NOISE[..., :1])).all()


def test_saturation_counts_values():
  picture = np.full([1, 10, 10, 3], 0.5)
  picture[0, 0, :, 0] = 0.0
  picture[0, 1, :, 1] = 1.0
  picture[0, 2, :, 2] = 0.97
  assert metrics.saturation(picture) == pytest.approx(20 / 300)


def test_diversity_is_one_minus_the_mean_gram_cosine():
  rng = np.random.default_rng(0)
  several = [rng.normal(size=(h, 3, 5)) for h in (2, 4, 4)]

  def gram(a):
    a = a.reshape(-1, 5)
    total = sum(np.outer(row, row) for row in a)
    return total / np.sqrt((total**2).sum())

  cosine = [[np.sum(gram(a) * gram(b)) for b in several] for a in several]
  wanted = [1 - (sum(row) - 1) / 2 for row in cosine]
  np.testing.assert_allclose(metrics.diversity(several), wanted, rtol=1e-5)
  dead = metrics.diversity([several[0], 0 * several[0], several[0]])
  np.testing.assert_allclose(dead, [0, np.nan, 0], atol=1e-6)
  assert np.isnan(metrics.diversity(several[:1])).all()


def test_luminance_is_the_first_decorrelated_axis():
  t = np.random.default_rng(0).normal(size=(50, 3))
  rgb = t @ np.asarray(color.TO_RGB)
  got = metrics._luminance(rgb.reshape(1, 5, 10, 3)).ravel()
  np.testing.assert_allclose(got, t[:, 0], rtol=1e-4, atol=1e-5)


def test_steps_to_95_percent():
  ramp = np.arange(200.0)
  # Smoothing over 12 steps: the first mean is that of steps 1 to 12.
  smooth = np.array([ramp[i : i + 12].mean() for i in range(189)])
  wanted = np.flatnonzero(
    smooth >= smooth[0] + 0.95 * (smooth[-1] - smooth[0])
  )[0]
  assert metrics.steps_to_95(ramp) == wanted + 12
  fast = 1 - np.exp(-np.arange(200) / 5)
  slow = 1 - np.exp(-np.arange(200) / 40)
  assert metrics.steps_to_95(fast) < metrics.steps_to_95(slow) < 200
  assert metrics.steps_to_95(np.zeros(50)) == 50
  assert metrics.steps_to_95(-ramp) == 200
  assert metrics.steps_to_95([3.0]) == 1
