"""Where downloads and compiled programs are kept between runs."""

from __future__ import annotations

import os
import pathlib
import sys


def path() -> pathlib.Path:
  """The folder: $FVIZ_CACHE, or `fviz` in the user's own cache directory."""
  if given := os.environ.get('FVIZ_CACHE'):
    return pathlib.Path(given).expanduser()
  return pathlib.Path(_users_cache()).expanduser() / 'fviz'


def _users_cache() -> str:
  if given := os.environ.get('XDG_CACHE_HOME'):
    return given
  if sys.platform == 'win32':
    return os.environ.get('LOCALAPPDATA') or '~/AppData/Local'
  return '~/Library/Caches' if sys.platform == 'darwin' else '~/.cache'
