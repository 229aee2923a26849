"""Classes by name: 'goldfish' for 'goldfish, Carassius auratus'."""

import logging
from collections.abc import Sequence

from fviz import errors

_log = logging.getLogger(__name__)


def index(label: str, labels: Sequence[str], network: str = 'network') -> int:
  """The index of a class from its name, a synonym, or a whole word of one.

  A word must be that of one class only: 'signal' is the 'traffic signal' among
  ImageNet's. What is only a part of words is offered, and never taken: a
  deerhound is no deer. Which class was taken is logged.

  Args:
    label: what to look for; upper and lower case are the same.
    labels: names of the classes, synonyms separated by commas.
    network: for messages.

  Raises:
    FvizError: for an unknown or ambiguous label, with the candidates.

  >>> index('tinca tinca', ['tench, Tinca tinca', 'goldfish'])
  0
  """
  if not labels:
    raise errors.FvizError(
      f'{network} has no labels, so {label!r} cannot be looked up: give the '
      'index of the class.'
    )
  low = label.strip().lower()
  tests = (
    lambda name: name == label,
    lambda name: name.lower() == low,
    lambda name: low in synonyms(name.lower()),
    lambda name: any(f' {low} ' in f' {s} ' for s in synonyms(name.lower())),
  )
  for test in tests if low else ():
    found = [i for i, name in enumerate(labels) if test(name)]
    if found:
      return _one_of(found, label, labels, network)
  parts = [i for i, name in enumerate(labels) if low and low in name.lower()]
  if parts:
    raise errors.FvizError(
      f'{label!r} is no class of {network}, only a part of names. Give the '
      f'index or full name of one: {_listed(parts, labels)}.'
    )
  known = [name for several in labels for name in synonyms(several)]
  raise errors.unknown(f'label of {network}', label, known)


def _one_of(
  found: list[int], label: str, labels: Sequence[str], network: str
) -> int:
  """The only one that was found; it is logged."""
  if len(found) > 1:
    raise errors.FvizError(
      f'Label {label!r} of {network} is ambiguous. Give one index or full '
      f'name of: {_listed(found, labels)}.'
    )
  (one,) = found
  _log.info('%r is class %d of %s: %s.', label, one, network, labels[one])
  return one


def _listed(found: list[int], labels: Sequence[str]) -> str:
  names = ', '.join(f'{i}: {labels[i]}' for i in found[:20])
  return names + (f' and {len(found) - 20} more' if len(found) > 20 else '')


def synonyms(label: str) -> list[str]:
  """The names in one label.

  >>> synonyms('tench, Tinca tinca')
  ['tench', 'Tinca tinca']
  """
  return [name.strip() for name in label.split(',')]
