"""Config strings."""

import jax
import jax.numpy as jnp
import pytest

from fviz import (
  config_strings,
  gradients,
  objectives,
  parameterizations,
  transforms,
)
from fviz.errors import FvizError


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


def test_parse_in_order():
  made = config_strings.parse('pad(2)|crop(3)', transforms)
  out = jnp.zeros([1, 4, 5, 3])
  for one in made:
    out = one(jax.random.key(0), out)
  assert out.shape == (1, 3, 3, 3)
  assert config_strings.parse('', transforms) == []
  (objective,) = config_strings.parse("channel('mixed', 3)", objectives)
  assert objective.layers == ('mixed',)
  assert len(config_strings.parse('clip(1)|pad(1)', gradients, transforms)) == 2


def test_calls_stand_for_their_text():
  calls = config_strings.calls('pad(2)|crop((3, 3), random=False)')
  assert config_strings.calls(calls) == calls
  one, two = config_strings.parse(calls, transforms)
  images = two(None, one(None, jnp.ones([1, 4, 5, 3])))
  assert images.shape == (1, 3, 3, 3)
  with pytest.raises(FvizError, match=r"'crop\(9\)\|pad\(-1, fill=0.5\)'"):
    config_strings.parse(
      [('crop', (9,), {}), ('pad', (-1,), {'fill': 0.5})], transforms
    )


def test_extra_arguments_fill_in():
  (p,) = config_strings.resolve(
    'pixels(8)', 'image', parameterizations, size=4, n=2, unused=1
  )
  assert p.init(jax.random.key(0)).shape == (2, 8, 8, 3)


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
    config_strings.parse(text, transforms)
  assert repr(text) in str(error.value)


def test_unknown_names():
  with pytest.raises(FvizError, match="Unknown transform.*mean 'jitter'"):
    config_strings.parse('jiter(2)', transforms)
  with pytest.raises(FvizError, match='Unknown transform'):
    config_strings.parse(
      'compose()|check(1)', transforms
    )  # Not in CONFIG_NAMES.
