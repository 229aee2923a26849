"""Fields of a config from elsewhere: a command line, or a picture's record.

Records may come from strangers: fields must be those of the config and of their
types, whatever the text says.
"""

import ast
from collections.abc import Iterable, Mapping
from typing import Any

from ml_collections import ConfigDict

from fviz import errors
from fviz.storage import config_file


def override(config: ConfigDict, values: Mapping[str, Any]) -> None:
  """Puts values into a config, by dotted names, with its type checks.

  Raises:
    FvizError: an unknown field, or a value of another type.
  """
  known = set(dict(config_file.flat(config.to_dict())))
  for name, value in values.items():
    if name not in known:
      raise errors.unknown('field of the config', name, sorted(known))
    try:
      with config.unlocked():
        config.update_from_flattened_dict({name: _like(config, name, value)})
    except (TypeError, ValueError) as error:
      raise errors.FvizError(
        f'{name} = {value!r} is of the wrong type: it must be '
        f'{_kind_of(config, name)}.'
      ) from error


def restored(config: ConfigDict, record: Mapping[str, Any]) -> ConfigDict:
  """The config with the fields of a record; unknown ones and types fail."""
  fields = record.get('config')
  if not isinstance(fields, dict):
    raise errors.FvizError('The recipe has no config.')
  config = config.lock()
  override(config, dict(config_file.flat(fields)))
  return config


def parsed(assignments: Iterable[str]) -> dict[str, Any]:
  """What assignments say; what is no Python literal is a string.

  >>> parsed(['a.b=1.5', 'name=owl'])
  {'a.b': 1.5, 'name': 'owl'}
  """
  found = {}
  for text in assignments:
    name, equals, value = text.partition('=')
    if not equals:
      raise errors.FvizError(f'Cannot read {text!r}: write --set FIELD=VALUE.')
    try:
      found[name.strip()] = ast.literal_eval(value)
    except (ValueError, SyntaxError):
      found[name.strip()] = value
  return found


def _kind_of(config: ConfigDict, name: str) -> str:
  """What a field holds, in words."""
  old: Any = config
  for part in name.split('.'):
    old = old[part]
  words = {bool: 'True or False', int: 'a whole number', float: 'a number'}
  words |= {str: 'a text', tuple: 'a list'}
  return words.get(type(old), f'a {type(old).__name__}')


def _like(config: ConfigDict, name: str, value: Any) -> Any:
  """A value as the field has it: a tuple for a list, a float for a number."""
  old: Any = config
  for part in name.split('.'):
    old = old[part]
  if isinstance(old, tuple):
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)
  if isinstance(old, float) and isinstance(value, int):
    return float(value)
  if isinstance(old, str) and not isinstance(value, str):
    return str(value)
  if isinstance(old, bool) != isinstance(value, bool):
    raise TypeError(f'{type(old).__name__} expected')
  return value
