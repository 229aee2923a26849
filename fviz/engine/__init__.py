"""The optimization: one step for one job, vmapped over jobs, one loop."""

from fviz.engine.loop import (
  Engine,
  Recipe,
  Recipes,
  Result,
  State,
  batches,
  beside,
  check,
  job_keys,
  render,
  scheduled,
  units,
)

__all__ = [
  'Engine',
  'Recipe',
  'Recipes',
  'Result',
  'State',
  'batches',
  'beside',
  'check',
  'job_keys',
  'render',
  'scheduled',
  'units',
]
