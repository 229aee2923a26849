"""Memory of tests that is freed, and given back to the system."""

import ctypes
import gc
import sys

import jax


def give_back():
  """Forgets compiled programs, and returns what is free to the system.

  It lies in pieces, which glibc keeps unless it is told not to.
  """
  jax.clear_caches()
  gc.collect()
  if sys.platform == 'linux':
    ctypes.CDLL(None).malloc_trim(0)
