"""Where results may go: not over what they are made from, and where one can.

Whatever writes a file asks here before any work.
"""

import contextlib
import os
import pathlib
import tempfile
from collections.abc import Iterable

from fviz import errors


def check_apart(
  output: str | os.PathLike, inputs: Iterable[str | os.PathLike | None]
) -> None:
  """Refuses an output that is one of the inputs, under whatever name.

  Links of both kinds are followed, and names that differ in upper and lower
  case only count as one, as they do on some systems.

  Args:
    output: a file that will be written.
    inputs: files that are read; '' and None stand for none.

  Raises:
    FvizError: it would replace what it is made from.
  """
  for path in filter(None, inputs):
    if _same(os.fspath(output), os.fspath(path)):
      raise errors.FvizError(
        f'The output {os.fspath(output)} is also read, as '
        f'{os.fspath(path)}: it would be lost. Give another output (-o).'
      )


def check_writable(path: str | os.PathLike) -> None:
  """Refuses a path where no file can be made or replaced.

  Raises:
    FvizError: it is a directory, or its folder cannot be made or written to.
  """
  path = pathlib.Path(path)
  try:
    if path.is_dir():
      raise errors.FvizError(f'{path} is a directory: give the name of a file.')
    folder = path.absolute().parent
    while not folder.exists() and folder != folder.parent:
      folder = folder.parent
    # Permissions do not say it all: disks may be read-only, names too long.
    with tempfile.TemporaryDirectory(prefix='.fviz-', dir=folder) as probe:
      (pathlib.Path(probe) / path.name).touch()
  except (OSError, ValueError) as error:
    if isinstance(error, errors.FvizError):
      raise
    why = getattr(error, 'strerror', None) or error
    raise errors.FvizError(
      f'Cannot write {path}: {why}. Choose another place.'
    ) from error


def _same(a: str, b: str) -> bool:
  with contextlib.suppress(OSError, ValueError):  # One is not there yet.
    if os.path.samefile(a, b):
      return True
  with contextlib.suppress(OSError, ValueError):
    return os.path.realpath(a).casefold() == os.path.realpath(b).casefold()
  return False
