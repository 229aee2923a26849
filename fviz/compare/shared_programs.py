"""Which candidates run in one compiled program.

Candidates that differ in seeds and floats alone share a program: the floats are
numbers that each job brings along.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from fviz import config as configs
from fviz import config_strings, engine, errors, types
from fviz.compare import candidates
from fviz.compare.candidates import Candidate
from fviz.storage import config_file

# Fields that no recipe depends on.
_WITHOUT_RECIPE = (*candidates.SHARED, 'seed', 'batch_size', 'comparison')


class SharedProgram(NamedTuple):
  """A compiled program and the candidates that run in it."""

  candidates: tuple[Candidate, ...]  # One or more.
  recipe: Callable[[types.PyTree], engine.Recipe]  # Of one's numbers.
  # What differs, [candidates] float32 each; () where nothing does.
  numbers: tuple[np.ndarray, ...]


def shared(
  compared: Sequence[Candidate], network: types.Network
) -> tuple[SharedProgram, ...]:
  """Sorts candidates by what has to be compiled apart.

  Floats that differ are traced where the primitives allow it: a float that
  decides a shape (the largest angle of a rotation) stays static.

  >>> def sweep(add):
  ...   add('slow', optimizer='adam(0.25)')
  ...   add('fast', optimizer='adam(0.5)')
  >>> network = types.Network(None, {}, {})
  >>> both = candidates.collect(sweep, configs.sweep(), network)
  >>> [program] = shared(both, network)
  >>> [x.tolist() for x in program.numbers]
  [[0.25, 0.5]]
  """
  programs = []
  for alike in _sorted(map(_parts, compared), _structure):
    places = _differing(alike)
    traced = [i for i in places if _is_traceable(alike[0], i, network)]
    fixed = [i for i in places if i not in traced]
    key = lambda one, fixed=fixed: tuple(one.floats[i] for i in fixed)
    programs += [
      _program(some, traced, network) for some in _sorted(alike, key)
    ]
  return tuple(programs)


class _Parts(NamedTuple):
  """A candidate's config, taken apart into floats and the rest."""

  candidate: Candidate
  leaves: list[Any]  # Of {field: value}; texts as calls, for their arguments.
  tree: Any  # Puts the leaves together again.
  fields: list[str]  # Of each leaf, the field that it belongs to.
  floats: dict[int, float]  # Place among the leaves -> the float there.


def _parts(candidate: Candidate) -> _Parts:
  values = {
    name: _as_calls(value)
    for name, value in config_file.flat(candidate.config)
    if name.split('.')[0] not in _WITHOUT_RECIPE
  }
  found, tree = jax.tree_util.tree_flatten_with_path(values)
  leaves, fields = [x for _, x in found], [path[0].key for path, _ in found]
  floats = {i: x for i, x in enumerate(leaves) if isinstance(x, float)}
  return _Parts(candidate, leaves, tree, fields, floats)


def _as_calls(value: Any) -> Any:
  """A text of calls as such, so that its floats are leaves."""
  if not isinstance(value, str):
    return value
  try:
    return config_strings.calls(value)
  except errors.FvizError:
    return value


def _structure(parts: _Parts) -> tuple:
  """All but the floats; equal where one program may do."""
  rest = [x for i, x in enumerate(parts.leaves) if i not in parts.floats]
  return parts.tree, tuple((type(x).__name__, x) for x in rest)


def _sorted(
  some: Iterable[_Parts], key: Callable[[_Parts], tuple]
) -> list[list[_Parts]]:
  """Lists of equal keys, in order of first appearance."""
  found: dict[tuple, list[_Parts]] = {}
  for one in some:
    found.setdefault(key(one), []).append(one)
  return list(found.values())


def _differing(alike: Sequence[_Parts]) -> list[int]:
  """Places of floats that are not the same in all."""
  values = lambda i: {one.floats[i] for one in alike}
  return [i for i in alike[0].floats if len(values(i)) > 1]


def _program(
  alike: Sequence[_Parts], traced: Sequence[int], network: types.Network
) -> SharedProgram:
  # Within these few, some may be equal after all: constants compile better.
  places = [i for i in _differing(alike) if i in traced]
  numbers = ([one.floats[i] for one in alike] for i in places)
  changed = lambda numbers: dict(zip(places, numbers, strict=True))
  return SharedProgram(
    tuple(one.candidate for one in alike),
    lambda numbers: _recipe(alike[0], changed(numbers), network),
    tuple(np.array(of_all, np.float32) for of_all in numbers),
  )


def _recipe(
  parts: _Parts, numbers: Mapping[int, types.Array], network: types.Network
) -> engine.Recipe:
  """The recipe of a config with some of its floats, by place, replaced."""
  leaves = [numbers.get(i, leaf) for i, leaf in enumerate(parts.leaves)]
  values = jax.tree.unflatten(parts.tree, leaves)
  config = ConfigDict(parts.candidate.config)
  fields = [parts.fields[i] for i in numbers]
  with config.ignore_type():
    config.update_from_flattened_dict({k: values[k] for k in fields})
  return configs.recipe(config, network)


def _is_traceable(parts: _Parts, place: int, network: types.Network) -> bool:
  """Whether a recipe can be built and run with a traced number there."""

  def run(number):
    recipe = _recipe(parts, {place: number}, network)
    clean, _ = engine.check(network, recipe)
    penalty = engine.parts_of(recipe).regularizer
    return penalty and penalty({}, jnp.zeros(clean.shape))

  try:
    jax.eval_shape(run, jnp.float32(parts.floats[place]))
  except (TypeError, ValueError):  # What a primitive says to a traced number.
    return False
  return True
