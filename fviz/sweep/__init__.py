"""Pictures of many units, resumable, on one machine or many."""

from fviz.sweep.runner import (
  IGNORED,
  Report,
  Unit,
  markdown,
  plan,
  record_of,
  run,
)

__all__ = [
  'IGNORED',
  'Report',
  'Unit',
  'markdown',
  'plan',
  'record_of',
  'run',
]
