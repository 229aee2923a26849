"""What a run is asked to do: defaults that read like a table."""

from fviz.config.defaults import (
  check,
  compare,
  dream,
  hallucination_machine,
  notebook,
  recipe,
  render,
  snapshot_steps,
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
