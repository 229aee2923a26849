"""Convolutions and their gradients equal those of lax."""

import derivatives
import jax
import numpy as np
import pytest
from jax import lax

from fviz.compiler import convolution

pytestmark = pytest.mark.usefixtures('quick_compile')


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
  weight = jax.random.normal(jax.random.key(2), jax.eval_shape(plain, x).shape)
  (found, a), (expected, b) = derivatives.of_both(ours, plain, x, weight)
  np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
  np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)
