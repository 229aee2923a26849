"""Which candidates share a compiled program."""

import jax
import numpy as np
from ml_collections import ConfigDict

from fviz import config as configs
from fviz import types
from fviz.compare import candidates, shared_programs

_NETWORK = types.Network(None, {}, {}, name='none')


def _collect(sweep, weights=None):
  config = configs.sweep()
  config.regularizers = ConfigDict(weights or config.regularizers)
  config.size = 16
  config.transforms = 'pad(2)|jitter(2)|scale(0.9, 1.1)|rotate(-5, 5)|jitter(2)'
  return candidates.collect(sweep, config.lock(), _NETWORK)


def _programs(sweep, weights=None):
  found = shared_programs.shared(_collect(sweep, weights), _NETWORK)
  return {tuple(one.name for one in p.candidates): p for p in found}


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

  programs = _programs(sweep)
  assert list(programs) == [
    ('none', 'seed', 'tv=0.001', 'tv=0.01', 'slow', 'steep'),
    ('pixels', 'pixels_slow'),
    ('long',),
  ]
  numbers = list(programs.values())[0].numbers
  assert {tuple(x.astype(float).round(4)) for x in numbers} == {
    (0.05, 0.05, 0.05, 0.05, 0.01, 0.05),
    (1.0, 1.0, 1.0, 1.0, 1.0, 1.5),
    (0.0, 0.0, 0.001, 0.01, 0.0, 0.0),
  }
  assert programs['long',].numbers == ()


def test_a_float_that_decides_a_shape_stays_static():
  text = 'pad(2)|scale(0.9, {})|rotate(-{}, 5.0)'

  def sweep(add):
    for high in (1.1, 1.2):
      for angle in (3.5, 7.5):
        add(f'{high}-{angle}', transforms=text.format(high, angle))

  programs = _programs(sweep)
  assert list(programs) == [('1.1-3.5', '1.2-3.5'), ('1.1-7.5', '1.2-7.5')]
  for program in programs.values():
    np.testing.assert_allclose(program.numbers, [[1.1, 1.2]])


def test_schedules_do_not_keep_numbers_apart():
  def sweep(add):
    for weight in (0.25, 0.5):
      add(f'l2={weight}', **{'regularizers.l2': weight})

  weights = {'l1': 'linear(0.5, 0.0, 8)', 'l2': 0.0}
  assert list(_programs(sweep, weights)) == [('l2=0.25', 'l2=0.5')]


def test_a_program_makes_the_recipe_of_each_candidate():
  def sweep(add):
    add('a', **{'regularizers.l2': 0.5})
    add('b', **{'regularizers.l2': 0.25, 'regularizers.l1': 1.0})

  found = _collect(sweep)
  (program,) = shared_programs.shared(found, _NETWORK)
  images = jax.random.uniform(jax.random.key(0), (1, 16, 16, 3))

  def penalty(numbers):
    return program.recipe(numbers).regularizer({}, images)

  got = jax.jit(jax.vmap(penalty))(program.numbers)
  wanted = [one.recipe.regularizer({}, images) for one in found]
  np.testing.assert_allclose(got, wanted, rtol=1e-5)
