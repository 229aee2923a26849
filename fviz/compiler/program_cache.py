"""Compiled programs in the user's cache directory, for the next start."""

import hashlib
import logging
import os
import pathlib
import platform
import sys

import jax
import jaxlib.version

from fviz.storage import cache_folder

_log = logging.getLogger(__name__)
_LIMIT = 1 << 30  # Bytes; a program takes a megabyte or so.


def keep() -> None:
  """Lets JAX find the programs that earlier runs have compiled.

  Commands call it; importing the library sets nothing. Whoever has chosen a
  place (JAX_COMPILATION_CACHE_DIR) or none (JAX_ENABLE_COMPILATION_CACHE=false)
  keeps it. A place that cannot be written is a warning.
  """
  values = jax.config.values
  chosen = values['jax_compilation_cache_dir'] is not None
  if chosen or not values['jax_enable_compilation_cache'] or _crashes():
    return
  folder = cache_folder.path() / 'compiled'
  mine = folder / _machine()
  try:
    # The user's alone: what lies there will run.
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    prune(folder, _LIMIT)
    mine.mkdir(exist_ok=True)
    if not os.access(mine, os.W_OK):
      raise PermissionError(None, 'Permission denied')
  except OSError as error:
    _log.warning(
      f'Compiled programs are not kept, as {folder} cannot be written '
      f'({error.strerror or error}). Set FVIZ_CACHE to a folder that can.'
    )
    return
  jax.config.update('jax_compilation_cache_dir', str(mine))


def prune(folder: pathlib.Path, limit: int) -> None:
  """Removes the oldest files below a folder, down to `limit` bytes.

  JAX has a setting for that, jax_compilation_cache_max_size, but with it one
  program without a time of access beside it (an earlier run's, or of a run that
  was killed between the two files) keeps JAX up to 0.10 from writing any other.
  It also limits one machine's folder, not the sum over all that share a home,
  and takes a lock for every program that is read.
  """
  files = []
  for path in folder.rglob('*'):
    try:
      status = path.stat()
    except FileNotFoundError:  # Another process prunes too.
      continue
    if path.is_file():
      files.append((status.st_mtime, status.st_size, path))
  total = sum(size for _, size, _ in files)
  for _, size, path in sorted(files):
    if total <= limit:
      break
    path.unlink(missing_ok=True)
    total -= size


def _machine() -> str:
  """A name for the kind of machine: different ones may share a home.

  Only recent versions of JAX have the CPU's features in their own key, and code
  for another CPU ends in an illegal instruction.
  """
  cpu = pathlib.Path('/proc/cpuinfo')
  kinds = ('vendor', 'cpu family', 'model', 'flags', 'Features', 'CPU')
  lines = cpu.read_text().splitlines() if cpu.exists() else []
  features = sorted({line for line in lines if line.startswith(kinds)})
  parts = jaxlib.version.__version__, *platform.uname()[4:], *features
  return hashlib.sha256('\n'.join(parts).encode()).hexdigest()[:16]


def _crashes() -> bool:
  """Before jaxlib 0.10, macOS cannot read large programs back: SIGBUS."""
  version = tuple(map(int, jaxlib.version.__version__.split('.')[:2]))
  return sys.platform == 'darwin' and version < (0, 10)
