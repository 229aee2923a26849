"""One kind of error for everything a user can put right."""

import difflib
from collections.abc import Iterable

_MOST = 60  # Names that a message lists in full.


class FvizError(ValueError):
  """The message says which value, what is allowed, and what to do."""


class UsageError(FvizError):
  """A command line that makes no sense: exit code 2."""


def unknown(kind: str, name: str, known: Iterable[str]) -> FvizError:
  """An error for a name that is not in a list, with a did-you-mean.

  Of a long list only the nearest names are given.

  >>> print(unknown('layer', 'mixd4', ['mixed3', 'mixed4']))
  Unknown layer 'mixd4'. Did you mean 'mixed4'? Known: mixed3, mixed4.
  """
  known = [str(k) for k in known]
  close = difflib.get_close_matches(str(name), known, n=1)
  hint = f' Did you mean {close[0]!r}?' if close else ''
  if len(known) > _MOST:
    nearest = difflib.get_close_matches(str(name), known, n=8, cutoff=0.0)
    listed = f'The nearest of {len(known)}: {", ".join(nearest)}'
  else:
    listed = f'Known: {", ".join(known)}'
  return FvizError(f'Unknown {kind} {name!r}.{hint} {listed}.')
