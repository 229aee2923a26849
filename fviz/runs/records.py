"""The record in a picture's metadata: what makes it again."""

from __future__ import annotations

from importlib import metadata
from typing import Any

from ml_collections import ConfigDict

from fviz import networks, types


def start(
  command: str, config: ConfigDict, network: types.Network
) -> dict[str, Any]:
  """Command, config, a hash of the weights, and versions; files are to follow.

  Args:
    command: of `fviz`, which `fviz redo` runs again.
    config: of the command.
    network: whose weights count.
  """
  return {
    'command': command,
    'config': config.to_dict(),
    'weights_sha256': networks.fingerprint(network),
    'versions': {name: _version(name) for name in ('fviz', 'jax', 'numpy')},
  }


def _version(name: str) -> str:
  try:
    return metadata.version(name)
  except metadata.PackageNotFoundError:  # From a checkout.
    return ''
