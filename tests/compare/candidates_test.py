"""Which candidates are valid, and by what they differ."""

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


def test_no_candidate_at_all():
  with pytest.raises(errors.FvizError, match='no candidate'):
    _collect(lambda add: None)


def test_differences_are_told_by_field():
  def sweep(add):
    add('a')
    add('b', seed=3, **{'regularizers.l2': 0.5})

  found = _collect(sweep)
  assert [(one.name, one.seed) for one in found] == [('a', 0), ('b', 3)]
  assert found[1].config['regularizers']['l2'] == 0.5
  assert candidates.differences(found, found[0].config) == {
    'seed': {'a': 0, 'b': 3},
    'regularizers.l2': {'a': 0.0, 'b': 0.5},
  }
