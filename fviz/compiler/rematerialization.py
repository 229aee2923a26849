"""Where to cut a network into pieces so that its backward pass keeps little.

The activations inside a piece are computed again when its gradient is computed
(Chen et al. 2016, arXiv:1604.06174). Only the values that pass from one piece
to the next are kept, and one piece at a time holds its activations. This costs
time, so a network is cut only where much memory is saved: networks of GELUs and
layer norms, and on CPUs also networks of ReLUs (elsewhere the gradient of a
ReLU keeps only a byte a value).
"""

import itertools
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

import jax
from jax.extend import core

_MOST = 64  # The largest number of pieces that is tried.
# How many times the largest value a cut must save: a step holds several anyway.
_WORTH = 4

# By default XLA's CPU backend computes everything as early as it can. It would
# compute all activations again at once, and nothing would be saved.
_LATE: dict[str, str | bool] = {
  'xla_cpu_scheduler_type': 'CPU_SCHEDULER_TYPE_MEMORY_OPTIMIZED'
}


class Segment(NamedTuple):
  """A piece of a program: operations from `start` to `stop`, as in a slice."""

  start: int
  stop: int
  keeps: list[Any]  # The values that later operations or the outputs need.


def cut(
  operations: Sequence[tuple[Collection[Any], Collection[Any]]],
  outputs: Collection[Any],
  sizes: Mapping[Any, int],
  saved: Sequence[int],
) -> list[Segment]:
  """Cuts a program so that as few bytes as possible are held at once.

  A program of n operations of equal size is cut into about sqrt(n) pieces. It
  stays whole where cutting would save little.

  Args:
    operations: in order, what each reads and what it makes: names of values,
      which can be sorted.
    outputs: the values that it returns.
    sizes: bytes of every value.
    saved: for each operation, the bytes that its gradient keeps.
  """
  alive = _alive(operations, outputs)
  kept = [sum(sizes[v] for v in values) for values in alive]
  total = sum(saved)
  tries = (_ends(saved, kept, total / n) for n in range(1, _MOST + 1))
  ends = min(tries, key=lambda ends: _peak(saved, kept, ends))
  if total - _peak(saved, kept, ends) < _WORTH * max(sizes.values()):
    ends = [len(operations)]
  return [
    Segment(start, stop, sorted(alive[stop - 1]))
    for start, stop in itertools.pairwise([0, *ends])
  ]


def saved(function: Callable[..., Any], values: Any, *rest: Any) -> int:
  """Bytes that the gradient of a function with respect to `values` keeps.

  `values` are a pytree of arrays, or of their shapes and types. The rest of its
  arguments are in memory anyway and do not count.
  """

  def residuals(values, *rest):
    _, pull = jax.vjp(lambda values: function(values, *rest), values)
    return jax.tree.leaves(pull)

  jaxpr = jax.make_jaxpr(residuals)(values, *rest).jaxpr
  first = len(jax.tree.leaves(values))
  anyway = {*jaxpr.invars[first:], *jaxpr.constvars}
  found = {v for v in jaxpr.outvars if isinstance(v, core.Var)} - anyway
  return sum(bytes_of(v.aval) for v in found)


def compiled(lowered: jax.stages.Lowered) -> jax.stages.Compiled:
  """Compiles a program of pieces so that each waits until it is needed."""
  try:
    return lowered.compile(_LATE)
  except jax.errors.JaxRuntimeError as error:
    if 'compile option' not in str(error):  # Some versions do not know it.
      raise
    return lowered.compile()


def bytes_of(value: Any) -> int:
  """The size of an array, or of one with this shape and type."""
  return math.prod(value.shape) * value.dtype.itemsize


def _alive(operations, outputs):
  """For each operation, the values that are needed after it."""
  wanted, found = set(outputs), []
  for reads, makes in reversed(operations):
    found.append(wanted)
    wanted = wanted.difference(makes) | set(reads)
  return found[::-1]


def _ends(saved, kept, budget):
  """The ends of pieces that save at most `budget` bytes each.

  A piece is made as long as the budget allows and then shortened, by less than
  half, to where the least must be kept.
  """
  ends, start = [], 0
  while start < len(saved):
    stop, total = start + 1, saved[start]
    while stop < len(saved) and total + saved[stop] <= budget:
      total, stop = total + saved[stop], stop + 1
    if stop < len(saved):
      places = range((start + stop) // 2 + 1, stop + 1)
      stop = min(places, key=lambda end: (kept[end - 1], -end))
    ends.append(stop)
    start = stop
  return ends


def _peak(saved, kept, ends):
  """The most bytes held at once: a piece's own, and those kept before it."""
  before, most = 0, 0
  for start, stop in itertools.pairwise([0, *ends]):
    most = max(most, before + sum(saved[start:stop]))
    before += kept[stop - 1]
  return most
