"""Checks of the numbers that are given to factories, before any work.

Traced numbers pass all of them but `check_int`: their values are not known
here, and were checked before they were traced.
"""

import math
from typing import Any

import numpy as np
from jax import core

from fviz import types
from fviz.errors import FvizError
from fviz.types import Size


def check(name: str, value: Any, least: float, most: float = math.inf) -> None:
  """Raises an `FvizError` unless value is finite and in [least, most]."""
  if traced(value) or (_finite(value) and least <= value <= most):
    return
  allowed = f'{least} or more' if most == math.inf else f'{least} to {most}'
  raise FvizError(f'{name} must be {allowed}, not {value!r}.')


def check_int(name: str, value: Any, least: int) -> None:
  """Raises an `FvizError` unless value is an integer from `least` on."""
  if not isinstance(value, (int, np.integer)) or value < least:
    wanted = f'an integer from {least} on'
    raise FvizError(f'{name} must be {wanted}, not {value!r}.')


def check_seed(name: str, value: Any) -> None:
  """Raises an `FvizError` unless value is an integer from 0 to 2^32 - 1."""
  is_integer = isinstance(value, (int, np.integer))
  if traced(value) or (
    is_integer and not isinstance(value, bool) and 0 <= value < 2**32
  ):
    return
  raise FvizError(
    f'{name} must be an integer from 0 to 2^32 - 1, not {value!r}.'
  )


def check_network(value: Any) -> None:
  """Raises an `FvizError` unless value is a network."""
  if not isinstance(value, types.Network):
    raise FvizError(
      f'network must be a Network, not {shown(value)}: fviz.models.load and '
      'fviz.networks.from_nnx, from_linen and from_function make one.'
    )


def check_objective(value: Any) -> None:
  """Raises an `FvizError` unless value is an objective."""
  if not isinstance(value, types.Objective):
    raise FvizError(
      f'objective must be an Objective, not {shown(value)}: fviz.objectives '
      "makes them, such as channel('mixed3', 7)."
    )


def shown(value: Any) -> str:
  """A value in a few words, for messages: modules print pages.

  >>> shown('a' * 100)
  'a str'
  """
  text = repr(value)
  short = len(text) <= 60 and '\n' not in text
  return text if short else f'a {type(value).__name__}'


def check_size(size: Size, name: str = 'size') -> tuple[int, int]:
  """(height, width), or an `FvizError` unless both are integers from 1 on."""
  sides = size if isinstance(size, (tuple, list)) else (size, size)
  fits = len(sides) == 2 and all(
    isinstance(side, (int, np.integer))
    and not isinstance(side, bool)
    and side >= 1
    for side in sides
  )
  if not fits:
    raise FvizError(
      f'{name} must be a side or (height, width), in pixels from 1 on, not '
      f'{size!r}.'
    )
  height, width = sides
  return int(height), int(width)


def check_range(low: float, high: float) -> None:
  """Raises an `FvizError` unless low <= high and both are finite."""
  if traced(low, high):
    return
  if not (_finite(low) and _finite(high) and low <= high):
    raise FvizError(f'The range from {low} to {high} is empty or infinite.')


def check_number(name: str, value: float) -> None:
  """Raises an `FvizError` unless value is a finite number."""
  if not traced(value) and not _finite(value):
    raise FvizError(f'{name} must be a finite number, not {value!r}.')


def traced(*values: Any) -> bool:
  """Whether some value is a tracer, whose number is not known."""
  return any(isinstance(value, core.Tracer) for value in values)


def _finite(value) -> bool:
  try:
    return math.isfinite(value)
  except TypeError:  # Texts and the like.
    return False
