"""Winograd's 3x3 convolutions equal the sum that defines a convolution."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from jax import lax

from fviz import networks
from fviz.compiler import convolution, rewrite, winograd

pytestmark = pytest.mark.usefixtures('quick_compile')


def _direct(x, kernel, padding):
  """Float64, by the definition."""
  x = np.pad(np.float64(x), [(0, 0), *padding, (0, 0)])
  h, w = x.shape[1] - 2, x.shape[2] - 2
  return sum(
    x[:, i : i + h, j : j + w] @ np.float64(kernel[i, j])
    for i in range(3)
    for j in range(3)
  )


def _inputs(size, channels=(5, 7)):
  rng = np.random.default_rng(0)
  x = rng.normal(size=(2, *size, channels[0])).astype(np.float32)
  return x, rng.normal(size=(3, 3, *channels)).astype(np.float32)


_conv = jax.jit(winograd.conv, static_argnums=3)


@jax.jit
def _kernels(kernel):
  kernel = jnp.asarray(kernel)
  return winograd.transformed(kernel), winograd.transformed(
    convolution.flip(kernel)
  )


@pytest.mark.parametrize(
  'size, padding',
  [
    ((12, 12), ((1, 1), (1, 1))),
    ((7, 10), ((0, 0), (0, 0))),
    ((3, 5), ((1, 0), (0, 1))),
    ((9, 4), ((2, 2), (1, 3))),
  ],
)
def test_equals_the_definition_in_float64(size, padding):
  x, kernel = _inputs(size)
  y = _conv(x, *_kernels(kernel), padding)
  expected = _direct(x, kernel, padding)
  assert y.shape == expected.shape
  np.testing.assert_allclose(y, expected, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize('padding', [((1, 1), (1, 1)), ((0, 0), (2, 0))])
def test_the_gradient_is_the_convolutions(padding):
  x, kernel = _inputs((10, 6))
  kernels = _kernels(kernel)

  def direct(x):
    return lax.conv_general_dilated(
      x, kernel, (1, 1), padding, dimension_numbers=('NHWC', 'HWIO', 'NHWC')
    )

  @jax.jit
  def gradients(x, kernels, weights):
    _, pull = jax.vjp(lambda x, *k: winograd.conv(x, *k, padding), x, *kernels)
    return jax.vjp(direct, x)[1](weights), pull(weights)

  shape = jax.eval_shape(direct, x).shape
  weights = jax.random.normal(jax.random.key(0), shape)
  (expected,), (got, *frozen) = gradients(x, kernels, weights)
  np.testing.assert_allclose(got, expected, atol=1e-4)
  assert all(not np.any(g) for g in frozen)


def test_vmap_of_images_and_of_kernels():
  x, kernel = _inputs((6, 6))
  kernels = _kernels(kernel)
  padding = ((1, 1), (1, 1))
  one = _conv(x, *kernels, padding)
  many = jax.vmap(lambda x: _conv(x[None], *kernels, padding)[0])(x)
  np.testing.assert_allclose(many, one, atol=1e-5)
  doubled = jax.tree.map(lambda k: jnp.stack([k, 2 * k]), kernels)
  both = jax.vmap(lambda *k: _conv(x, *k, padding))(*doubled)
  np.testing.assert_allclose(both, jnp.stack([one, 2 * one]), atol=1e-4)


def test_only_wide_plain_convolutions_are_replaced():
  assert winograd.pays((3, 3, 64, 64), (1, 1))
  assert not winograd.pays((3, 3, 64, 64), (2, 2))
  assert not winograd.pays((3, 3, 3, 64), (1, 1))
  assert not winograd.pays((1, 1, 64, 64), (1, 1))


def test_a_rewritten_network_keeps_its_numbers():
  conv = nnx.Conv(64, 64, (3, 3), padding='SAME', rngs=nnx.Rngs(0))
  network = networks.from_nnx(conv, input_size=(9, 9), input_channels=64)
  x = jax.random.normal(jax.random.key(0), (1, 9, 9, 64))
  expected = network.apply(network.variables, x, ('output',))['output']
  prepared = rewrite.prepare(network, x.shape, ('output',))
  text = str(jax.make_jaxpr(prepared.apply)(prepared.constants, x, False))
  assert 'conv_general_dilated' not in text
  got = jax.jit(prepared.apply)(prepared.constants, x, jnp.bool_(False))
  scale = float(jnp.abs(expected).max())
  np.testing.assert_allclose(got['output'], expected, atol=1e-5 * scale)
