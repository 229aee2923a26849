"""What a run is asked to do: defaults that read like a table."""

from fviz.config.build import check, recipe, snapshot_steps
from fviz.config.defaults import (
  compare,
  dream,
  hallucination_machine,
  notebook,
  render,
  sweep,
)

__all__ = [
  'check',
  'compare',
  'dream',
  'hallucination_machine',
  'notebook',
  'recipe',
  'render',
  'snapshot_steps',
  'sweep',
]
