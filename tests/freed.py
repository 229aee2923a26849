"""Memory of tests that is freed, and given back to the system."""

import ctypes
import gc
import sys

import jax
import psutil

_ENOUGH = 1.5e9  # Bytes of a process from which on it gives back.


def give_back_much():
  """As `give_back`, in processes that have grown large."""
  if psutil.Process().memory_info().rss > _ENOUGH:
    give_back()


def give_back():
  """Forgets compiled programs, and returns what is free to the system.

  It lies in pieces, which glibc keeps unless it is told not to.
  """
  jax.clear_caches()
  gc.collect()
  if sys.platform == 'linux':
    ctypes.CDLL(None).malloc_trim(0)
