"""What a config of `fviz.config.compare` stands for, read once and checked."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from ml_collections import ConfigDict

from fviz import config as configs
from fviz import errors, models, networks, sweep, types
from fviz.compare import candidates as candidates_module
from fviz.compare import metrics, natural_path, shared_programs
from fviz.compare.candidates import Candidate, SweepFunction
from fviz.compare.judge import Judge
from fviz.compare.shared_programs import SharedProgram


@dataclasses.dataclass(frozen=True)
class ComparisonPlan:
  """Everything that a comparison needs to know."""

  network: types.Network  # To look into.
  units: tuple[sweep.Unit, ...]  # Of one layer, the same for all candidates.
  programs: tuple[SharedProgram, ...]  # The candidates by what they run in.
  candidates: tuple[Candidate, ...]  # As they were added.
  judge: Judge  # Measures their pictures.
  rank_by: str  # The metric that orders them.
  batch_size: int | str  # Pictures at once, at most; or 'auto'.
  snapshot_steps: tuple[int, ...]  # Of the config that candidates start from.
  record: Mapping[str, Any]  # Makes the pictures again, for config.json.
  # Field -> {candidate: value}, where any candidate differs from the config.
  differences: Mapping[str, Mapping[str, Any]]


def plan(
  config: ConfigDict,
  add_candidates: SweepFunction,
  network: types.Network | None = None,
  other: types.Network | None = None,
) -> ComparisonPlan:
  """Reads and checks a config and its candidates; nothing is written.

  The arguments are those of `fviz.compare.run`.

  Raises:
    FvizError: for everything wrong in the config, or in any candidate.
  """
  fields: Any = config  # Fields of a ConfigDict have no static types.
  configs.check(config, own_network=network is not None)
  _check_rank_by(fields.comparison)
  own = network is not None
  network = network or models.load(fields.model, fields.weights)
  layer = _layer(fields.layer, network)
  units = sweep.units_of(network, [layer], fields.channels, fields.variants)
  compared = candidates_module.collect(add_candidates, config, network)
  programs = shared_programs.shared(compared, network)
  return ComparisonPlan(
    network=network,
    units=tuple(units),
    programs=programs,
    candidates=compared,
    judge=_judge(fields, layer, network, other),
    rank_by=fields.comparison.rank_by,
    batch_size=fields.batch_size or 'auto',
    snapshot_steps=configs.snapshot_steps(config),
    record=sweep.record_of(config, network, own),
    differences=candidates_module.differences(compared, config.to_dict()),
  )


def _check_rank_by(comparison: Any) -> None:
  rank_by, known = comparison.rank_by, metrics.METRICS
  if rank_by not in known:
    kind = 'metric of config.comparison.rank_by'
    raise errors.unknown(kind, rank_by, known)
  if not known[rank_by].better:
    raise errors.FvizError(
      f'config.comparison.rank_by: more {rank_by} is neither better nor '
      'worse. Choose another metric.'
    )
  needed = {'transfer': 'transfer', 'natural_path': 'natural_images'}
  if rank_by in needed and not comparison[needed[rank_by]]:
    raise errors.FvizError(
      f'config.comparison.rank_by is {rank_by}: give '
      f'config.comparison.{needed[rank_by]}.'
    )


def _layer(text: str, network: types.Network) -> str:
  layers = networks.select(network, text)
  if len(layers) != 1:
    raise errors.FvizError(
      f'config.layer is {text!r}: a comparison is about units of one layer. '
      'Run one for each.'
    )
  return layers[0]


def _judge(
  config: Any, layer: str, network: types.Network, other: types.Network | None
) -> Judge:
  wanted = config.comparison
  if other is None and wanted.transfer:
    other = models.load(wanted.transfer, wanted.transfer_weights)
  natural = None
  if wanted.natural_images:
    if network.input_channels != 3:
      raise errors.FvizError(
        f'config.comparison.natural_images are RGB, {network.name} takes '
        f'{network.input_channels} channels: leave them out.'
      )
    natural = natural_path.photos(wanted.natural_images, config.size)
  made = Judge(network, layer, other, natural)
  if wanted.rank_by == 'class_probability' and not made.logits:
    raise errors.FvizError(
      f'config.comparison.rank_by is class_probability: the last layer of '
      f'{network.name} has no labels. Choose another metric.'
    )
  return made
