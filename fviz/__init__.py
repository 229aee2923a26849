"""Feature visualization in JAX: many neurons at once, compiled, resumable."""

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
