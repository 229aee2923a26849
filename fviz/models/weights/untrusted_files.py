"""Files from strangers: damage becomes one error, zip bombs are refused."""

import contextlib
import os
import zipfile
from collections.abc import Callable, Iterator

from fviz import errors

# Weights hardly compress, while a bomb of zeros does so a thousandfold.
_RATIO = 20
_FREE = 1 << 20  # Bytes that any archive may unpack to.


@contextlib.contextmanager
def reading(
  path: str, what: str, reason: Callable[[Exception], str] = str
) -> Iterator[None]:
  """Whatever a reader raises becomes an error that says what to do.

  Args:
    path: of the file.
    what: the file should be, such as 'a whole zip archive'.
    reason: an exception -> what the message quotes of it.
  """
  try:
    yield
  except errors.FvizError:
    raise
  except Exception as error:  # zipfile, torch and NumPy raise a dozen kinds.
    raise errors.FvizError(
      f'{path!r} is not {what} ({reason(error)}): it may be truncated; fetch '
      'or copy it again.'
    ) from error


def member(path: str | os.PathLike, ending: str) -> bytes:
  """The first member of an archive whose name ends so; b'' if there is none.

  Raises:
    FvizError: for a damaged or encrypted archive, and see `check_size`.
  """
  path = os.fspath(path)
  with reading(path, 'a whole zip archive'), zipfile.ZipFile(path) as archive:
    check_size(path, archive)
    found = [n for n in archive.namelist() if n.endswith(ending)]
    return archive.read(found[0]) if found else b''


def check_size(path: str, archive: zipfile.ZipFile) -> None:
  """Refuses an archive that would unpack to more than twenty times its size."""
  unpacked = sum(member.file_size for member in archive.infolist())
  size = os.path.getsize(path)
  if unpacked > _RATIO * size + _FREE:
    raise errors.FvizError(
      f'{path!r} is refused: its {size} bytes would unpack to {unpacked}, and '
      f'weights do not compress {_RATIO} times. Fetch it again from its source.'
    )
