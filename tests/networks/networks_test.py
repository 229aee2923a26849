import jax
import jax.numpy as jnp
import numpy as np
import pytest
import small
from flax import nnx

from fviz import errors, networks


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
