"""Published recipes, each a composition of primitives and nothing more."""

from fviz.recipes.classics import (
  erhan,
  lewis,
  mahendran,
  simonyan,
  yosinski,
)
from fviz.recipes.modern import (
  accentuation,
  balance,
  caricature,
  cppn,
  diversity,
  lucid,
  maco,
  olah,
  quick,
)

__all__ = [
  'accentuation',
  'balance',
  'caricature',
  'cppn',
  'diversity',
  'erhan',
  'lewis',
  'lucid',
  'maco',
  'mahendran',
  'olah',
  'quick',
  'simonyan',
  'yosinski',
]

# What config strings can name.
CONFIG_NAMES = (
  'lewis',
  'erhan',
  'simonyan',
  'mahendran',
  'yosinski',
  'lucid',
  'quick',
  'olah',
  'diversity',
  'caricature',
  'cppn',
  'maco',
  'accentuation',
)
