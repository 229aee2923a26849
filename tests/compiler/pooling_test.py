"""Pooling and its gradients equal plain loops and those of lax."""

import derivatives
import jax
import numpy as np
import pytest
from jax import lax

from fviz.compiler import pooling

pytestmark = pytest.mark.usefixtures('quick_compile')


def _numpy_pool(x, window, stride, pad, start, combine):
  """A pooling layer in plain loops: the independent statement."""
  (top, bottom), (left, right) = pad
  x = np.pad(
    x, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=start
  )
  h = (x.shape[1] - window) // stride + 1
  w = (x.shape[2] - window) // stride + 1
  out = np.empty((x.shape[0], h, w, x.shape[3]))
  for i in range(h):
    for j in range(w):
      rows = slice(i * stride, i * stride + window)
      columns = slice(j * stride, j * stride + window)
      out[:, i, j] = combine(x[:, rows, columns], axis=(1, 2))
  return out


@pytest.mark.parametrize('window', [1, 2, 3])
@pytest.mark.parametrize('stride', [1, 2, 3])
@pytest.mark.parametrize('size', [7, 8])
def test_pools_and_their_gradients(window, stride, size):
  pad = ((0, 1), (1, 0)) if window > 1 else ((0, 0), (0, 0))
  x = jax.random.normal(jax.random.key(size), (2, size, size + 1, 3))
  for pool, start, combine, reduce in (
    (pooling.max_pool, -np.inf, np.max, lax.max),
    (pooling.sum_pool, 0.0, np.sum, lax.add),
  ):
    ours = lambda x: pool(x, (window, window), (stride, stride), pad)  # noqa: B023
    expected = _numpy_pool(np.asarray(x), window, stride, pad, start, combine)
    lax_pool = lambda x: lax.reduce_window(  # noqa: B023, E731
      x,
      start,  # noqa: B023
      reduce,  # noqa: B023
      (1, window, window, 1),
      (1, stride, stride, 1),
      ((0, 0), *pad, (0, 0)),
    )
    weight = jax.random.normal(jax.random.key(1), expected.shape)
    (found, a), (_, b) = derivatives.of_both(ours, lax_pool, x, weight)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)
