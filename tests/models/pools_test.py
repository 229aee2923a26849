"""The zoo's pools against NumPy."""

import numpy as np
import pytest

from fviz.models import pools


def _pool(x, window, stride, low, high, fill, reduce):
  """Pools [h, w] by the definition."""
  x = np.pad(x, ((low, high), (low, high)), constant_values=fill)
  rows, columns = ((n - window) // stride + 1 for n in x.shape)
  return np.array([
    [
      reduce(x[i : i + window, j : j + window])
      for j in range(0, columns * stride, stride)
    ]
    for i in range(0, rows * stride, stride)
  ])  # fmt: skip


@pytest.mark.parametrize(
  'size, window, stride, padding, out',
  [  # The sizes are torch's, with ceil_mode=True.
    (54, 3, 2, 0, 27),
    (55, 3, 2, 0, 27),
    (14, 2, 2, 0, 7),
    (7, 2, 2, 0, 4),
    (9, 3, 1, 1, 9),
    (6, 2, 2, 1, 4),
    (5, 2, 2, 1, 3),
    (4, 1, 2, 0, 2),
  ],
)
def test_ceil_mode(size, window, stride, padding, out):
  x = np.random.default_rng(0).normal(size=(size, size)).astype('f')
  pool = pools.MaxPool(window, stride, padding, ceil=True)
  y = np.asarray(pool(x[None, :, :, None]))[0, :, :, 0]
  assert y.shape == (out, out)
  high = (out - 1) * stride + window - size - padding
  expected = _pool(x, window, stride, padding, max(high, 0), -np.inf, np.max)
  np.testing.assert_array_equal(y, expected[:out, :out])


@pytest.mark.parametrize('count', [True, False])
def test_average_pool_counts_the_padding_or_not(count):
  x = np.random.default_rng(0).normal(size=(5, 5)).astype('f')
  pool = pools.AveragePool(3, 1, 1, count_padding=count)
  y = np.asarray(pool(x[None, :, :, None]))[0, :, :, 0]
  fill = 0 if count else np.nan
  expected = _pool(x, 3, 1, 1, 1, fill, np.mean if count else np.nanmean)
  np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize('size', [2, 6, 7, 13, 20])
def test_adaptive_average(size):
  x = np.random.default_rng(0).normal(size=(size, size)).astype('f')
  y = pools.AdaptiveAveragePool(6)(x[None, :, :, None])
  bounds = [(i * size // 6, -(-(i + 1) * size // 6)) for i in range(6)]
  expected = [[x[a:b, c:d].mean() for c, d in bounds] for a, b in bounds]
  np.testing.assert_allclose(y[0, :, :, 0], expected, rtol=1e-4, atol=1e-6)
