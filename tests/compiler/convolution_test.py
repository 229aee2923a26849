"""Convolutions and their gradients equal those of lax."""

import jax
import numpy as np
import pytest
from jax import lax

from fviz.compiler import convolution


@pytest.mark.parametrize('kernel', [(1, 1), (1, 7), (3, 3), (5, 5)])
@pytest.mark.parametrize('stride', [1, 2, 3])
@pytest.mark.parametrize('pad', [((0, 0), (3, 3)), ((1, 2), (3, 4))])
def test_convolution_gradient_equals_lax(kernel, stride, pad):
  x = jax.random.normal(jax.random.key(0), (2, 11, 12, 3))
  k = jax.random.normal(jax.random.key(1), (*kernel, 3, 4))
  plain = lambda x: lax.conv_general_dilated(
    x, k, (stride, stride), pad, dimension_numbers=('NHWC', 'HWIO', 'NHWC')
  )
  ours = lambda x: convolution.conv(
    x, k, convolution.flip(k), (stride, stride), pad
  )
  weight = jax.random.normal(jax.random.key(2), plain(x).shape)
  np.testing.assert_allclose(ours(x), plain(x), rtol=1e-5, atol=1e-5)
  a = jax.grad(lambda x: (ours(x) * weight).sum())(x)
  b = jax.grad(lambda x: (plain(x) * weight).sum())(x)
  np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)
