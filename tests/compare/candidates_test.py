"""Which variants are valid, and which share a program."""

import jax
import numpy as np
import pytest

from fviz import config as configs
from fviz import errors, types
from fviz.compare import candidates

_NETWORK = types.Network(None, {}, {}, name='none')


def _collect(sweep, **changes):
  config = configs.sweep()
  config.size = 16
  config.transforms = 'pad(2)|jitter(2)|scale(0.9, 1.1)|rotate(-5, 5)|jitter(2)'
  config.update(changes)
  return candidates.collect(sweep, config.lock(), _NETWORK)


def _groups(sweep, **changes):
  found = candidates.groups(_collect(sweep, **changes), _NETWORK)
  return {group.names: group for group in found}


def test_numbers_share_a_program_and_structures_do_not():
  def sweep(add):
    add('none')
    add('seed', seed=7)
    for weight in (0.001, 0.01):
      add(f'tv={weight}', **{'regularizers.total_variation': weight})
    add('slow', optimizer='adam(0.01)')
    add('steep', parameterization='fourier(decay=1.5)')
    add('pixels', parameterization='pixels()')
    add('long', steps=300)
    add('pixels_slow', parameterization='pixels()', optimizer='adam(0.01)')

  groups = _groups(sweep)
  assert list(groups) == [
    ('none', 'seed', 'tv=0.001', 'tv=0.01', 'slow', 'steep'),
    ('pixels', 'pixels_slow'),
    ('long',),
  ]
  numbers = list(groups.values())[0].numbers
  assert {tuple(x.astype(float).round(4)) for x in numbers} == {
    (0.05, 0.05, 0.05, 0.05, 0.01, 0.05),
    (1.0, 1.0, 1.0, 1.0, 1.0, 1.5),
    (0.0, 0.0, 0.001, 0.01, 0.0, 0.0),
  }
  assert groups['long',].numbers == ()


def test_a_float_that_decides_a_shape_stays_static():
  text = 'pad(2)|scale(0.9, {})|rotate(-{}, 5.0)'

  def sweep(add):
    for high in (1.1, 1.2):
      for angle in (3.5, 7.5):
        add(f'{high}-{angle}', transforms=text.format(high, angle))

  groups = _groups(sweep)
  assert list(groups) == [('1.1-3.5', '1.2-3.5'), ('1.1-7.5', '1.2-7.5')]
  for group in groups.values():
    np.testing.assert_allclose(group.numbers, [[1.1, 1.2]])


def test_a_group_makes_the_recipe_of_each_variant():
  def sweep(add):
    add('a', **{'regularizers.l2': 0.5})
    add('b', **{'regularizers.l2': 0.25, 'regularizers.l1': 1.0})

  found = _collect(sweep)
  (group,) = candidates.groups(found, _NETWORK)
  images = jax.random.uniform(jax.random.key(0), (1, 16, 16, 3))

  def penalty(numbers):
    return group.recipe(numbers).regularizer({}, images)

  got = jax.jit(jax.vmap(penalty))(group.numbers)
  wanted = [
    configs.recipe(config, _NETWORK).regularizer({}, images)
    for config in found.values()
  ]
  np.testing.assert_allclose(got, wanted, rtol=1e-5)


def test_all_that_is_wrong_is_said_at_once():
  def sweep(add):
    add('good')
    add('good')
    add('../bad')
    add('images')
    add('typo', **{'regularizers.total_variaton': 1.0})
    add('kind', steps='many')
    add('range', steps=0)
    add('layer', layer='mixed4')
    add('name', transforms='jiter(2)')
    add('shape', transforms='jitter(200)')
    add('text', parameterization='fourier(decay="x")')
    add('rate', optimizer='adam("x")')
    add('weight', **{'regularizers.l2': float('nan')})

  with pytest.raises(errors.FvizError) as error:
    _collect(sweep)
  lines = str(error.value).splitlines()
  for line, words in zip(
    lines,
    (
      ("'good'", 'twice'),
      ("'../bad'", 'folder'),
      ("'images'", 'taken'),
      ("'typo'", "Did you mean 'regularizers.total_variation'?"),
      ("'kind'", 'int'),
      ("'range'", 'at least 1'),
      ("'layer'", 'same for all'),
      ("'name'", "Did you mean 'jitter'?"),
      ("'shape'", 'jitter(200)'),
      ("'text'", "decay must be a finite number, not 'x'"),
      ("'rate'", 'The optimizer cannot make a step'),
      ("'weight'", 'config.regularizers.l2 is nan'),
    ),
    strict=True,
  ):
    assert all(word in line for word in words), line


def test_no_variant_at_all():
  with pytest.raises(errors.FvizError, match='no variant'):
    _collect(lambda add: None)
