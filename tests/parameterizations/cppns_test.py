"""CPPNs against their formula."""

import jax
import numpy as np

from fviz import parameterizations


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
