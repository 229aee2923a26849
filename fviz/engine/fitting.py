"""What recipes make, and what networks take: their sizes and channels."""

import dataclasses
from typing import Any

import jax

from fviz import checks, errors, jax_settings, transforms, types
from fviz.compiler import precisions
from fviz.engine import dry_runs
from fviz.engine.recipe import Recipe, Scheduled, parts_of

_Shapes = tuple[jax.ShapeDtypeStruct, jax.ShapeDtypeStruct]


@jax_settings.under_fixed
def check(
  network: types.Network, recipe: Recipe, layers: tuple[str, ...] = ()
) -> _Shapes:
  """Shapes of a job's images, and as the network sees them, without work.

  Args:
    network: to look into.
    recipe: how.
    layers: that will be asked for; only with them is the network itself tried.

  Raises:
    FvizError: where transforms do not fit the size, channels or size the
      network, or numbers the optimizer, or there is no such precision.
  """
  check_types(network, recipe)
  precisions.check(recipe.precision)
  if recipe.reference is not None:
    checks.images('Recipe.reference', recipe.reference)
  crop = crop_for(network, recipe, layers)
  return _shapes(network, cropped(recipe, crop))


def check_types(network: Any, recipe: Any) -> None:
  """Raises an `FvizError` unless they are a network and a recipe."""
  checks.check_network(network)
  if not isinstance(recipe, Recipe):
    called = f' Call it: {recipe.__name__}().' if callable(recipe) else ''
    raise errors.FvizError(
      f'recipe must be a Recipe, not {checks.shown(recipe)}; fviz.recipes has '
      f'them, such as lucid(128).{called}'
    )


def crop_for(
  network: types.Network, recipe: Recipe, layers: tuple[str, ...]
) -> tuple[int, int] | None:
  """(height, width) to which transforms must be cropped, None for as they are.

  A network of one size takes no borders, and no crops of another size.

  Raises:
    FvizError: the network takes neither the images as its transforms leave
      them, nor as they are.
  """
  clean, seen = _shapes(network, recipe)
  size, seen_size = _size(clean), _size(seen)
  if not layers:
    return None
  if network.takes(size, layers):
    return None if network.takes(seen_size, layers) else size
  (h, w), (height, width) = size, network.input_size
  whole = 'only' if network.fixed_size else 'for example'
  raise errors.FvizError(
    f'{network.name} does not run on images of {h} x {w} up to '
    f'{", ".join(layers)}: it takes {height} x {width} {whole}. Make them so '
    f'(size={height if height == width else (height, width)}); the transforms '
    f'leave {seen_size[0]} x {seen_size[1]}, which is cropped (crop=True).'
  )


def cropped(recipe: Recipe, size: tuple[int, int] | None) -> Recipe:
  """The recipe whose transforms end in a crop to a size, if one is given."""
  if size is None:
    return recipe
  old, end = recipe.transform, transforms.crop_or_pad(size)
  if isinstance(old, Scheduled):
    new = Scheduled(lambda step: transforms.compose(old.value(step), end))
  else:
    new = transforms.compose(old, end)
  return dataclasses.replace(recipe, transform=new)


def _shapes(network: types.Network, recipe: Recipe) -> _Shapes:
  """Of a job's images, and of what the transforms make of them."""
  parts = parts_of(recipe)
  params = jax.eval_shape(parts.parameterization.init, jax.random.key(0))
  clean = jax.eval_shape(parts.parameterization.images, params)
  seen = jax.eval_shape(parts.transform, jax.random.key(0), clean)
  if seen.shape[-1] != network.input_channels:
    raise errors.FvizError(
      f'{network.name} takes images of {network.input_channels} channels, the '
      f'recipe makes {seen.shape[-1]}: give channels={network.input_channels}.'
    )
  dry_runs.optimizer(parts.optimizer, params)
  return clean, seen


def _size(images: jax.ShapeDtypeStruct) -> tuple[int, int]:
  _, height, width, _ = images.shape
  return height, width
