"""A hash of a network's weights, by which records know them."""

import hashlib

import jax
import jax.numpy as jnp
import numpy as np

from fviz import types


def fingerprint(network: types.Network) -> str:
  """The SHA-256 of all weights in hexadecimal digits, random keys left out."""
  digest = hashlib.sha256()
  for leaf in jax.tree.leaves(network.variables):
    if not jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
      digest.update(np.ascontiguousarray(leaf).tobytes())
  return digest.hexdigest()
