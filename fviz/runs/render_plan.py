"""What a config of `fviz.config.render` stands for: recipe, objective, jobs."""

import dataclasses
from typing import Any, NamedTuple

import numpy as np
from ml_collections import ConfigDict

from fviz import (
  config_strings,
  engine,
  errors,
  models,
  objectives,
  recipes,
  types,
)
from fviz.config import build, defaults
from fviz.media import photos
from fviz.runs import records

_LEAST = dict(size=8, steps=0, variants=1, seed=0, strength=0)
# Recipes that cannot do without a reference image.
_OF_PHOTOS = ('mahendran', 'caricature', 'accentuation')
_LARGEST = 4096  # Pixels a side: recipes come from strangers, too.


class RenderPlan(NamedTuple):
  """Everything that pictures need, read and checked."""

  network: types.Network  # To look into.
  recipe: engine.Recipe  # How.
  jobs: engine.Jobs  # Every objective in every variant.
  # Of each job's images: '7-0', or '7-0-2' for the third of several.
  names: list[list[str]]
  record: dict[str, Any]  # Makes the pictures again; for their metadata.
  stretch: bool  # Whether they are shown with all the contrast there is.


def plan_of(
  config: ConfigDict, network: types.Network | None = None
) -> RenderPlan:
  """Reads and checks what a config names.

  Args:
    config: see `fviz.config.render`.
    network: your own, instead of the zoo's `config.model`.
  """
  fields: Any = config  # Fields of a ConfigDict have no static types.
  large = f'config.size is {fields.size}, at most {_LARGEST}'
  build.check_known(config.to_dict(), defaults.render().to_dict())
  wrong = [large] if fields.size > _LARGEST else []
  build.check_fields(config, _LEAST, network is not None, wrong)
  own = network is not None
  network = network or models.load(fields.model, fields.weights)
  record = records.start('render', config.to_dict(), network, own)
  reference = None
  if fields.image:
    is_sample = fields.image == 'sample'
    photo = photos.read(photos.sample() if is_sample else fields.image)
    record['image_sha256'] = photo.sha256
    reference = _middle(photo.over_grey(), fields.size, network.input_channels)
  recipe = _recipe(fields, network, reference)
  objective = _objective(fields, network, recipe)
  name = fields.recipe.partition('(')[0].strip()
  if reference is not None and name not in _OF_PHOTOS:
    if not objectives.uses_reference(objective):
      raise errors.FvizError(
        f'Nothing looks at config.image ({fields.image}): the recipe {name} '
        'does not start from a photo, and the objective does not compare with '
        'one. Leave the image out.'
      )
  engine.check(network, recipe, objective.layers)
  variants = np.arange(fields.variants)
  jobs = engine.jobs_of(network, objective, fields.seed, variants)
  names = _names(objective, fields.variants, engine.image_count(recipe))
  return RenderPlan(network, recipe, jobs, names, record, fields.stretch)


def unit_plan(
  config: ConfigDict,
  layer: str,
  channel: int,
  variant: int = 0,
  network: types.Network | None = None,
) -> RenderPlan:
  """One unit of a sweep, as `fviz.sweep` renders it from the same config."""
  build.check(config, own_network=network is not None)
  fields: Any = config
  network = network or models.load(fields.model, fields.weights)
  recipe = build.recipe(config, network)
  channels = np.array([channel])
  keys = engine.job_keys(fields.seed, channels, np.array([variant]))
  jobs = engine.channel_jobs(network, layer, channels, keys)
  names = [[f'{channel}-{variant}']]
  return RenderPlan(network, recipe, jobs, names, {}, False)


def _recipe(
  config: Any, network: types.Network, reference: np.ndarray | None
) -> engine.Recipe:
  """The recipe that `config.recipe` names, with what the text leaves out."""
  name = config.recipe.partition('(')[0].strip()
  if reference is None and name in _OF_PHOTOS:
    raise errors.FvizError(
      f'The recipe {name} starts from a photo: set config.image to a file, or '
      "to 'sample'."
    )
  given = dict(size=config.size, channels=network.input_channels)
  given |= dict(steps=config.steps or None, reference=reference)
  given = {k: v for k, v in given.items() if v is not None}
  made = config_strings.resolve(config.recipe, 'recipe', recipes, **given)
  if len(made) != 1:
    raise errors.FvizError(
      f'config.recipe must be one recipe, not {config.recipe!r}; known: '
      f'{", ".join(recipes.CONFIG_NAMES)}.'
    )
  recipe = dataclasses.replace(
    made[0],
    steps=config.steps or made[0].steps,  # Those of fixed rates take none.
    precision=config.precision,
    remat=config.remat,
  )
  if reference is not None and recipe.reference is None:
    n = engine.image_count(recipe)
    recipe = dataclasses.replace(recipe, reference=np.repeat(reference, n, 0))
  return recipe


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
