import jax
import jax.numpy as jnp
import numpy as np
import pytest
import small
from jax import lax

from fviz import networks, ops, rewrite

_OFF = jnp.bool_(False)


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
    (ops.max_pool, -np.inf, np.max, lax.max),
    (ops.sum_pool, 0.0, np.sum, lax.add),
  ):
    ours = lambda x: pool(x, (window, window), (stride, stride), pad)  # noqa: B023
    expected = _numpy_pool(np.asarray(x), window, stride, pad, start, combine)
    np.testing.assert_allclose(ours(x), expected, rtol=1e-5, atol=1e-6)
    lax_pool = lambda x: lax.reduce_window(  # noqa: B023, E731
      x,
      start,  # noqa: B023
      reduce,  # noqa: B023
      (1, window, window, 1),
      (1, stride, stride, 1),
      ((0, 0), *pad, (0, 0)),
    )
    weight = jax.random.normal(jax.random.key(1), expected.shape)
    a = jax.grad(lambda x: (ours(x) * weight).sum())(x)  # noqa: B023
    b = jax.grad(lambda x: (lax_pool(x) * weight).sum())(x)  # noqa: B023
    np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize('kernel', [(1, 1), (1, 7), (3, 3), (5, 5)])
@pytest.mark.parametrize('stride', [1, 2, 3])
@pytest.mark.parametrize('pad', [((0, 0), (3, 3)), ((1, 2), (3, 4))])
def test_convolution_gradient_equals_lax(kernel, stride, pad):
  x = jax.random.normal(jax.random.key(0), (2, 11, 12, 3))
  k = jax.random.normal(jax.random.key(1), (*kernel, 3, 4))
  plain = lambda x: lax.conv_general_dilated(
    x, k, (stride, stride), pad, dimension_numbers=('NHWC', 'HWIO', 'NHWC')
  )
  ours = lambda x: ops.conv(x, k, ops.flip(k), (stride, stride), pad)
  weight = jax.random.normal(jax.random.key(2), plain(x).shape)
  np.testing.assert_allclose(ours(x), plain(x), rtol=1e-5, atol=1e-5)
  a = jax.grad(lambda x: (ours(x) * weight).sum())(x)
  b = jax.grad(lambda x: (plain(x) * weight).sum())(x)
  np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize('layer', ['conv', 'norm', 'conv_1', 'logits'])
def test_rewritten_network_is_the_same_function(layer):
  network = small.network()
  x = jax.random.uniform(jax.random.key(0), (2, 24, 24, 3))
  prepared = rewrite.prepare(network, x.shape, (layer,))
  plain = lambda x: network.apply(network.variables, x, (layer,))[layer]
  ours = lambda x: prepared.apply(prepared.constants, x, _OFF)[layer]
  np.testing.assert_allclose(ours(x), plain(x), rtol=1e-5, atol=1e-6)
  weight = jax.random.normal(jax.random.key(2), plain(x).shape)
  a = jax.grad(lambda x: (ours(x) * weight).sum())(x)
  b = jax.grad(lambda x: (plain(x) * weight).sum())(x)
  np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def test_what_lies_above_the_layer_is_dropped():
  network = small.network()
  low = rewrite.prepare(network, (1, 24, 24, 3), ('conv',))
  f = lambda c, x: low.apply(c, x, _OFF)
  text = str(jax.make_jaxpr(f)(low.constants, jnp.zeros((1, 24, 24, 3))))
  assert text.count('conv_general_dilated[') == 1


def test_redirected_relu_wakes_dead_images_only():
  x = jnp.array([[-1.0, -2.0], [1.0, -2.0]])
  g = jnp.array([[-0.5, 0.5], [-0.5, -0.5]])  # Of a loss: negative raises x.
  pull = lambda flag: jax.vjp(lambda x: ops.relu(x, jnp.bool_(flag)), x)[1](g)[
    0
  ]
  assert pull(True).tolist() == [[-0.5, 0.0], [-0.5, 0.0]]
  assert pull(False).tolist() == [[0.0, 0.0], [-0.5, 0.0]]


@pytest.mark.parametrize(
  'relu', [jax.nn.relu, jax.nn.relu6, lambda x: jnp.maximum(x, 0)]
)
def test_every_spelling_of_relu_is_redirected(relu):
  network = networks.from_function(
    lambda v, x, layers: {'a': relu(x - v)}, 2.0, ['a'], input_size=(4, 4)
  )
  prepared = rewrite.prepare(network, (1, 4, 4, 3), ('a',))
  loss = lambda x, flag: (
    -prepared.apply(prepared.constants, x, flag)['a'].mean()
  )
  x = jnp.full((1, 4, 4, 3), 0.5)
  assert not jnp.any(jax.grad(loss)(x, jnp.bool_(False)))
  assert jnp.all(jax.grad(loss)(x, jnp.bool_(True)) < 0)
