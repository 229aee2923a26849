"""Members of zip archives from strangers, read within bounds."""

from __future__ import annotations

import os
import zipfile

from fviz import errors

# Weights hardly compress, while a bomb of zeros does so a thousandfold.
_RATIO = 20
_FREE = 1 << 20  # Bytes that any archive may unpack to.


def read(path: str | os.PathLike, name: str) -> bytes | None:
  """The first member whose name ends in `name`; None if there is none.

  Raises:
    FvizError: for a damaged or encrypted archive, or one that unpacks to more
      than twenty times its size.
  """
  path = os.fspath(path)
  try:
    with zipfile.ZipFile(path) as archive:
      check(path, archive)
      found = [n for n in archive.namelist() if n.endswith(name)]
      return archive.read(found[0]) if found else None
  except errors.FvizError:
    raise
  except Exception as error:  # zipfile raises half a dozen kinds.
    raise errors.FvizError(
      f'{path!r} is not a whole zip archive ({error}): it may be truncated; '
      'fetch or copy it again.'
    ) from error


def check(path: str, archive: zipfile.ZipFile) -> None:
  """Refuses an archive whose index promises far more than it can hold."""
  unpacked = sum(member.file_size for member in archive.infolist())
  size = os.path.getsize(path)
  if unpacked > _RATIO * size + _FREE:
    raise errors.FvizError(
      f'{path!r} is refused: its {size} bytes would unpack to {unpacked}, and '
      f'weights do not compress {_RATIO} times. Fetch it again from its source.'
    )
