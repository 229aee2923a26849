"""Variants of a config, and which of them share one compiled program.

A config file defines `sweep(add)`, plain Python that calls
`add(name, **{'dotted.field': value})` once a variant. All of them are checked
together before anything compiles. Variants that differ in seeds and floats
alone become one program: the floats are numbers that each job brings along.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from fviz import config as configs
from fviz import config_strings, engine, errors, types

Sweep = Callable[[Callable[..., None]], None]

_NAME = re.compile(r'[A-Za-z0-9][A-Za-z0-9._=+-]{0,79}')
# A variant has a folder of its own beside these of the working directory.
_RESERVED = (
  'images',
  'films',
  'gallery',
  'config.json',
  'report.json',
  'report.md',
  'report.html',
)
# What a comparison holds fixed, so that its columns are the same units.
_SHARED = ('model', 'weights', 'layer', 'channels', 'variants', 'page')
_WITHOUT_RECIPE = (*_SHARED, 'seed', 'batch_size', 'comparison')


class Group(NamedTuple):
  """Variants that run in one compiled program.

  Attributes:
    names: of the variants.
    recipe: the numbers of one variant -> its recipe.
    numbers: what differs, leaves [variants] float32; () where nothing does.
  """

  names: tuple[str, ...]
  recipe: Callable[[types.PyTree], engine.Recipe]
  numbers: tuple[np.ndarray, ...]


def collect(
  sweep: Sweep, config: ConfigDict, network: types.Network
) -> dict[str, ConfigDict]:
  """The configs of all variants, checked down to shapes, in order.

  Args:
    sweep: calls add(name, **{'dotted.field': value}) for each variant.
    config: what they start from.
    network: that they run on.

  Raises:
    FvizError: one for everything wrong in any variant.
  """
  found, problems = _called(sweep), []
  if not found:
    problems.append("sweep(add) adds no variant: call add('name', ...) in it")
  variants: dict[str, ConfigDict] = {}
  for name, overrides in found:
    bad = list(_bad_name(name, variants)) + list(_bad_fields(overrides, config))
    variant = config.copy_and_resolve_references().lock()
    if not bad:
      bad = list(_bad_values(variant, overrides, network))
    problems += [f'variant {name!r}: {one}' for one in bad]
    variants[str(name)] = variant
  if problems:
    raise errors.FvizError('\n'.join(problems))
  return variants


def groups(
  variants: Mapping[str, ConfigDict], network: types.Network
) -> list[Group]:
  """Sorts variants by what has to be compiled apart.

  Floats that differ are traced where the primitives allow it: a float that
  decides a shape (the largest angle of a rotation) stays static.

  >>> config = configs.sweep()
  >>> slow, fast = config.copy_and_resolve_references(), config
  >>> fast.optimizer = 'adam(0.5)'
  >>> slow.optimizer = 'adam(0.25)'
  >>> network = types.Network(None, {}, {})
  >>> [group] = groups({'slow': slow, 'fast': fast}, network)
  >>> group.names, [x.tolist() for x in group.numbers]
  (('slow', 'fast'), [[0.25, 0.5]])
  """
  flat = {name: _flatten(config) for name, config in variants.items()}
  made = []
  for names in _alike(flat, lambda one: one.static):
    first = flat[names[0]]
    differ = _differing([flat[n].floats for n in names])
    free = [i for i in differ if _traceable(first, [i], network)]
    fixed = [i for i in differ if i not in free]
    rest = {n: flat[n] for n in names}
    for some in _alike(rest, lambda one: tuple(one.floats[i] for i in fixed)):
      made.append(_group(some, rest, free, network))
  return made


def differences(
  variants: Mapping[str, ConfigDict], config: ConfigDict
) -> dict[str, dict[str, Any]]:
  """The fields in which any variant differs from `config`.

  Returns:
    field -> {variant: value}.
  """
  base = dict(_flat(config.to_dict()))
  flat = {name: dict(_flat(one.to_dict())) for name, one in variants.items()}
  return {
    field: {name: one[field] for name, one in flat.items()}
    for field, value in base.items()
    if any(one[field] != value for one in flat.values())
  }


class _Flat(NamedTuple):
  """A config as floats and the rest."""

  config: ConfigDict
  static: Any  # Hashable; equal for variants that may share a program.
  floats: list[float]
  tree: Any  # Unflattens leaves to {field: value}, texts as calls.
  leaves: list[Any]
  where: list[int]  # Positions of the floats among the leaves.


def _flatten(config: ConfigDict) -> _Flat:
  fields = dict(_flat(config.to_dict()))
  fields = {
    name: _as_calls(value)
    for name, value in fields.items()
    if name.split('.')[0] not in _WITHOUT_RECIPE
  }
  leaves, tree = jax.tree.flatten(fields)
  where = [i for i, leaf in enumerate(leaves) if isinstance(leaf, float)]
  rest = [leaf for i, leaf in enumerate(leaves) if i not in where]
  static = (tree, tuple((type(x).__name__, x) for x in rest))
  return _Flat(config, static, [leaves[i] for i in where], tree, leaves, where)


def _flat(tree: Mapping, prefix: str = '') -> Iterator[tuple[str, Any]]:
  for name, value in tree.items():
    if isinstance(value, Mapping):
      yield from _flat(value, f'{prefix}{name}.')
    else:
      yield f'{prefix}{name}', value


def _as_calls(value: Any) -> Any:
  """A text of calls as such, so that its floats are leaves."""
  if not isinstance(value, str):
    return value
  try:
    return config_strings.calls(value)
  except errors.FvizError:
    return value


def _alike(flat: Mapping[str, _Flat], key) -> list[tuple[str, ...]]:
  found: dict[Any, list[str]] = {}
  for name, one in flat.items():
    found.setdefault(key(one), []).append(name)
  return [tuple(names) for names in found.values()]


def _differing(floats: list[list[float]]) -> list[int]:
  columns = zip(*floats, strict=True)
  return [i for i, values in enumerate(columns) if len(set(values)) > 1]


def _group(names, flat, free, network) -> Group:
  first = flat[names[0]]
  # Within what is left, some may be equal after all: constants compile better.
  free = [i for i in free if len({flat[n].floats[i] for n in names}) > 1]
  numbers = tuple(
    np.array([flat[n].floats[i] for n in names], np.float32) for i in free
  )
  recipe = lambda numbers: _recipe(first, free, numbers, network)
  return Group(names, recipe, numbers)


def _recipe(flat: _Flat, free, numbers, network) -> engine.Recipe:
  """The recipe of a config some of whose floats are given as numbers."""
  leaves = list(flat.leaves)
  for i, number in zip(free, numbers, strict=True):
    leaves[flat.where[i]] = number
  old = jax.tree.unflatten(flat.tree, flat.leaves)
  config = flat.config.copy_and_resolve_references()
  with config.unlocked(), config.ignore_type():
    for name, value in jax.tree.unflatten(flat.tree, leaves).items():
      if not _identical(value, old[name]):
        *folders, last = name.split('.')
        place = config
        for folder in folders:
          place = place[folder]
        place[last] = value
  return configs.recipe(config, network)


def _identical(a: Any, b: Any) -> bool:
  pairs = zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True)
  return all(x is y for x, y in pairs)


def _traceable(flat: _Flat, free: list[int], network: types.Network) -> bool:
  """Whether a recipe can be built and run on traced numbers."""

  def run(numbers):
    recipe = _recipe(flat, free, numbers, network)
    clean, _ = engine.check(network, recipe)
    return recipe.regularizer and recipe.regularizer({}, jnp.zeros(clean.shape))

  numbers = tuple(jnp.float32(flat.floats[i]) for i in free)
  try:
    jax.eval_shape(run, numbers)
  except (TypeError, ValueError):  # What a primitive says to a traced number.
    return False
  return True


# Checks: each yields what is wrong.


def _called(sweep: Sweep) -> list[tuple[Any, dict[str, Any]]]:
  found = []

  def add(name, /, **overrides):
    found.append((name, overrides))

  sweep(add)
  return found


def _bad_name(name: Any, others: Mapping[str, Any]) -> Iterator[str]:
  if not isinstance(name, str) or not _NAME.fullmatch(name):
    yield (
      'a name is 1 to 80 letters, digits and ._=+- and begins with a letter or '
      'digit, as it names a folder'
    )
  elif name.lower() in _RESERVED:
    yield f'these names are taken by fviz: {", ".join(_RESERVED)}'
  elif name.lower() in map(str.lower, others):  # Some file systems ignore case.
    yield 'the name is used twice'


def _bad_fields(overrides: Mapping[str, Any], config) -> Iterator[str]:
  known = {name for name, _ in _flat(config.to_dict())}
  for field in overrides:
    if field.split('.')[0] in _SHARED:
      yield f'{field} is the same for all variants, set it in the config'
    elif field not in known:
      close = difflib.get_close_matches(field, known, n=1)
      hint = f' Did you mean {close[0]!r}?' if close else ''
      yield f'unknown field {field!r}.{hint}'


def _bad_values(
  variant: ConfigDict, overrides: Mapping[str, Any], network
) -> Iterator[str]:
  """Applies the overrides on the way."""
  try:
    variant.update_from_flattened_dict(overrides)
    configs.check(variant, own_network=True)
    engine.check(network, configs.recipe(variant, network))
  except (TypeError, ValueError, KeyError, AttributeError) as error:
    yield str(error)
