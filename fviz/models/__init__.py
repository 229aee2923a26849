"""The zoo: published networks and our own, as `Network`s.

The table is a literal: a name and the module that holds the family. Each such
module has `load(name, weights='')`; modules are imported only when asked for.
"""

import importlib

from fviz import errors, types

_FAMILIES = {
  'pareidolia': 'pareidolia',
  'inception_v3': 'inception_v3',
}


def names() -> tuple[str, ...]:
  """All models that `load` knows."""
  return tuple(_FAMILIES)


def load(name: str, weights: str = '') -> types.Network:
  """A network of the zoo with its weights.

  Args:
    name: one of `names()`.
    weights: a file of weights; '' takes the embedded or published ones.

  Raises:
    FvizError: for an unknown name, a missing file, or weights that do not fit.
  """
  if name not in _FAMILIES:
    raise errors.unknown('model', name, names())
  family = importlib.import_module(f'fviz.models.{_FAMILIES[name]}')
  return family.load(name, weights)
