"""Fields from command lines and records: read, checked, put into configs."""

import pytest

from fviz import config as configs
from fviz import errors
from fviz.config import overrides


def test_assignments_are_read():
  found = overrides.parsed(['a.b=1', 'c=x y', "d=('z',)"])
  assert found == {'a.b': 1, 'c': 'x y', 'd': ('z',)}
  with pytest.raises(errors.FvizError):
    overrides.parsed(['=']) and overrides.parsed(['nothing'])


def test_values_take_the_type_of_their_field():
  config = configs.dream().lock()
  overrides.override(config, {'film.fps': 30, 'channels': 7, 'label': 3})
  assert config.film.fps == 30.0 and isinstance(config.film.fps, float)
  assert config.channels == (7,) and config.label == '3'


@pytest.mark.parametrize(
  'values, message',
  [
    ({'filmm.fps': 1.0}, 'film.fps'),
    ({'octaves': 'many'}, 'wrong type'),
    ({'normalized': 1}, 'wrong type'),
  ],
)
def test_wrong_fields_and_types_are_refused(values, message):
  with pytest.raises(errors.FvizError, match=message):
    overrides.override(configs.dream().lock(), values)


def test_a_record_without_a_config_is_refused():
  with pytest.raises(errors.FvizError, match='no config'):
    overrides.restored(configs.dream(), {'config': 'gone'})
