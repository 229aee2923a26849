"""Anybody's network as a pure `Network`: from Flax or from a function."""

from fviz.networks.fingerprints import (
  fingerprint,
)
from fviz.networks.functions import (
  OUTPUT,
  from_function,
  normalize,
)
from fviz.networks.layer_names import (
  check_layer,
  is_pattern,
  select,
  table,
)
from fviz.networks.linen import (
  from_linen,
)
from fviz.networks.nnx import (
  from_nnx,
)

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
