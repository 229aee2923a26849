"""Depthwise convolutions equal the sum that defines them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fviz.compiler import depthwise

pytestmark = pytest.mark.usefixtures('quick_compile')


def _direct(x, kernel, strides, padding):
  """Float64, place by place."""
  x = np.pad(np.float64(x), [(0, 0), *padding, (0, 0)])
  places = kernel.shape[:2]
  size = [
    (n - k) // s + 1
    for n, k, s in zip(x.shape[1:3], places, strides, strict=True)
  ]
  out = np.zeros((len(x), *size, x.shape[3]))
  for i, j in np.ndindex(*size):
    top, left = i * strides[0], j * strides[1]
    part = x[:, top : top + places[0], left : left + places[1]]
    out[:, i, j] = (part * np.float64(kernel)).sum((1, 2))
  return out


@pytest.mark.parametrize('places', [(3, 3), (1, 5), (7, 7)])
@pytest.mark.parametrize('strides', [(1, 1), (2, 2), (3, 1)])
@pytest.mark.parametrize('padding', [((0, 0), (3, 3)), ((1, 2), (2, 4))])
def test_sum_and_gradient(places, strides, padding):
  rng = np.random.default_rng(0)
  x = rng.normal(size=(2, 11, 12, 3)).astype(np.float32)
  kernel = rng.normal(size=(*places, 3)).astype(np.float32)
  expected = _direct(x, kernel, strides, padding)
  weight = rng.normal(size=expected.shape).astype(np.float32)

  @jax.jit
  def value_and_gradient(x, weight):
    conv = lambda x: depthwise.conv(x, jnp.asarray(kernel), strides, padding)
    value, pull = jax.vjp(conv, x)
    return value, pull(weight)[0]

  found, gradient = value_and_gradient(x, weight)
  np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
  # The sum is linear in x: <weight, conv(e)> is the gradient's entry at e.
  for place in [(0, 0, 0, 0), (1, 10, 11, 2), (0, 5, 6, 1), (1, 3, 0, 1)]:
    one = np.zeros_like(x)
    one[place] = 1
    entry = (_direct(one, kernel, strides, padding) * weight).sum()
    np.testing.assert_allclose(gradient[place], entry, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
  ('kernel', 'groups', 'pays'),
  [
    ((3, 3, 1, 64), 64, True),
    ((7, 7, 1, 96), 96, True),
    ((9, 9, 1, 96), 96, False),  # Too long a program.
    ((3, 3, 1, 128), 64, False),  # Two filters a channel.
    ((3, 3, 2, 64), 32, False),
    ((3, 3, 1, 1), 1, False),
  ],
)
def test_only_kernels_of_one_channel_each(kernel, groups, pays):
  assert depthwise.pays(kernel, groups) == pays
