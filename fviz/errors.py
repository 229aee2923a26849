"""The kind of error for everything that a user can put right."""

import contextlib
import difflib
from collections.abc import Iterable, Iterator

_MOST = 60  # A message lists at most so many names.


class FvizError(ValueError):
  """An error whose message says what is wrong, what is allowed, what to do."""


class UsageError(FvizError):
  """An error in a command line; the command exits with code 2."""


@contextlib.contextmanager
def explained(what: str, advice: str = '') -> Iterator[None]:
  """Makes an OSError inside of it an FvizError: '<what>: <why>. <advice>'."""
  try:
    yield
  except OSError as error:
    text = f'{what}: {error.strerror or error}. {advice}'
    raise FvizError(text.rstrip()) from error


def unknown(kind: str, name: str, known: Iterable[str]) -> FvizError:
  """An error for a name that is not known; the caller raises it.

  The message suggests a similar name and lists all known ones, or the nearest
  of them where there are many.

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
