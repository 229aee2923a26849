import jax
import jax.numpy as jnp
import numpy as np
import pytest
import small
from flax import linen, nnx

import fviz
from fviz import errors, networks, objectives

pytestmark = pytest.mark.usefixtures('quick_compile')


def test_layers_come_in_forward_order_with_sizes():
  layers = small.network().layers
  names = list(layers)
  assert names == ['conv', 'norm', 'drop', 'conv_1', 'logits', 'output']
  assert layers['conv_1'] == (12, (6, 6), 4)
  assert layers['logits'] == (5, (), 0)


def test_unknown_layer_lists_the_layers():
  network = small.network()
  with pytest.raises(errors.FvizError, match="Did you mean 'conv_1'.*logits"):
    network.apply(network.variables, jnp.zeros((1, 24, 24, 3)), ('conv_2',))


def test_nnx_equals_the_module_itself():
  net = small.model()
  network = networks.from_nnx(net, input_size=(24, 24))
  x = jax.random.uniform(jax.random.key(0), (2, 24, 24, 3))
  out = network.apply(network.variables, x, ('logits', 'conv'))
  net.eval()
  np.testing.assert_allclose(out['logits'], net(x), rtol=1e-5)
  np.testing.assert_allclose(out['conv'], net.conv(x), rtol=1e-5, atol=1e-6)


def test_nothing_is_left_in_the_users_model():
  net = small.model()
  networks.from_nnx(net, input_size=(24, 24))
  assert type(net.conv) is nnx.Conv
  assert not hasattr(net.conv, '_fviz_store')


def test_linen_and_nnx_with_the_same_weights_agree():
  net = small.model()
  a = networks.from_nnx(net, input_size=(24, 24))
  b = networks.from_linen(
    small.LinenNet(),
    small.linen_variables(net),
    input_size=(24, 24),
    train=False,
  )
  x = jax.random.uniform(jax.random.key(0), (2, 24, 24, 3))
  for layer in ('conv', 'norm', 'conv_1', 'logits'):
    np.testing.assert_allclose(
      a.apply(a.variables, x, (layer,))[layer],
      b.apply(b.variables, x, (layer,))[layer],
      rtol=1e-5,
      atol=1e-6,
    )


def test_function_that_returns_no_array_is_refused():
  with pytest.raises(errors.FvizError, match='must be an array'):
    networks.from_function(
      lambda v, x, layers: {'a': x.mean()}, {}, ['a'], input_size=(8, 8)
    )


def test_wrong_input_channels_say_what_to_give():
  with pytest.raises(errors.FvizError, match='input_channels'):
    networks.from_nnx(small.model(), input_size=(24, 24), input_channels=4)


def test_table_names_every_layer():
  network = small.network()
  lines = networks.table(network).splitlines()
  assert len(lines) == 1 + len(network.layers)


def test_networks_name_what_they_import_late():
  assert callable(networks.from_nnx) and callable(networks.from_linen)
  with pytest.raises(AttributeError, match="no attribute 'from_nowhere'"):
    networks.from_nowhere  # noqa: B018


class _Twice(nnx.Module):
  """One activation that is called after each of two convolutions."""

  def __init__(self):
    self.c1 = nnx.Conv(3, 4, (3, 3), rngs=nnx.Rngs(1))
    self.c2 = nnx.Conv(4, 5, (3, 3), rngs=nnx.Rngs(2))
    self.act = nnx.Sequential(nnx.relu)

  def __call__(self, x):
    return self.act(self.c2(self.act(self.c1(x))))


class _LinenTwice(linen.Module):
  @linen.compact
  def __call__(self, x):
    conv = linen.Conv(3, (3, 3), name='conv')
    return conv(conv(x)).mean((1, 2))


def test_each_call_of_a_module_is_a_layer():
  model = _Twice()
  network = networks.from_nnx(model, input_size=8)
  assert list(network.layers) == ['c1', 'act', 'c2', 'act:1', 'output']
  x = jax.random.uniform(jax.random.key(0), (2, 8, 8, 3))
  found = network.apply(network.variables, x, ('act', 'act:1'))
  first = nnx.relu(model.c1(x))
  np.testing.assert_allclose(found['act'], first, rtol=1e-5, atol=1e-6)
  np.testing.assert_allclose(found['act:1'], model(x), rtol=1e-5, atol=1e-6)
  module = _LinenTwice()
  variables = module.init(jax.random.key(0), x)
  network = networks.from_linen(module, variables, input_size=8)
  assert list(network.layers) == ['conv', 'conv:1', 'output']


class _Block(linen.Module):
  @linen.compact
  def __call__(self, x):
    return linen.relu(linen.Conv(3, (3, 3), name='conv')(x))


class _Step(linen.Module):
  @linen.compact
  def __call__(self, x, _):
    return _Block(name='block')(x), None


class _Lifted(linen.Module):
  """Blocks as large networks have them."""

  kind: str

  @linen.compact
  def __call__(self, x):
    match self.kind:
      case 'remat':
        x = linen.remat(_Block)(name='b')(x)
      case 'jit':
        x = linen.jit(_Block)(name='b')(x)
      case 'both':
        x = linen.jit(linen.remat(_Block))(name='b')(x)
      case 'plain':
        x = _Block(name='b')(x)
      case 'scan':
        many = dict(variable_axes={'params': 0}, split_rngs={'params': True})
        x, _ = linen.scan(_Step, length=2, **many)(name='b')(x, None)
      case 'vmap':
        many = dict(variable_axes={'params': 0}, split_rngs={'params': True})
        many |= dict(in_axes=None, axis_size=2)
        x = linen.vmap(_Block, **many)(name='b')(x).mean(0)
    return linen.Conv(4, (1, 1), name='end')(x).mean((1, 2))


def _lifted(kind):
  module = _Lifted(kind)
  variables = module.init(jax.random.key(0), jnp.zeros((1, 16, 16, 3)))
  return networks.from_linen(module, variables, input_size=(16, 16))


@pytest.mark.parametrize('kind', ['remat', 'jit', 'both'])
def test_layers_under_remat_and_jit_are_as_without(kind):
  plain, lifted = _lifted('plain'), _lifted(kind)
  assert list(lifted.layers) == list(plain.layers)
  assert 'b/conv' in plain.layers
  x = jax.random.uniform(jax.random.key(1), (2, 16, 16, 3))
  all_of = lambda n, v: n.apply(v, x, tuple(n.layers))
  # Lifted or not, the variables have one structure.
  found = all_of(lifted, plain.variables)
  for name, value in all_of(plain, plain.variables).items():
    np.testing.assert_allclose(found[name], value, rtol=1e-5, atol=1e-6)


class _NnxLifted(nnx.Module):
  def __init__(self, lift):
    rngs = nnx.Rngs(0)
    self.b = nnx.Sequential(nnx.Conv(3, 4, (3, 3), rngs=rngs), nnx.relu)
    self.lift = lift

  def __call__(self, x):
    return self.lift(lambda block, x: block(x))(self.b, x).mean((1, 2))


@pytest.mark.parametrize('lift', [nnx.remat, nnx.jit])
def test_layers_of_nnx_under_remat_and_jit_are_as_without(lift):
  plain = networks.from_nnx(_NnxLifted(lambda f: f), input_size=8)
  lifted = networks.from_nnx(_NnxLifted(lift), input_size=8)
  assert list(lifted.layers) == list(plain.layers)
  x = jax.random.uniform(jax.random.key(1), (2, 8, 8, 3))
  for name in ('b/layers/0', 'b', 'output'):
    np.testing.assert_allclose(
      lifted.apply(lifted.variables, x, (name,))[name],
      plain.apply(plain.variables, x, (name,))[name],
      rtol=1e-5,
      atol=1e-6,
    )


@pytest.mark.parametrize('kind', ['remat', 'jit', 'scan', 'vmap'])
def test_every_layer_that_is_listed_can_be_rendered(kind):
  network = _lifted(kind)
  if kind in ('scan', 'vmap'):
    assert not any('conv' in name for name in network.layers)
  for layer in network.layers:
    recipe = fviz.recipes.erhan(16, steps=1)
    fviz.render(network, objectives.channel(layer, 1), recipe)


class _Training(linen.Module):
  """As examples have it: training is the default, with dropout."""

  @linen.compact
  def __call__(self, x, train=True):
    x = linen.BatchNorm(use_running_average=not train)(x)
    return linen.Dropout(0.5, deterministic=not train)(x)


def _training(variables=None, **call):
  module = _Training()
  made = module.init(jax.random.key(0), jnp.zeros((1, 8, 8, 3)), train=False)
  return networks.from_linen(module, variables or made, input_size=8, **call)


class _Wants(nnx.Module):
  def __init__(self):
    self.conv = nnx.Conv(3, 4, (3, 3), rngs=nnx.Rngs(0))

  def __call__(self, x, train):
    return self.conv(x)


def test_nnx_takes_what_the_call_wants():
  with pytest.raises(errors.FvizError, match='from_nnx.model, train=False'):
    networks.from_nnx(_Wants(), input_size=8)
  assert 'conv' in networks.from_nnx(_Wants(), input_size=8, train=0).layers


_F = lambda v, x, layers: {'a': x}


@pytest.mark.parametrize(
  'make, message',
  [
    (_training, 'train=False'),
    (lambda: _training({'params': {}}, train=False), 'batch_stats'),
    (
      lambda: networks.from_linen(
        small.LinenNet(),
        small.linen_variables(small.model())['params'],
        train=False,
      ),
      "'params': ...",
    ),
    (
      lambda: networks.from_linen(
        linen.Dense(3),
        linen.Dense(3).init(jax.random.key(0), jnp.zeros((1, 8, 8, 3))),
        input_channels=4,
      ),
      'Give input_size and input_channels',
    ),
    (lambda: networks.from_nnx(small.LinenNet()), 'from_linen'),
    (lambda: networks.from_linen(small.model(), {}), 'from_nnx'),
    (lambda: networks.from_nnx('model'), "not 'model'"),
    (lambda: networks.from_linen(lambda x: x, {}), 'Linen module'),
    (lambda: networks.from_nnx(small.model(), input_size='a'), 'input_size'),
    (lambda: networks.from_nnx(small.model(), input_size=(8,)), 'input_size'),
    (lambda: networks.from_nnx(small.model(), labels={0: 'a'}), 'labels'),
    (lambda: networks.from_nnx(small.model(), labels=[0, 1]), 'labels'),
    (lambda: networks.from_function(_F, {}, ['a', 'b']), "KeyError: 'b'"),
    (lambda: networks.from_function(lambda v, x: {}, {}, ['a']), 'layers'),
    (lambda: networks.from_function('f', {}, ['a']), 'apply must be'),
    (lambda: networks.from_function(_F, {}, 'a'), 'layers must be'),
  ],
)
def test_plain_slips_say_what_to_do(make, message):
  with pytest.raises(errors.FvizError, match=message):
    make()


def test_abstract_weights_are_refused_where_values_are_needed():
  weights = {'w': jax.ShapeDtypeStruct((3,), jnp.float32)}
  network = networks.from_function(_F, weights, ['a'], input_size=8)
  with pytest.raises(errors.FvizError, match='abstract.*restore'):
    fviz.render(network, objectives.channel('a', 1), fviz.recipes.lucid(16))
