"""Where downloads and compiled programs are kept between runs."""

import os
import pathlib
import sys


def path() -> pathlib.Path:
  """The folder: $FVIZ_CACHE, or `fviz` in the user's own cache directory."""
  if given := os.environ.get('FVIZ_CACHE'):
    return pathlib.Path(given).expanduser()
  if sys.platform == 'win32':
    users = os.environ.get('LOCALAPPDATA') or '~/AppData/Local'
  else:
    users = '~/Library/Caches' if sys.platform == 'darwin' else '~/.cache'
  users = os.environ.get('XDG_CACHE_HOME') or users
  return pathlib.Path(users, 'fviz').expanduser()
