"""One recipe on one objective: pictures as PNGs that hold their record."""

from __future__ import annotations

import dataclasses
import time
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from etils import epath
from ml_collections import ConfigDict

from fviz import (
  engine,
  errors,
  gallery,
  models,
  objectives,
  parsing,
  photos,
  recipes,
  types,
  workdir,
)

# Recipes that cannot do without a reference image.
_OF_PHOTOS = ('mahendran', 'caricature', 'accentuation')


class Report(NamedTuple):
  """What was rendered; prints as the lines a person wants to see."""

  files: list[str]
  activations: list[float]
  failed: int
  seconds: float

  def __str__(self) -> str:
    lines = [
      f'  {value:10.4g}  {name}'
      for value, name in zip(self.activations, self.files, strict=True)
    ]
    failed = f', {self.failed} failed' if self.failed else ''
    title = f'{len(lines)} pictures{failed} in {self.seconds:.0f} s'
    return '\n'.join([title, '   objective  file', *lines])


def run(
  config: ConfigDict, path: str, network: types.Network | None = None
) -> Report:
  """Renders a config of `fviz.config.render`; files of old are replaced.

  Args:
    config: see `fviz.config.render`.
    path: a folder for the PNGs, a sheet of them, and config.json.
    network: your own, instead of the zoo's `config.model`.

  Raises:
    FvizError: before any work, for everything wrong in the config.
  """
  start = time.monotonic()
  _check(config, network)
  network = network or models.load(config.model, config.weights)
  reference = reference_of(config, network.input_channels)
  recipe = recipe_of(config, network, reference)
  objective = _objective(config, network, recipe)
  engine.check(network, recipe)
  folder = epath.Path(path)
  record = config.to_dict()
  workdir.write(folder / 'config.json', workdir.encode(record, 2).encode())
  objective, keys, names = _jobs(config, objective)
  files, activations, failed, tiles = [], [], 0, []
  for where, result in engine.batches(network, objective, keys, recipe):
    for i, job in enumerate(where):
      one = dict(
        objective_value=_number(result.activation[i]),
        failed=int(result.failed[i]),
        file=names[job],
      )
      failed += one['failed'] >= 0
      for k, image in enumerate(result.images[i]):
        suffix = f'-{k}' if len(result.images[i]) > 1 else ''
        file = folder / f'{names[job]}{suffix}.png'
        gallery.save_png(file, image, {**record, **one})
        files.append(str(file))
        activations.append(float(result.activation[i]))
        tiles.append((image, f'{names[job]}{suffix}'))
  if len(tiles) > 1:
    images, captions = zip(*tiles, strict=True)
    gallery.save_png(
      folder / 'sheet.png', gallery.contact_sheet(list(images), list(captions))
    )
  return Report(files, activations, failed, time.monotonic() - start)


def recipe_of(
  config: ConfigDict, network: types.Network, reference: np.ndarray | None
) -> engine.Recipe:
  """The recipe that `config.recipe` names, with what the text leaves out."""
  extra = dict(size=config.size, channels=network.input_channels)
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
  made = parsing.resolve(config.recipe, 'recipe', recipes, **extra)
  if len(made) != 1:
    raise errors.FvizError(
      f'config.recipe must be one recipe, not {config.recipe!r}; known: '
      f'{", ".join(recipes.__all__)}.'
    )
  recipe = made[0]
  if config.steps and recipe.steps != config.steps:  # Those of fixed rates.
    recipe = dataclasses.replace(recipe, steps=config.steps)
  if reference is not None and recipe.reference is None:
    n = _images_of(recipe)
    recipe = dataclasses.replace(recipe, reference=np.repeat(reference, n, 0))
  return recipe


def _check(config, network) -> None:
  least = dict(size=8, steps=0, variants=1, seed=0, strength=0)
  problems = [
    f'config.{name} is {config[name]}, it must be at least {low}'
    for name, low in least.items()
    if config[name] < low
  ]
  if problems:
    raise errors.FvizError('; '.join(problems) + '.')
  if network is None and config.model not in models.names():
    raise errors.unknown('model', config.model, models.names())


def reference_of(config: ConfigDict, channels: int) -> np.ndarray | None:
  """The middle of the photo, [1, size, size, channels]; None without one."""
  if not config.image:
    return None
  path = photos.sample() if config.image == 'sample' else config.image
  image = photos.read(path).image
  h, w = image.shape[:2]
  side = min(h, w)
  y, x = (h - side) // 2, (w - side) // 2
  image = image[y : y + side, x : x + side]
  image = photos.resized(image, (config.size, config.size))
  if channels == 1:
    image = image.mean(-1, keepdims=True)
  elif channels != 3:
    raise errors.FvizError(
      f'The network takes {channels} channels, a photo has 3: leave image out.'
    )
  return image[None].astype(np.float32)


def _objective(config, network, recipe) -> types.Objective:
  objective = parsing.expression(config.objective, 'objective', objectives)
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


def _jobs(config, objective):
  """Every objective in every variant: (objective, keys, names)."""
  many, objective = objectives.batch(objective)
  if many is None:
    objective = jax.tree.map(lambda x: jnp.asarray(x)[None], objective)
  units = engine.units(objective, many or 1)
  variants = np.tile(np.arange(config.variants), len(units))
  repeat = lambda x: jnp.repeat(jnp.asarray(x), config.variants, axis=0)
  units = np.repeat(units, config.variants)
  keys = engine.job_keys(config.seed, units, variants)
  names = [f'{u}-{v}' for u, v in zip(units, variants, strict=True)]
  return jax.tree.map(repeat, objective), keys, names


def _images_of(recipe) -> int:
  params = jax.eval_shape(recipe.parameterization.init, jax.random.key(0))
  return jax.eval_shape(recipe.parameterization.images, params).shape[0]


def _number(value) -> float | None:
  return float(value) if np.isfinite(value) else None  # JSON has no NaN.
