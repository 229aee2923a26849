"""Anybody's network as a pure `Network`: from Flax or from a function."""

import importlib
from typing import TYPE_CHECKING, Any

from fviz.networks.fingerprints import fingerprint
from fviz.networks.functions import OUTPUT, from_function, normalize
from fviz.networks.layer_names import check_layer, is_pattern, select, table

if TYPE_CHECKING:
  from fviz.networks.flax_modules import from_linen, from_nnx

__all__ = [
  'OUTPUT',
  'check_layer',
  'fingerprint',
  'from_function',
  'from_linen',
  'from_nnx',
  'is_pattern',
  'normalize',
  'select',
  'table',
]


# Importing Flax takes a third of a second, so only who needs it waits for it.
def __getattr__(name: str) -> Any:
  if name not in ('from_linen', 'from_nnx'):
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
  return getattr(importlib.import_module(f'{__name__}.flax_modules'), name)
