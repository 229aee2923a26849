"""Feature visualization in JAX: many neurons at once, compiled, resumable."""

from typing import TYPE_CHECKING, Any

from fviz import (
  color,
  compare,
  config,
  deepdream,
  engine,
  errors,
  gradients,
  models,
  networks,
  objectives,
  optimizers,
  parameterizations,
  projections,
  recipes,
  regularizers,
  saliency,
  schedules,
  sweep,
  transforms,
  types,
)
from fviz.engine import Recipe, Result, render
from fviz.errors import FvizError

if TYPE_CHECKING:
  from fviz.runs.made_again import redo

__version__ = '0.1.0'
__all__ = [
  'FvizError',
  'Recipe',
  'Result',
  'color',
  'compare',
  'config',
  'deepdream',
  'engine',
  'errors',
  'gradients',
  'models',
  'networks',
  'objectives',
  'optimizers',
  'parameterizations',
  'projections',
  'recipes',
  'redo',
  'regularizers',
  'render',
  'saliency',
  'schedules',
  'sweep',
  'transforms',
  'types',
]


# It brings Flax, whose import takes a third of a second.
def __getattr__(name: str) -> Any:
  if name != 'redo':
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
  from fviz.runs import made_again

  return made_again.redo
