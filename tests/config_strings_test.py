"""Config strings."""

import jax
import jax.numpy as jnp
import pytest

from fviz import (
  config_strings,
  gradients,
  objectives,
  parameterizations,
  schedules,
  transforms,
)
from fviz.errors import FvizError


def _transforms(text):
  return config_strings.resolve(text, 'transform', transforms)


def test_calls():
  text = ' pad(12, fill=-.5)|jitter ( 8 ) | flip|crop((3, 4), random=False)'
  assert config_strings.calls(text) == [
    ('pad', (12,), {'fill': -0.5}),
    ('jitter', (8,), {}),
    ('flip', (), {}),
    ('crop', ((3, 4),), {'random': False}),
  ]
  assert config_strings.calls("logit('a|b')") == [('logit', ('a|b',), {})]
  assert config_strings.calls('  ') == []


def test_calls_in_order():
  made = _transforms('pad(2)|crop(3)')
  out = jnp.zeros([1, 4, 5, 3])
  for one in made:
    out = one(jax.random.key(0), out)
  assert out.shape == (1, 3, 3, 3)
  assert _transforms('') == []
  (objective,) = config_strings.resolve(
    "channel('mixed', 3)", 'objective', objectives
  )
  assert objective.layers == ('mixed',)
  both = config_strings.resolve('clip(1)|pad(1)', 'any', gradients, transforms)
  assert len(both) == 2


def test_calls_stand_for_their_text():
  calls = config_strings.calls('pad(2)|crop((3, 3), random=False)')
  assert config_strings.calls(calls) == calls
  one, two = _transforms(calls)
  images = two(None, one(None, jnp.ones([1, 4, 5, 3])))
  assert images.shape == (1, 3, 3, 3)
  with pytest.raises(FvizError, match=r"'crop\(9\)\|pad\(-1, fill=0.5\)'"):
    _transforms([('crop', (9,), {}), ('pad', (-1,), {'fill': 0.5})])


def test_extra_arguments_fill_in():
  (p,) = config_strings.resolve(
    'pixels(8)', 'image', parameterizations, size=4, n=2, unused=1
  )
  assert p.init(jax.random.key(0)).shape == (2, 8, 8, 3)


def test_schedules_stand_for_numbers():
  (call,) = config_strings.calls('noise(linear(0.1, 0.0, 4))')
  assert call == ('noise', (schedules.linear(0.1, 0.0, 4),), {})
  for text in ('noise(liner(0.1, 0.0, 4))', 'noise(linear(0.1, 0.0, 0))'):
    with pytest.raises(FvizError) as error:
      config_strings.calls(text)
    assert repr(text) in str(error.value)


def test_arguments_name_colours():
  (p,) = config_strings.resolve(
    "pixels(2, color='clip')", 'image', parameterizations
  )
  assert p.images(jnp.full([1, 2, 2, 3], 9.0)).max() == 1


@pytest.mark.parametrize(
  'text',
  [
    'pad(',
    'pad(1) jitter(2)',
    'pad(1)|',
    'pad(1)+jitter(2)',
    'pad(x)',
    'pad(__import__("os"))',
    'transforms.pad(1)',
    'pad(1)(2)',
    'pad(**{})',
    'pad(*[1])',
    'pad()',
    'pad(1, 2, 3)',
    'pad(wide=1)',
    'pad(-1)',
    'pad("a")',
    'pad(1)\0',
    '3',
  ],
)
def test_bad_text_is_quoted(text):
  with pytest.raises(FvizError) as error:
    _transforms(text)
  assert repr(text) in str(error.value)


def test_unknown_names():
  with pytest.raises(FvizError, match="Unknown transform.*mean 'jitter'"):
    _transforms('jiter(2)')
  with pytest.raises(FvizError, match='Unknown transform'):
    _transforms('compose()|check(1)')  # Not in CONFIG_NAMES.
