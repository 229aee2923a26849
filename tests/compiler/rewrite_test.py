"""Rewritten networks are the same functions, with better gradients."""

import collections

import derivatives
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import small
from flax import linen as nn
from flax import nnx
from jax.extend import core

from fviz import networks
from fviz.compiler import rewrite

_OFF = jnp.bool_(False)
pytestmark = pytest.mark.usefixtures('quick_compile')


@pytest.mark.parametrize('layer', ['conv', 'norm', 'conv_1', 'logits'])
def test_rewritten_network_is_the_same_function(layer):
  network = small.network()
  x = jax.random.uniform(jax.random.key(0), (2, 24, 24, 3))
  prepared = rewrite.prepare(network, x.shape, (layer,))
  plain = lambda x: network.apply(network.variables, x, (layer,))[layer]
  ours = lambda x: prepared.apply(prepared.constants, x, _OFF)[layer]
  weight = jax.random.normal(jax.random.key(2), jax.eval_shape(plain, x).shape)
  (found, a), (expected, b) = derivatives.of_both(ours, plain, x, weight)
  np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
  np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def test_what_lies_above_the_layer_is_dropped():
  network = small.network()
  low = rewrite.prepare(network, (1, 24, 24, 3), ('conv',))
  f = lambda c, x: low.apply(c, x, _OFF)
  text = str(jax.make_jaxpr(f)(low.constants, jnp.zeros((1, 24, 24, 3))))
  assert text.count('conv_general_dilated[') == 1


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


@jax.custom_jvp
def _straight_through(x):
  return jnp.maximum(x, 0.0)


_straight_through.defjvp(lambda p, t: (_straight_through(*p), t[0]))


@jax.custom_vjp
def _leaking(x):
  return jnp.clip(x, 0, 6)


_leaking.defvjp(lambda x: (_leaking(x), None), lambda _, g: (0.1 * g,))


@pytest.mark.parametrize(
  'act, slope', [(_straight_through, 1), (_leaking, 0.1), (jax.nn.relu, 0)]
)
def test_a_derivative_of_ones_own_stays(act, slope):
  network = networks.from_function(
    lambda v, x, layers: {'y': act(x)}, {}, ['y'], input_size=(4, 4)
  )
  prepared = rewrite.prepare(network, (1, 4, 4, 3), ('y',))
  y = lambda x: prepared.apply(prepared.constants, x, _OFF)['y'].sum()
  np.testing.assert_allclose(jax.grad(y)(-jnp.ones((1, 4, 4, 3))), slope)


@pytest.mark.parametrize(
  'guarded',
  [
    lambda x: nnx.LayerNorm(3, rngs=nnx.Rngs(0))(x.mean((1, 2))),
    lambda x: nnx.GroupNorm(3, 3, rngs=nnx.Rngs(0))(x),
    lambda x: nnx.LayerNorm(3, rngs=nnx.Rngs(0))(x.reshape(-1, 16, 3))[:, 0],
    lambda x: x / jnp.sqrt(1e-3 + jnp.maximum(x.var(-1, keepdims=True), 0)),
    lambda x: x * jnp.maximum(0, (x**2).mean((1, 2), keepdims=True)) ** -0.5,
    lambda x: x * jnp.maximum(x.mean(), 0.0),
    lambda x: x * jnp.maximum(x.mean((1, 2, 3)), 0.0)[:, None, None, None],
  ],
)
def test_what_only_keeps_a_root_real_is_no_activation(guarded):
  network = networks.from_function(
    lambda v, x, layers: {'y': guarded(x)}, {}, ['y'], input_size=(4, 4)
  )
  x = jax.random.uniform(jax.random.key(0), (2, 4, 4, 3))
  x = x.at[0].set(0.5)  # Without variance: as dead as an image can be.
  prepared = rewrite.prepare(network, x.shape, ('y',))
  plain = lambda x: jnp.sum(jnp.sin(network.apply({}, x, ('y',))['y']))
  ours = lambda x: jnp.sum(
    jnp.sin(prepared.apply(prepared.constants, x, jnp.bool_(True))['y'])
  )
  np.testing.assert_allclose(
    jax.grad(ours)(x), jax.grad(plain)(x), rtol=1e-5, atol=1e-6
  )


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
