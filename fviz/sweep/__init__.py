"""Pictures of many units, resumable, on one machine or many."""

from fviz.sweep.runner import Report, run
from fviz.sweep.sweep_plan import (
  IGNORED,
  SweepPlan,
  Unit,
  ignored,
  markdown,
  plan,
  record_of,
  units_of,
)

__all__ = [
  'IGNORED',
  'ignored',
  'Report',
  'SweepPlan',
  'Unit',
  'markdown',
  'plan',
  'record_of',
  'run',
  'units_of',
]
