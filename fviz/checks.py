"""Numbers that factories refuse before any work; traced ones pass."""

from __future__ import annotations

import math

import jax
import numpy as np

from fviz.errors import FvizError


def check(name: str, value: float, least: float) -> None:
  """Raises an `FvizError` unless value is finite and at least `least`.

  Traced values pass: they were checked as numbers before (`fviz.compare.candidates`).
  """
  if traced(value):
    return
  if not (_finite(value) and value >= least):
    raise FvizError(f'{name} must be {least} or more, not {value!r}.')


def check_int(name: str, value: int, least: int) -> None:
  """Raises an `FvizError` unless value is an integer from `least` on."""
  if not isinstance(value, (int, np.integer)) or value < least:
    raise FvizError(
      f'{name} must be an integer from {least} on, not {value!r}.'
    )


def check_range(low: float, high: float) -> None:
  """Raises an `FvizError` unless low <= high, both finite."""
  if traced(low, high):
    return
  if not (_finite(low) and _finite(high) and low <= high):
    raise FvizError(f'The range from {low} to {high} is empty or infinite.')


def check_number(name: str, value: float) -> None:
  """Raises an `FvizError` unless value is a finite number."""
  if not traced(value) and not _finite(value):
    raise FvizError(f'{name} must be a finite number, not {value!r}.')


def traced(*values) -> bool:
  """Whether any value is a tracer, whose number is not known."""
  return any(isinstance(value, jax.core.Tracer) for value in values)


def _finite(value) -> bool:
  """False for texts and the like, too."""
  try:
    return math.isfinite(value)
  except TypeError:
    return False
