"""From a config to a recipe: everything checked, every text read, once."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import jax
import optax
from ml_collections import ConfigDict

from fviz import (
  color,
  config_strings,
  engine,
  errors,
  gradients,
  models,
  optimizers,
  parameterizations,
  projections,
  regularizers,
  schedules,
  transforms,
  types,
)
from fviz.compiler import precisions


def snapshot_steps(config: ConfigDict) -> tuple[int, ...]:
  """The steps of the contact sheets: halves, quarters, ... and the last.

  >>> from fviz.config import sweep
  >>> snapshot_steps(sweep())
  (32, 64, 128, 256)
  """
  steps = {max(1, config.steps >> k) for k in range(config.snapshots)}
  return tuple(sorted(steps))


def check(config: ConfigDict, own_network: bool = False) -> None:
  """Raises one `FvizError` that names every number out of range."""
  least = dict(
    variants=1,
    size=8,
    steps=1,
    tolerance=0,
    redirect_steps=0,
    snapshots=1,
    page=1,
    seed=0,
    batch_size=0,
  )
  problems = [
    f'config.{name} is {config[name]}, it must be at least {low}'
    for name, low in least.items()
    if config[name] < low
  ]
  problems += [
    f'config.regularizers.{name} is {weight}, it must be a finite number'
    for name, weight in config.regularizers.items()
    if isinstance(weight, float) and not math.isfinite(weight)
  ]
  if not own_network and config.model not in models.names():
    raise errors.unknown('model', config.model, models.names())
  if problems:
    raise errors.FvizError('; '.join(problems) + '.')
  precisions.check(config.precision)


def recipe(config: ConfigDict, network: types.Network) -> engine.Recipe:
  """The recipe that a config describes, for a network's channels.

  Numbers of its texts may be schedules, such as 'noise(linear(0.1, 0.0, 64))'.
  """
  calls = {
    name: config_strings.calls(config[name])
    for name in ('color', 'parameterization', 'transforms', 'optimizer')
  }
  size, channels = config.size, network.input_channels
  images = lambda *texts: _parameterization(*texts, size, channels)
  return engine.Recipe(
    _field(images, calls['parameterization'], calls['color']),
    _field(_optimizer, calls['optimizer']),
    _field(_transform, calls['transforms']),
    _field(
      _regularizer, {k: _weight(v) for k, v in config.regularizers.items()}
    ),
    steps=config.steps,
    redirect_steps=config.redirect_steps,
    snapshot_steps=snapshot_steps(config),
    tolerance=config.tolerance,
    precision=config.precision,
    remat=config.remat,
  )


def _field(make: Callable, *values: Any) -> Any:
  """What is made of values that were read; scheduled if they hold schedules."""
  if not schedules.used(values):
    return make(*values)
  return engine.Scheduled(lambda step: make(*schedules.at(values, step)))


def _parameterization(text, colors, size, channels) -> types.Parameterization:
  (colors,) = config_strings.resolve(colors, 'color', color)
  (images,) = config_strings.resolve(
    text,
    'parameterization',
    parameterizations,
    size=size,
    channels=channels,
    color=colors,
  )
  return images


def _transform(text) -> types.Transform:
  made = config_strings.resolve(text, 'transform', transforms)
  return transforms.compose(*made)


def _optimizer(text) -> optax.GradientTransformation:
  parts = config_strings.parse(text, gradients, projections, optimizers)
  if not parts:
    raise errors.FvizError("config.optimizer is empty: give 'adam(0.05)'.")
  return optax.chain(*parts)


def _weight(weight: float | str) -> Any:
  """A weight may be the text of a schedule: 'linear(0.0, 1e-3, 64)'."""
  if not isinstance(weight, str):
    return weight
  return config_strings.expression(weight, 'schedule', schedules)


def _regularizer(weights: Mapping[str, Any]) -> types.Objective | None:
  total = None
  for name, weight in sorted(weights.items()):
    if name not in regularizers.CONFIG_NAMES:
      raise errors.unknown('regularizer', name, regularizers.CONFIG_NAMES)
    # A traced weight may be zero in some jobs: 0 times the term is off, too.
    if isinstance(weight, jax.core.Tracer) or weight:
      term = weight * getattr(regularizers, name)()
      total = term if total is None else total + term
  return total
