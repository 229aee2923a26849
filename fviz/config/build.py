"""From a config to a recipe: everything checked, every text read, once."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import optax
from ml_collections import ConfigDict

from fviz import (
  checks,
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
from fviz.config import defaults
from fviz.storage import config_file

# Field -> its least value.
_LEAST = dict(variants=1, size=8, steps=1, tolerance=0, redirect_steps=0)
_LEAST |= dict(snapshots=1, page=1, seed=0, batch_size=0)


def snapshot_steps(config: Any) -> tuple[int, ...]:
  """The steps of the contact sheets: halves, quarters, ... and the last.

  >>> from fviz.config import sweep
  >>> snapshot_steps(sweep())
  (32, 64, 128, 256)
  """
  steps = {max(1, config.steps >> k) for k in range(config.snapshots)}
  return tuple(sorted(steps))


def check(config: ConfigDict, own_network: bool = False) -> None:
  """Raises one `FvizError` that names every number out of range."""
  is_comparison = 'comparison' in config
  default = defaults.compare() if is_comparison else defaults.sweep()
  check_known(config.to_dict(), default.to_dict())
  check_fields(config, _LEAST, own_network)


def check_known(values: Mapping[str, Any], known: Mapping[str, Any]) -> None:
  """Raises an `FvizError` for a field that no config has, or is no such value.

  Args:
    values: of a config, nested.
    known: the defaults of a config of its kind.
  """
  names = dict(config_file.flat(known))
  for name, value in config_file.flat(values):
    inside = name.partition('.')[0] == 'regularizers'  # They are named later.
    if name not in names and not inside:
      raise errors.unknown('field of the config', name, names)
    if isinstance(value, float) and not math.isfinite(value):
      raise errors.FvizError(
        f'config.{name} is {value}, it must be a finite number.'
      )
  fits = lambda n: isinstance(n, (int, np.integer)) and type(n) is not bool
  if wrong := [n for n in values.get('channels', ()) if not fits(n) or n < 0]:
    raise errors.FvizError(
      f'config.channels holds {wrong}: it must hold whole numbers from 0 on.'
    )


def check_fields(
  config: ConfigDict,
  least: Mapping[str, int],
  own_network: bool,
  wrong: Sequence[str] = (),
) -> None:
  """Raises an `FvizError` unless model, precision and numbers can be.

  `least` is field -> its least value, `wrong` what else is to be said.
  """
  fields: Any = config
  if not own_network and fields.model not in models.names():
    raise errors.unknown('model', fields.model, models.names())
  small = [
    f'config.{name} is {fields[name]}, it must be at least {low}'
    for name, low in least.items()
    if fields[name] < low
  ]
  if small or wrong:
    raise errors.FvizError('; '.join([*small, *wrong]) + '.')
  precisions.check(fields.precision)


def recipe(config: ConfigDict, network: types.Network) -> engine.Recipe:
  """The recipe that a config describes, for a network's channels.

  Numbers of its texts may be schedules, such as 'noise(linear(0.1, 0.0, 64))'.
  """
  fields: Any = config
  read = lambda name: config_strings.calls(fields[name])
  size, channels = fields.size, network.input_channels
  images = lambda text, colors: _parameterization(text, colors, size, channels)
  weights = {name: _weight(w) for name, w in fields.regularizers.items()}
  same = 'steps', 'redirect_steps', 'tolerance', 'precision', 'remat'
  return engine.Recipe(
    _field(images, read('parameterization'), read('color')),
    _field(_optimizer, read('optimizer')),
    _field(_transform, read('transforms')),
    _field(_regularizer, weights),
    snapshot_steps=snapshot_steps(fields),
    **{name: fields[name] for name in same},
  )


def _field(make: Callable, *values: Any) -> Any:
  """What is made of values that were read; scheduled if they hold schedules."""
  if not schedules.used(values):
    return make(*values)
  return engine.Scheduled(lambda step: make(*schedules.at(values, step)))


def _parameterization(text, colors, size, channels) -> types.Parameterization:
  (colors,) = config_strings.resolve(colors, 'color', color)
  given = dict(size=size, channels=channels, color=colors)
  kind = 'parameterization'
  (images,) = config_strings.resolve(text, kind, parameterizations, **given)
  return images


def _transform(text) -> types.Transform:
  made = config_strings.resolve(text, 'transform', transforms)
  return transforms.compose(*made)


def _optimizer(text) -> optax.GradientTransformation:
  modules = gradients, projections, optimizers
  parts = config_strings.resolve(text, 'optimizer', *modules)
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
    if checks.traced(weight) or weight:
      term = weight * getattr(regularizers, name)()
      total = term if total is None else total + term
  return total
