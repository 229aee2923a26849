"""Classes by name: 'goldfish' for 'goldfish, Carassius auratus'."""

from collections.abc import Sequence

from fviz import errors


def index(label: str, labels: Sequence[str], network: str = 'network') -> int:
  """The index of a class from its name, one of its synonyms, or a part of it.

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
    lambda name: low in name.lower(),
  )
  for test in tests if low else ():
    found = [i for i, name in enumerate(labels) if test(name)]
    if len(found) == 1:
      return found[0]
    if found:
      names = ', '.join(f'{i}: {labels[i]}' for i in found[:20])
      more = f' and {len(found) - 20} more' if len(found) > 20 else ''
      raise errors.FvizError(
        f'Label {label!r} of {network} is ambiguous. Give one index or full '
        f'name of: {names}{more}.'
      )
  known = [name for several in labels for name in synonyms(several)]
  raise errors.unknown(f'label of {network}', label, known)


def synonyms(label: str) -> list[str]:
  """The names in one label.

  >>> synonyms('tench, Tinca tinca')
  ['tench', 'Tinca tinca']
  """
  return [name.strip() for name in label.split(',')]
