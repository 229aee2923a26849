"""What a config of `fviz.config.render` stands for: recipe, objective, jobs."""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple

import numpy as np
from ml_collections import ConfigDict

from fviz import config as configs
from fviz import (
  config_strings,
  engine,
  errors,
  models,
  objectives,
  recipes,
  types,
)
from fviz.compiler import precisions
from fviz.media import photos
from fviz.runs import records

# Recipes that cannot do without a reference image.
_OF_PHOTOS = ('mahendran', 'caricature', 'accentuation')
_LARGEST = 4096  # Pixels a side: recipes come from strangers, too.


class RenderPlan(NamedTuple):
  """Everything that pictures need, read and checked.

  Attributes:
    network: to look into.
    recipe: how.
    jobs: every objective in every variant.
    names: of each job's images, such as '7-0', or '7-0-2' for the third of
      several.
    record: what makes the pictures again, for their metadata.
    stretch: whether they are shown with all the contrast there is.
  """

  network: types.Network
  recipe: engine.Recipe
  jobs: engine.Jobs
  names: list[list[str]]
  record: dict[str, Any]
  stretch: bool


def plan_of(
  config: ConfigDict, network: types.Network | None = None
) -> RenderPlan:
  """Reads and checks what a config names.

  Args:
    config: see `fviz.config.render`.
    network: your own, instead of the zoo's `config.model`.
  """
  fields: Any = config  # Fields of a ConfigDict have no static types.
  _check(fields, network is not None)
  network = network or models.load(fields.model, fields.weights)
  record = records.start('render', config.to_dict(), network)
  reference = None
  if fields.image:
    photo = photos.read(_path_of(fields))
    record['image_sha256'] = photo.sha256
    reference = _middle(photo.image, fields.size, network.input_channels)
  recipe = _recipe(fields, network, reference)
  objective = _objective(fields, network, recipe)
  engine.check(network, recipe)
  variants = np.arange(fields.variants)
  jobs = engine.jobs_of(network, objective, fields.seed, variants)
  names = _names(objective, fields.variants, engine.image_count(recipe))
  return RenderPlan(network, recipe, jobs, names, record, fields.stretch)


def unit_plan(
  config: ConfigDict, layer: str, channel: int, variant: int = 0
) -> RenderPlan:
  """One unit of a sweep, as `fviz.sweep` renders it.

  Args:
    config: see `fviz.config.sweep`.
    layer: the layer's name.
    channel: of the layer.
    variant: which of its pictures.
  """
  configs.check(config)
  fields: Any = config
  network = models.load(fields.model, fields.weights)
  recipe = configs.recipe(config, network)
  channels = np.array([channel])
  keys = engine.job_keys(fields.seed, channels, np.array([variant]))
  jobs = engine.channel_jobs(network, layer, channels, keys)
  names = [[f'{channel}-{variant}']]
  return RenderPlan(network, recipe, jobs, names, {}, False)


def _recipe(
  config: Any, network: types.Network, reference: np.ndarray | None
) -> engine.Recipe:
  """The recipe that `config.recipe` names, with what the text leaves out."""
  extra: dict[str, Any] = dict(
    size=config.size, channels=network.input_channels
  )
  name = config.recipe.partition('(')[0].strip()
  if reference is None and name in _OF_PHOTOS:
    raise errors.FvizError(
      f'The recipe {name} starts from a photo: set config.image to a file, or '
      "to 'sample'."
    )
  if reference is not None:
    extra['reference'] = reference
  if config.steps:
    extra['steps'] = config.steps
  made = config_strings.resolve(config.recipe, 'recipe', recipes, **extra)
  if len(made) != 1:
    raise errors.FvizError(
      f'config.recipe must be one recipe, not {config.recipe!r}; known: '
      f'{", ".join(recipes.CONFIG_NAMES)}.'
    )
  recipe = made[0]
  recipe = dataclasses.replace(
    recipe,
    steps=config.steps or recipe.steps,  # Those of fixed rates take none.
    precision=config.precision,
    remat=config.remat,
  )
  if reference is not None and recipe.reference is None:
    n = engine.image_count(recipe)
    recipe = dataclasses.replace(recipe, reference=np.repeat(reference, n, 0))
  return recipe


def _check(config: Any, own_network: bool) -> None:
  least = dict(size=8, steps=0, variants=1, seed=0, strength=0)
  problems = [
    f'config.{name} is {config[name]}, it must be at least {low}'
    for name, low in least.items()
    if config[name] < low
  ]
  if config.size > _LARGEST:
    problems.append(f'config.size is {config.size}, at most {_LARGEST}')
  if problems:
    raise errors.FvizError('; '.join(problems) + '.')
  if not own_network and config.model not in models.names():
    raise errors.unknown('model', config.model, models.names())
  precisions.check(config.precision)


def reference_of(config: Any, channels: int) -> np.ndarray | None:
  """The middle of the photo, [1, size, size, channels]; None without one."""
  if not config.image:
    return None
  return _middle(photos.read(_path_of(config)).image, config.size, channels)


def _path_of(config: Any) -> str:
  return photos.sample() if config.image == 'sample' else config.image


def _middle(image: np.ndarray, size: int, channels: int) -> np.ndarray:
  image = photos.middle_square(image, size)
  if channels == 1:
    image = image.mean(-1, keepdims=True)
  elif channels != 3:
    raise errors.FvizError(
      f'The network takes {channels} channels, a photo has 3: leave image out.'
    )
  return image[None].astype(np.float32)


def _objective(
  config: Any, network: types.Network, recipe: engine.Recipe
) -> types.Objective:
  objective = config_strings.expression(
    config.objective, 'objective', objectives
  )
  if not isinstance(objective, types.Objective):
    raise errors.FvizError(
      f'config.objective is the number {objective}: name an objective.'
    )
  objective = objectives.bind(objective, network)
  if not config.near:
    return objective
  if recipe.reference is None:
    raise errors.FvizError('config.near needs an image to stay near to.')
  near = objectives.bind(objectives.distance(config.near), network)
  if objectives.batch(objective)[0] is not None:
    raise errors.FvizError('config.near takes one objective, not many.')
  weight = recipes.balance(network, objective, near, recipe, config.seed)
  return objectives.bind(objective - config.strength * weight * near, network)


def _names(
  objective: types.Objective, variants: int, images: int
) -> list[list[str]]:
  """The names of the images of each job, in the order of `engine.jobs_of`."""
  many, objective = objectives.batch(objective)
  units = np.atleast_1d(engine.units(objective, many or 1))
  return [
    [f'{u}-{v}-{k}' if images > 1 else f'{u}-{v}' for k in range(images)]
    for u in units
    for v in range(variants)
  ]
