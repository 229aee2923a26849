"""What every record starts with: what makes a picture again."""

from collections.abc import Mapping
from importlib import metadata
from typing import Any

from fviz import distribution, networks, types


def start(
  command: str,
  config: Mapping[str, Any],
  network: types.Network,
  own: bool = False,
) -> dict[str, Any]:
  """The command, its config, a hash of the weights, and versions.

  Hashes of files that the config names follow behind these.

  Args:
    command: of `fviz`, which `fviz redo` runs again.
    config: of the command, as plain data.
    network: whose weights count.
    own: whether it is a user's own, and not the zoo's that the config names.
  """
  named = {'model': network.name} if own else {}
  return {
    'command': command,
    'config': {**config, **named},
    **({'own_network': True} if own else {}),
    'weights_sha256': networks.fingerprint(network),
    'versions': {
      'fviz': _version(distribution.NAME),
      'jax': _version('jax'),
      'numpy': _version('numpy'),
    },
  }


def _version(name: str) -> str:
  try:
    return metadata.version(name)
  except metadata.PackageNotFoundError:  # From a checkout.
    return ''
