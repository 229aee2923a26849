"""What a config of `fviz.config.sweep` stands for, read once and checked."""

import dataclasses
import platform
from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import Any

from ml_collections import ConfigDict

from fviz import config as configs
from fviz import engine, errors, models, networks, types
from fviz.compiler import flops as flops_module
from fviz.storage import directory
from fviz.storage.ledger_lines import Unit

_VERSIONS = ('jax', 'flax', 'optax', 'numpy')
# What may change between a run and its resumption: no picture depends on it.
IGNORED = ('batch_size', 'remat', 'versions')


@dataclasses.dataclass(frozen=True)
class SweepPlan:
  """Everything that a sweep needs to know.

  Attributes:
    units: in the order of the work.
    seed: of all randomness.
    page: pictures on a contact sheet.
    batch_size: units at once, at most; or 'auto'.
    record: what makes the pictures again, for config.json.
    flops: layer -> operations for one image where the layers were chosen by a
      pattern, for they differ too much to count alike; else empty.
  """

  network: types.Network
  recipe: engine.Recipe
  units: tuple[Unit, ...]
  seed: int
  page: int
  batch_size: int | str
  record: Mapping[str, Any]
  flops: Mapping[str, float]


def plan(config: ConfigDict, network: types.Network | None = None) -> SweepPlan:
  """Reads and checks a config; nothing is written or compiled.

  Args:
    config: see `fviz.config.sweep`.
    network: your own, instead of the zoo's `config.model`.

  Raises:
    FvizError: for everything wrong in the config.
  """
  configs.check(config, own_network=network is not None)
  given: Any = config  # Its fields have the types of their defaults.
  own = network is not None
  network = network or models.load(given.model, given.weights)
  layers, flops = layers_of(network, given.layer, given.size)
  directory.check_folders(layers)
  units = units_of(network, layers, given.channels, given.variants)
  recipe = configs.recipe(config, network)
  engine.check(network, recipe, tuple(layers))
  return SweepPlan(
    network=network,
    recipe=recipe,
    units=tuple(units),
    seed=given.seed,
    page=given.page,
    batch_size=given.batch_size or 'auto',
    record=record_of(config, network, own),
    flops=flops,
  )


def layers_of(
  network: types.Network, text: str, size: int
) -> tuple[list[str], dict[str, float]]:
  """The layers that a text names, each array once, in the order of the work.

  Args:
    text: names and patterns, see `fviz.networks.select`.
    size: pixels a side of the images, for which operations are counted.

  Returns:
    Also layer -> operations for one image where the text holds a pattern, else
    an empty dict.

  Raises:
    FvizError: the text is empty or names no layer of the network.
  """
  if not text.strip():
    raise errors.FvizError("config.layer is empty: give 'mixed3', say.")
  layers = networks.select(network, text)
  if not networks.is_pattern(text):
    return layers, {}
  costs = flops_module.trace(network, size)
  return [k for k in layers if costs.same.get(k) not in layers], costs.flops


def units_of(
  network: types.Network,
  layers: Sequence[str],
  channels: Sequence[int] = (),
  variants: int = 1,
) -> list[Unit]:
  """All units of some layers, in the order of the work.

  Args:
    channels: the same in every layer; () means all that a layer has.
    variants: pictures of a channel.

  Raises:
    FvizError: a layer is unknown, or it lacks a channel.
  """
  units = []
  for layer in layers:
    known = networks.check_layer(network, layer).channels
    bad = [c for c in channels if not 0 <= c < known]
    if bad:
      raise errors.FvizError(
        f'config.channels holds {bad}; {layer} of {network.name} has '
        f'channels 0 to {known - 1}.'
      )
    units += [
      (layer, int(channel), variant)
      for channel in dict.fromkeys(channels or range(known))
      for variant in range(variants)
    ]
  return units


def ignored(record: Mapping[str, Any]) -> tuple[str, ...]:
  """The fields in which a run's resumption may differ from its record.

  Sheets go on as they were begun. A user's own network is known by its
  weights: what it is called, and what records called it before they did so, is
  of no matter.
  """
  own = ('model', 'own_network') if record.get('own_network') else ()
  return (*IGNORED, 'page', *own)


def record_of(
  config: ConfigDict, network: types.Network, own: bool = False
) -> dict[str, Any]:
  """The config with versions and a hash of the weights: redoes any picture.

  `own` is whether the network is a user's own: it is recorded by its name.
  """
  versions = {name: metadata.version(name) for name in _VERSIONS}
  named = {'model': network.name, 'own_network': True} if own else {}
  return {
    **config.to_dict(),
    **named,
    'versions': {'python': platform.python_version(), **versions},
    'weights_sha256': networks.fingerprint(network),
  }


def markdown(record: Mapping[str, Any]) -> str:
  """A record as a table."""
  rows = '\n'.join(f'| {k} | `{v}` |' for k, v in record.items())
  return f'| field | value |\n|---|---|\n{rows}'
