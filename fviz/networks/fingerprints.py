"""A hash of a network's weights: what records know them by."""

from __future__ import annotations

import hashlib

import jax
import numpy as np

from fviz import types


def fingerprint(network: types.Network) -> str:
  """A hash of the weights, wherever they came from."""
  digest = hashlib.sha256()
  for leaf in jax.tree.leaves(network.variables):
    if not jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key):
      digest.update(np.ascontiguousarray(leaf).tobytes())
  return digest.hexdigest()
