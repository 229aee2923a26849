"""Where to cut a network so that its backward pass keeps little.

Activations of a piece are computed again when its gradient is wanted (Chen et
al. 2016, arXiv:1604.06174): between the pieces lies what is kept, and only
one piece at a time holds the rest.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

_MOST = 64  # Pieces tried.


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
  operations: Operations, outputs: Collection[Any], sizes: Mapping[Any, int]
) -> list[Segment]:
  """Pieces that hold the least at once, cut where little is alive.

  With n values alike these are about sqrt(n) pieces.

  Args:
    operations: of a program, in order.
    outputs: what it returns.
    sizes: of all values.
  """
  made = [sum(sizes[v] for v in makes) for _, makes in operations]
  alive = _alive(operations, outputs)
  kept = [sum(sizes[v] for v in values) for values in alive]
  tries = (_ends(made, kept, sum(made) / n) for n in range(1, _MOST + 1))
  ends = min(tries, key=lambda ends: _cost(made, kept, ends))
  return [
    Segment(start, stop, sorted(alive[stop - 1]))
    for start, stop in itertools.pairwise([0, *ends])
  ]


def _alive(operations, outputs):
  """The values that are wanted after each operation."""
  wanted, found = set(outputs), []
  for reads, makes in reversed(operations):
    found.append(wanted)
    wanted = wanted.difference(makes) | set(reads)
  return found[::-1]


def _ends(made, kept, budget):
  """Pieces within a budget, as long as they can be, that keep the least."""
  ends, start = [], 0
  while start < len(made):
    stop, total = start + 1, made[start]
    while stop < len(made) and total + made[stop] <= budget:
      total, stop = total + made[stop], stop + 1
    if stop < len(made):  # Not in the first half: pieces would be many.
      places = range((start + stop) // 2 + 1, stop + 1)
      stop = min(places, key=lambda end: (kept[end - 1], -end))
    ends.append(stop)
    start = stop
  return ends


def _cost(made, kept, ends):
  """What is kept, and the largest piece."""
  pieces = [sum(made[a:b]) for a, b in itertools.pairwise([0, *ends])]
  return sum(kept[end - 1] for end in ends) + max(pieces, default=0)
