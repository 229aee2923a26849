"""Checks of the numbers that are given to factories, before any work.

Traced numbers pass all of them but `check_int`: their values are not known
here, and were checked before they were traced.
"""

import math
from collections.abc import Iterable
from typing import Any

import jax
import numpy as np
from jax import core

from fviz import types
from fviz.errors import FvizError, unknown
from fviz.types import Size

_LARGEST = 16384  # Pixels a side: beyond it one image alone fills a memory.


def check(name: str, value: Any, least: float, most: float = math.inf) -> None:
  """Raises an `FvizError` unless value is finite and in [least, most]."""
  if traced(value) or (_finite(value) and least <= value <= most):
    return
  allowed = f'{least} or more' if most == math.inf else f'{least} to {most}'
  raise FvizError(f'{name} must be {allowed}, not {shown(value)}.')


def check_int(name: str, value: Any, least: int, most: int = 1 << 24) -> None:
  """Raises an `FvizError` unless value is an integer in [least, most]."""
  is_integer = isinstance(value, (int, np.integer))
  if not is_integer or isinstance(value, bool) or not least <= value <= most:
    wanted = f'an integer from {least} on'
    if is_integer and value > most:
      wanted = f'an integer from {least} to {most}'
    raise FvizError(f'{name} must be {wanted}, not {shown(value)}.')


def check_positive(name: str, value: Any) -> None:
  """Raises an `FvizError` unless value is a finite number above 0."""
  if not traced(value) and not (_finite(value) and value > 0):
    raise FvizError(f'{name} must be above 0, not {shown(value)}.')


def check_numbers(
  name: str, values: Any, least: float, above: bool = False
) -> None:
  """Raises an `FvizError` unless all numbers are finite and `least` or more.

  With `above`, they must be more than that. They are one or an array.
  """
  if traced(*jax.tree.leaves(values)):
    return
  try:
    array = np.asarray(values, np.float64)
  except (TypeError, ValueError, OverflowError):
    array = np.array(np.nan)
  if not np.isfinite(array).all() or (array < least).any():
    fits = False
  else:
    fits = not (above and (array == least).any())
  if not fits:
    wanted = f'above {least}' if above else f'{least} or more'
    raise FvizError(f'{name} must be {wanted}, not {shown(values)}.')


def check_choice(name: str, value: Any, known: Iterable[str]) -> None:
  """Raises an `FvizError` unless value is one of the known names."""
  if not isinstance(value, str) or value not in known:
    raise unknown(
      name, value if isinstance(value, str) else shown(value), known
    )


def check_flag(name: str, value: Any) -> None:
  """Raises an `FvizError` unless value is True or False."""
  if not isinstance(value, (bool, np.bool_)):
    raise FvizError(f'{name} must be True or False, not {shown(value)}.')


def check_sequence(name: str, value: Any, example: str) -> None:
  """Raises an `FvizError` unless value is a list or a tuple with something."""
  if not isinstance(value, (list, tuple)) or not value:
    raise FvizError(
      f'{name} must be a list such as {example}, not {shown(value)}.'
    )


def check_rate(name: str, value: Any) -> None:
  """Raises an `FvizError` unless value is above 0 and at most 1e10."""
  if traced(value) or (_finite(value) and 0 < value <= 1e10):
    return
  raise FvizError(
    f'{name} must be above 0 and at most 1e10, not {shown(value)}.'
  )


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
  for leaf in jax.tree.leaves(value.variables):
    if isinstance(leaf, jax.ShapeDtypeStruct):
      raise FvizError(
        f'A weight of {value.name} is abstract, {leaf}: restore the values of '
        'all of them first.'
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
    and 1 <= side <= _LARGEST
    for side in sides
  )
  if not fits:
    raise FvizError(
      f'{name} must be a side or (height, width), in pixels from 1 to '
      f'{_LARGEST}, not {shown(size)}.'
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
    raise FvizError(f'{name} must be a finite number, not {shown(value)}.')


def images(
  name: str,
  value: Any,
  axes: str = 'n h w c',
  channels: int | None = None,
  finite: bool = True,
) -> np.ndarray:
  """Images as every part of fviz takes them: float32 in [0, 1].

  All that takes images from outside lets them pass here, so that a photo of
  0..255 is never taken for something brighter than white.

  Args:
    name: of the argument, for messages.
    value: floats in [0, 1], or uint8 in 0..255.
    axes: that it must have, in words.
    channels: how many the last axis must have; None takes any.
    finite: whether NaN is refused; pictures of jobs that failed have it.

  Raises:
    FvizError: other axes, channels or types, or values out of range.

  >>> images('photo', np.full((1, 1, 3), 255, np.uint8), 'h w c').tolist()
  [[[1.0, 1.0, 1.0]]]
  """
  if traced(value):
    return value
  try:
    array = np.asarray(value)
  except Exception as error:  # Ragged lists, and objects of all kinds.
    raise FvizError(f'{name} is no array: {error}.') from error
  last = axes.split()[-1] if channels is None else str(channels)
  wanted = f'[{", ".join([*axes.split()[:-1], last])}]'
  right = array.ndim == len(axes.split()) and 0 not in array.shape
  if not right or (channels is not None and array.shape[-1] != channels):
    raise FvizError(f'{name} must be {wanted}, not of shape {array.shape}.')
  if array.dtype == np.uint8:
    return array / np.float32(255)
  if array.dtype.kind in 'biucOSUmM':  # bfloat16's kind is V.
    raise FvizError(
      f'{name} must be float in [0, 1], or uint8 in 0 to 255, not '
      f'{array.dtype}.'
    )
  array = array.astype(np.float32)
  known = array if finite else array[np.isfinite(array)]
  if not np.isfinite(known).all():
    raise FvizError(f'{name} has values that are not finite, NaN or infinite.')
  low, high = known.min(initial=0), known.max(initial=1)
  if low < 0 or high > 1:
    raise FvizError(
      f'{name} has values outside [0, 1], from {low:.4g} to {high:.4g}: they '
      'must be in [0, 1], or uint8 in 0 to 255.'
    )
  return array


def traced(*values: Any) -> bool:
  """Whether some value is a tracer, whose number is not known."""
  return any(isinstance(value, core.Tracer) for value in values)


def _finite(value) -> bool:
  try:
    return math.isfinite(value)
  except (TypeError, ValueError, OverflowError):  # Texts, arrays and the like.
    return False
