"""What recipes make fits what networks take, or is refused before any work."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import small
from flax import linen, nnx

import fviz
from fviz import deepdream, engine, errors, networks, objectives

pytestmark = pytest.mark.usefixtures('quick_compile')


class _Flat(nnx.Module):
  """A convolution, and a linear layer on all of its positions."""

  def __init__(self):
    rngs = nnx.Rngs(0)
    self.c = nnx.Conv(3, 4, (3, 3), rngs=rngs)
    self.end = nnx.Linear(16 * 16 * 4, 5, rngs=rngs)

  def __call__(self, x):
    x = nnx.relu(self.c(x))
    return self.end(x.reshape(len(x), -1))


class _LinenFlat(linen.Module):
  @linen.compact
  def __call__(self, x):
    x = linen.relu(linen.Conv(4, (3, 3), name='c')(x))
    return linen.Dense(5, name='end')(x.reshape(len(x), -1))


class _Transformer(nnx.Module):
  """Patches, position embeddings of one size, a norm of the class token."""

  def __init__(self):
    rngs = nnx.Rngs(0)
    self.patches = nnx.Conv(3, 8, (4, 4), strides=(4, 4), rngs=rngs)
    self.places = nnx.Param(0.1 * jax.random.normal(rngs(), (1, 17, 8)))
    self.attention = nnx.MultiHeadAttention(2, 8, rngs=rngs, decode=False)
    self.norm = nnx.LayerNorm(8, rngs=rngs)

  def __call__(self, x):
    x = self.patches(x).reshape(len(x), -1, 8)
    token = jnp.zeros((len(x), 1, 8))
    x = jnp.concatenate([token, x], 1) + self.places[...]
    return self.norm((x + self.attention(x))[:, 0])


def _linen():
  module = _LinenFlat()
  variables = module.init(jax.random.key(0), jnp.zeros((1, 16, 16, 3)))
  return networks.from_linen(module, variables, input_size=16)


_FIXED = {
  'nnx': lambda: networks.from_nnx(_Flat(), input_size=16),
  'linen': _linen,
  'transformer': lambda: networks.from_nnx(_Transformer(), input_size=16),
}


def test_a_network_says_whether_its_size_is_fixed():
  assert all(make().fixed_size for make in _FIXED.values())
  assert not small.network().fixed_size
  assert not fviz.models.load('pareidolia').fixed_size


@pytest.mark.parametrize('kind', _FIXED)
def test_what_a_network_of_one_size_sees_is_cropped(kind):
  network = _FIXED[kind]()
  last = list(network.layers)[-1]
  objective = objectives.channel(last, jnp.arange(2))
  recipes = [
    fviz.recipes.lucid(16, steps=2),
    fviz.recipes.quick(16, steps=2),
    fviz.recipes.maco(16, crops=2, crop_size=24, steps=2),
    engine.scheduled(
      lambda step: fviz.recipes.lucid(16, steps=2, learning_rate=1 / (step + 1))
    ),
  ]
  for recipe in recipes if kind == 'nnx' else recipes[:1]:
    images = fviz.render(network, objective, recipe).images
    assert np.isfinite(images).all() and images.std() > 0
  _, seen = engine.check(network, recipes[0], (last,))
  assert seen.shape == (1, 16, 16, 3)


@pytest.mark.parametrize('kind', ['nnx', 'linen'])
def test_layers_below_need_no_fixed_size(kind):
  network = _FIXED[kind]()
  recipe = fviz.recipes.lucid(20, steps=2)
  images = fviz.render(network, objectives.channel('c', 1), recipe).images
  _, seen = engine.check(network, recipe, ('c',))
  assert images.shape == (1, 1, 20, 20, 3) and seen.shape[1] > 20


@pytest.mark.parametrize('kind', _FIXED)
def test_another_size_is_refused_with_the_right_one(kind):
  network = _FIXED[kind]()
  objective = objectives.channel(list(network.layers)[-1], 1)
  with pytest.raises(errors.FvizError, match=r'takes 16 x 16 only.*size=16'):
    fviz.render(network, objective, fviz.recipes.lucid(28))


def test_dreams_in_octaves_say_why_not():
  network = _FIXED['nnx']()
  dreamer = deepdream.Dreamer(network, objectives.channel('end', 1))
  with pytest.raises(errors.FvizError, match='16 x 16 pixels only.*octaves 1'):
    dreamer.check((16, 16))
  one = dreamer.replace(octaves=1, iterations=1)
  image = np.full((16, 16, 3), 0.5, np.float32)
  assert one(image).shape == (16, 16, 3)


def test_a_sweep_of_a_network_of_one_size(tmp_path):
  config = fviz.config.sweep()
  config.update(layer='c,end', channels=(0, 1), size=16, steps=2)
  fviz.sweep.run(config.lock(), str(tmp_path), _FIXED['nnx']())
  assert len(list(tmp_path.glob('images/*/*.png'))) == 4


@pytest.mark.parametrize(
  'network, objective, recipe, message',
  [
    (small.model, None, None, 'network must be a Network'),
    (lambda: 'vgg16', None, None, "network must be a Network, not 'vgg16'"),
    (None, 'conv', None, "objective must be an Objective, not 'conv'"),
    (None, lambda a, x: 0.0, None, 'objective must be an Objective'),
    (None, None, fviz.recipes.lucid, r'Call it: lucid\(\)'),
    (None, None, 'lucid', "recipe must be a Recipe, not 'lucid'"),
  ],
)
def test_what_is_no_network_objective_or_recipe(
  network, objective, recipe, message
):
  with pytest.raises(errors.FvizError, match=message):
    fviz.render(
      network() if network else small.network(),
      objective or objectives.channel('conv', 1),
      recipe or fviz.recipes.lucid(16, steps=1),
    )


@pytest.mark.parametrize(
  'more, message',
  [
    (dict(seed='a'), "seed must be .* 'a'"),
    (dict(seed=-1), 'seed must be .* -1'),
    (dict(seed=1.5), 'seed must be .* 1.5'),
    (dict(variant='a'), "variant must be .* 'a'"),
    (dict(batch_size='many'), "batch_size .* 'many'"),
    (dict(batch_size=0), 'batch_size .* 0'),
  ],
)
def test_numbers_of_a_render(more, message):
  objective = objectives.channel('conv', 1)
  with pytest.raises(errors.FvizError, match=message):
    fviz.render(small.network(), objective, fviz.recipes.lucid(16), **more)


def test_objectives_are_divided_and_negated():
  a = {'y': jnp.array([[3.0, 4.0]])}
  one, two = (objectives.channel('y', i) for i in (0, 1))
  value = lambda objective: float(objective(a, None))
  assert value(one / 2) == 1.5
  assert value(one / two) == 0.75
  assert value(2 * one - two) == 2.0
  assert value(-one) == -3.0
  assert value(1 - one) == -2.0
  assert value(6 / one) == 2.0
