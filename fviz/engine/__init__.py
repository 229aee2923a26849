"""The optimization: one step for one job, vmapped over jobs, one loop."""

from fviz.engine.fitting import check
from fviz.engine.jobs import Jobs, channel_jobs, job_keys, jobs_of, units
from fviz.engine.loop import Engine, Result, batches, render
from fviz.engine.recipe import (
  Parts,
  Recipe,
  Recipes,
  Scheduled,
  image_count,
  parts_of,
  scheduled,
)
from fviz.engine.step import State, beside

__all__ = [
  'Engine',
  'Jobs',
  'Parts',
  'Recipe',
  'Recipes',
  'Result',
  'Scheduled',
  'State',
  'batches',
  'beside',
  'channel_jobs',
  'check',
  'image_count',
  'job_keys',
  'jobs_of',
  'parts_of',
  'render',
  'scheduled',
  'units',
]
