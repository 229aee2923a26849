import collections

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import small
from flax import linen as nn
from flax import nnx
from jax import lax
from jax.extend import core

from fviz import networks
from fviz.compiler import ops, rewrite

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


def test_jobs_are_redirected_each_by_their_own(monkeypatch):
  rng = np.random.default_rng(0)
  x, g = rng.normal(size=(2, 4, 2, 5, 3, 2)).astype(np.float32)
  g[0] = np.where(x[0] > 0, 0, g[0])  # Dead, redirected.
  g[1] = np.where(x[1] > 0, 0, g[1])  # Dead, not redirected.
  g[2, :, 2] = 0  # Alive, but not in the middle row.
  flags = np.array([True, False, True, True])
  expected = np.where(x > 0, g, 0)
  expected[0] = np.minimum(g[0], 0)
  one = lambda x, g, flag: jax.vjp(lambda x: ops.relu(x, flag), x)[1](g)[0]
  for backend in ('cpu', 'gpu'):
    monkeypatch.setattr(jax, 'default_backend', lambda name=backend: name)
    found = jax.jit(jax.vmap(lambda *args: one(*args)))(x, g, flags)
    np.testing.assert_array_equal(found, expected)


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


class _Users(nnx.Module):
  """A network as its author wrote it: wide convolutions, pools, a head."""

  def __init__(self, rngs):
    self.stem = nnx.Conv(3, 64, (5, 5), strides=(2, 2), rngs=rngs)
    self.wide = nnx.Conv(64, 64, (3, 3), use_bias=False, rngs=rngs)
    self.depthwise = nnx.Conv(64, 64, (3, 3), feature_group_count=64, rngs=rngs)
    self.head = nnx.Linear(64, 10, rngs=rngs)

  def __call__(self, x):
    x = nnx.max_pool(nnx.gelu(self.stem(x)), (3, 3), (2, 2))
    x = nnx.relu(self.wide(x))
    return self.head(self.depthwise(x).mean((1, 2)))


class _LinenUsers(nn.Module):
  """The same in Linen."""

  @nn.compact
  def __call__(self, x):
    x = nn.Conv(64, (5, 5), strides=(2, 2), name='stem')(x)
    x = nn.max_pool(nn.gelu(x), (3, 3), (2, 2))
    x = nn.relu(nn.Conv(64, (3, 3), use_bias=False, name='wide')(x))
    x = nn.Conv(64, (3, 3), feature_group_count=64, name='depthwise')(x)
    return nn.Dense(10, name='head')(x.mean((1, 2)))


def _users(kind):
  if kind == 'nnx':
    return networks.from_nnx(_Users(nnx.Rngs(0)), input_size=(32, 32))
  module = _LinenUsers()
  variables = module.init(jax.random.key(0), jnp.zeros((1, 32, 32, 3)))
  return networks.from_linen(module, variables, input_size=(32, 32))


@pytest.mark.parametrize('kind', ['nnx', 'linen'])
def test_networks_of_users_get_the_faster_operations(kind):
  network, x = (
    _users(kind),
    jax.random.uniform(jax.random.key(0), (1, 32, 32, 3)),
  )
  prepared = rewrite.prepare(network, x.shape, ('output',))
  plain = lambda x: network.apply(network.variables, x, ('output',))['output']
  ours = lambda c, x: prepared.apply(c, x, _OFF)['output']
  gradient = jax.jit(jax.grad(lambda x, c: ours(c, x).sum()))
  found = collections.Counter(
    _primitives(jax.make_jaxpr(gradient)(x, prepared.constants).jaxpr)
  )
  # The wide convolution is Winograd's, forwards and back; of the others only
  # the stem needs a convolution, and no kernel is turned over in a step.
  assert found['conv_general_dilated'] == 2
  assert not found.keys() & {
    'rev',
    'select_and_scatter_add',
    'reduce_window_max',
  }
  np.testing.assert_allclose(
    jax.jit(ours)(prepared.constants, x), plain(x), rtol=1e-3, atol=1e-5
  )
  np.testing.assert_allclose(
    gradient(x, prepared.constants),
    jax.jit(jax.grad(lambda x: plain(x).sum()))(x),
    rtol=1e-3,
    atol=1e-5,
  )


def _primitives(jaxpr):
  for equation in jaxpr.eqns:
    yield equation.primitive.name
    for inner in core.jaxprs_in_params(equation.params):
      yield from _primitives(inner)
