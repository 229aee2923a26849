"""Pictures are the same under whatever settings of JAX a process has."""

import contextlib
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import small

import fviz
from fviz import deepdream, jax_settings, networks, objectives, saliency
from fviz.compare import judge

pytestmark = pytest.mark.usefixtures('quick_compile')

_SETTINGS = {
  'rbg': {'jax_default_prng_impl': 'rbg'},
  'unpartitioned': {'jax_threefry_partitionable': False},
  'x64': {'jax_enable_x64': True},
  'rank': {'jax_numpy_rank_promotion': 'raise'},
  'strict': {'jax_numpy_dtype_promotion': 'strict'},
  'eager': {'jax_disable_jit': True},
}


@contextlib.contextmanager
def _process(settings):
  """A process with some settings, as its environment would give them."""
  before = {name: getattr(jax.config, name) for name in settings}
  for name, value in settings.items():
    jax.config.update(name, value)
  try:
    yield
  finally:
    for name, value in before.items():
      jax.config.update(name, value)


@functools.cache  # Before any setting: its weights are drawn by rbg as well.
def _network():
  return small.network()


def _render(channels, **recipe):
  objective = objectives.channel('conv', jnp.array(channels))
  recipe = fviz.recipes.lucid(16, steps=3, **recipe)
  return fviz.render(_network(), objective, recipe).images


_WORKS = {
  'render': lambda: _render([1, 2]),
  'crop': lambda: _render([1], crop=True, decay=1.5),
  'maco': lambda: (
    fviz.render(
      _network(),
      objectives.channel('conv', 1),
      fviz.recipes.maco(16, crops=2, steps=2),
    ).images
  ),
  'class': lambda: (
    fviz.render(
      _network(),
      objectives.log_odds(1, 'logits'),
      fviz.recipes.yosinski(3, 16, steps=2),
    ).images
  ),
  'dream': lambda: deepdream.dream(
    _network(),
    np.linspace(0, 1, 32 * 24 * 3).reshape(24, 32, 3),
    objectives.deepdream('conv'),
    deepdream.Settings(octaves=2, iterations=2),
  ),
  'smoothgrad': lambda: saliency.smoothgrad(
    _network(),
    objectives.channel('conv', 1),
    np.linspace(0, 1, 768).reshape(1, 16, 16, 3),
    samples=2,
  ),
  'integrated': lambda: saliency.integrated_gradients(
    _network(),
    objectives.channel('conv', 1),
    np.linspace(0, 1, 768).reshape(1, 16, 16, 3),
    steps=2,
  ),
  'judge': lambda: np.array(
    [
      judge.Judge(_network(), 'conv').measure(
        np.linspace(0, 1, 768).reshape(1, 16, 16, 3), [1]
      )[0][name]
      for name in ('activation', 'heldout_mean')
    ]
  ),
}


@pytest.fixture(scope='module')
def plain():
  """What the works give in a process that sets nothing."""
  found = {}

  def of(work):
    if work not in found:
      found[work] = np.asarray(_WORKS[work]())
    return found[work]

  return of


@pytest.mark.parametrize('settings', _SETTINGS)
@pytest.mark.parametrize('work', _WORKS)
def test_settings_of_the_process_change_nothing(plain, work, settings):
  _network()
  expected = plain(work)
  with _process(_SETTINGS[settings]):
    found = np.asarray(_WORKS[work]())
  assert found.dtype == expected.dtype
  np.testing.assert_array_equal(found, expected)


def _linen():
  return networks.from_linen(
    small.LinenNet(),
    small.linen_variables(small.model()),
    input_size=(24, 24),
    train=False,
  )


@pytest.mark.parametrize('settings', _SETTINGS)
@pytest.mark.parametrize('make', [small.network, _linen])
def test_networks_are_made_under_any_settings(make, settings):
  with _process(_SETTINGS[settings]):
    network = make()
    images = fviz.render(
      network, objectives.channel('conv', 1), fviz.recipes.lucid(16, steps=1)
    ).images
  assert network.layers.keys() >= {'conv', 'norm', 'logits'}
  assert np.isfinite(images).all()


def test_weights_of_64_bits_are_taken():
  apply = lambda v, x, layers: {'y': jax.nn.relu(x @ v['k'])}
  with _process(_SETTINGS['x64']):
    variables = {'k': jnp.eye(3) - 0.5}
    assert variables['k'].dtype == jnp.float64
    network = networks.from_function(apply, variables, ['y'], input_size=(8, 8))
    objective = objectives.direction('y', jnp.ones(3))
    found = fviz.render(network, objective, fviz.recipes.lucid(16, steps=2))
  assert found.images.dtype == found.activation.dtype == np.float32


def test_a_unit_does_not_depend_on_its_batch_under_rbg():
  with _process(_SETTINGS['rbg']):
    alone, among = _render([2]), _render([0, 1, 2])
  np.testing.assert_array_equal(alone[-1], among[-1])


def test_who_takes_from_a_generator_has_its_own_settings():
  @jax_settings.under_fixed
  def ours():
    yield jnp.ones(()).dtype
    yield jax.random.key(0).dtype

  with _process(_SETTINGS['x64'] | _SETTINGS['rbg']):
    theirs = [(d, jnp.ones(()).dtype, jax.random.key(0).dtype) for d in ours()]
  assert [str(x) for x in theirs[0]] == ['float32', 'float64', 'key<rbg>']
  assert [str(x) for x in theirs[1]] == ['key<fry>', 'float64', 'key<rbg>']
