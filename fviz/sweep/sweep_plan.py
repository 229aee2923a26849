"""What a config of `fviz.config.sweep` stands for, read once and checked."""

from __future__ import annotations

import dataclasses
import platform
from collections.abc import Mapping
from importlib import metadata
from typing import Any

from ml_collections import ConfigDict

from fviz import config as configs
from fviz import engine, models, networks, types
from fviz.sweep import units as units_module
from fviz.sweep.units import Unit

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
  network = network or models.load(given.model, given.weights)
  layers, flops = units_module.layers_of(network, given.layer, given.size)
  units = units_module.units_of(network, layers, given.channels, given.variants)
  recipe = configs.recipe(config, network)
  engine.check(network, recipe)
  return SweepPlan(
    network=network,
    recipe=recipe,
    units=tuple(units),
    seed=given.seed,
    page=given.page,
    batch_size=given.batch_size or 'auto',
    record=record_of(config, network),
    flops=flops,
  )


def record_of(config: ConfigDict, network: types.Network) -> dict[str, Any]:
  """The config with versions and a hash of the weights: redoes any picture."""
  versions = {name: metadata.version(name) for name in _VERSIONS}
  return {
    **config.to_dict(),
    'versions': {'python': platform.python_version(), **versions},
    'weights_sha256': networks.fingerprint(network),
  }


def markdown(record: Mapping[str, Any]) -> str:
  """A record as a table."""
  rows = '\n'.join(f'| {k} | `{v}` |' for k, v in record.items())
  return f'| field | value |\n|---|---|\n{rows}'
