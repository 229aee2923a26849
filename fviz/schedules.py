"""Numbers that change with the step.

They may stand for numbers in config strings: with 'noise(linear(0.1, 0.0, 64))'
the noise dies out. A schedule is a function of the step, which is traced. So
what decides a shape, such as pixels of padding, cannot follow one.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from fviz import checks
from fviz.errors import FvizError
from fviz.types import Array

CONFIG_NAMES = ('linear', 'exponential', 'cosine', 'piecewise')


@dataclasses.dataclass(frozen=True)
class Schedule:
  """A function step -> number; equal if its name and its arguments are."""

  name: str
  numbers: tuple[Any, ...]

  def __call__(self, step: ArrayLike) -> Array:
    return _FUNCTIONS[self.name](jnp.asarray(step, jnp.float32), *self.numbers)


def linear(start: float, end: float, steps: int) -> Schedule:
  """From `start` to `end` in a straight line, in so many steps; then `end`.

  >>> print(linear(1.0, 0.0, 4)(1))
  0.75
  """
  return _made('linear', start, end, steps)


def exponential(start: float, end: float, steps: int) -> Schedule:
  """The same as `linear` in equal ratios; both numbers must be positive.

  >>> print(exponential(1.0, 0.25, 2)(1).round(4))
  0.5
  """
  checks.check('start', start, 1e-30)
  checks.check('end', end, 1e-30)
  return _made('exponential', start, end, steps)


def cosine(start: float, end: float, steps: int) -> Schedule:
  """The same as `linear` along half a cosine, level at both ends.

  >>> print(cosine(1.0, 0.0, 2)(1).round(4))
  0.5
  """
  return _made('cosine', start, end, steps)


def piecewise(*pieces: Sequence[float]) -> Schedule:
  """Pieces (steps, number), one after the other; the last number goes on.

  >>> print(piecewise((2, 1.0), (2, 0.5))(2))
  0.5
  """
  if not pieces or any(len(piece) != 2 for piece in pieces):
    raise FvizError('piecewise takes pieces (steps, number), at least one.')
  for steps, _ in pieces:
    checks.check_int('steps', steps, 1)
  return Schedule('piecewise', tuple(tuple(piece) for piece in pieces))


def at(value: Any, step: ArrayLike) -> Any:
  """A tree of arguments in which every schedule is its number at a step.

  >>> at(('noise', (linear(0.0, 1.0, 4),), {}), 2)[1][0].item()
  0.5
  """
  now = lambda leaf: leaf(step) if isinstance(leaf, Schedule) else leaf
  return jax.tree.map(now, value)


def used(value: Any) -> bool:
  """Whether a tree of arguments holds a schedule.

  >>> used([('noise', (linear(0.0, 1.0, 4),), {})]), used([('flip', (), {})])
  (True, False)
  """
  return any(isinstance(leaf, Schedule) for leaf in jax.tree.leaves(value))


def _made(name, start, end, steps) -> Schedule:
  checks.check_int('steps', steps, 1)
  for value in (start, end):
    checks.check_range(value, value)
  return Schedule(name, (start, end, steps))


def _linear(step, start, end, steps):
  return start + (end - start) * jnp.clip(step / steps, 0, 1)


def _exponential(step, start, end, steps):
  return start * (end / start) ** jnp.clip(step / steps, 0, 1)


def _cosine(step, start, end, steps):
  turn = jnp.cos(jnp.pi * jnp.clip(step / steps, 0, 1))
  return end + (start - end) * (1 + turn) / 2


def _piecewise(step, *pieces):
  bounds, number = 0, pieces[0][1]
  for (steps, _), (_, following) in zip(pieces, pieces[1:], strict=False):
    bounds += steps
    number = jnp.where(step >= bounds, following, number)
  return jnp.asarray(number, jnp.float32)


_FUNCTIONS = {
  'linear': _linear,
  'exponential': _exponential,
  'cosine': _cosine,
  'piecewise': _piecewise,
}
