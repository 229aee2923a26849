"""Where to cut a network so that its backward pass keeps little.

Activations of a piece are computed again when its gradient is wanted (Chen et
al. 2016, arXiv:1604.06174): between the pieces lies what is kept, and only
one piece at a time holds the rest. That takes time, so it is done only where it
saves much: in networks of GELUs and layer norms, and on CPU in those of ReLUs,
whose gradients keep a byte a value elsewhere.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

import jax
from jax.extend import core

_MOST = 64  # Pieces tried.
_WORTH = 4  # Times the largest value: a step holds several of these anyway.


# Left to itself, XLA's CPU backend computes as early as it can: activations at
# once again, and all of them are there.
_LATE = {'xla_cpu_scheduler_type': 'CPU_SCHEDULER_TYPE_MEMORY_OPTIMIZED'}


class Segment(NamedTuple):
  """A piece of a program.

  Attributes:
    start: its first operation.
    stop: the one after its last.
    keeps: the values that it hands to those after it.
  """

  start: int
  stop: int
  keeps: list[Any]


# Operations are pairs: the values that one reads, and those that it makes.
Operations = Sequence[tuple[Collection[Any], Collection[Any]]]


def cut(
  operations: Operations,
  outputs: Collection[Any],
  sizes: Mapping[Any, int],
  saved: Sequence[int],
) -> list[Segment]:
  """Pieces that hold the least at once, cut where little is alive.

  With n operations alike these are about sqrt(n) pieces.

  Args:
    operations: of a program, in order.
    outputs: what it returns.
    sizes: bytes of all values.
    saved: bytes that the gradient of each operation keeps.

  Returns:
    One piece, if cutting would save little.
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
  """Bytes of what the gradient with respect to `values` keeps of them.

  Args:
    function: of the values, and of what is kept anyway.
    values: a pytree of arrays, or of their shapes and types.
    *rest: such pytrees, too.
  """

  def residuals(values, *rest):
    _, pull = jax.vjp(lambda values: function(values, *rest), values)
    return jax.tree.leaves(pull)

  jaxpr = jax.make_jaxpr(residuals)(values, *rest).jaxpr
  first = len(jax.tree.leaves(values))
  anyway = {*jaxpr.invars[first:], *jaxpr.constvars}
  found = {v for v in jaxpr.outvars if isinstance(v, core.Var)} - anyway
  return sum(bytes_of(v.aval) for v in found)


def compiled(lowered: Any) -> Any:
  """Compiles a program whose pieces are to wait until they are wanted."""
  try:
    return lowered.compile(_LATE)
  except jax.errors.JaxRuntimeError as error:
    if 'compile option' not in str(error):  # This jaxlib has another name.
      raise
    return lowered.compile()


def bytes_of(value: Any) -> int:
  """Of an array, or of one of its shape and type."""
  return math.prod(value.shape) * value.dtype.itemsize


def _alive(operations, outputs):
  """The values that are wanted after each operation."""
  wanted, found = set(outputs), []
  for reads, makes in reversed(operations):
    found.append(wanted)
    wanted = wanted.difference(makes) | set(reads)
  return found[::-1]


def _ends(saved, kept, budget):
  """Pieces within a budget, as long as they can be, that keep the least."""
  ends, start = [], 0
  while start < len(saved):
    stop, total = start + 1, saved[start]
    while stop < len(saved) and total + saved[stop] <= budget:
      total, stop = total + saved[stop], stop + 1
    if stop < len(saved):  # Not in the first half: pieces would be many.
      places = range((start + stop) // 2 + 1, stop + 1)
      stop = min(places, key=lambda end: (kept[end - 1], -end))
    ends.append(stop)
    start = stop
  return ends


def _peak(saved, kept, ends):
  """The most at once: a piece's, and what was kept before it."""
  before, most = 0, 0
  for start, stop in itertools.pairwise([0, *ends]):
    most = max(most, before + sum(saved[start:stop]))
    before += kept[stop - 1]
  return most
