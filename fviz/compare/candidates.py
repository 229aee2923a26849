"""The configs that a comparison is about: collected, and checked together.

A config file defines `sweep(add)`, plain Python that calls
`add(name, **{'dotted.field': value})` once a candidate. All of them are checked
before anything compiles.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ml_collections import ConfigDict

from fviz import config as configs
from fviz import engine, errors, types
from fviz.storage import config_file

SweepFunction = Callable[[Callable[..., None]], Any]

_NAME = re.compile(r'[A-Za-z0-9][A-Za-z0-9._=+-]{0,79}')
# A candidate has a folder of its own beside these of the working directory.
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
SHARED = ('model', 'weights', 'layer', 'channels', 'variants', 'page')


class Candidate(NamedTuple):
  """A config to be compared with others on the same units.

  Attributes:
    name: of its folder, and of its row in the report.
    recipe: what its config describes.
    seed: of all randomness.
    config: all of its fields, nested, as its folder records them.
  """

  name: str
  recipe: engine.Recipe
  seed: int
  config: Mapping[str, Any]


def collect(
  sweep: SweepFunction, config: ConfigDict, network: types.Network
) -> tuple[Candidate, ...]:
  """All candidates, checked down to shapes, in order.

  Args:
    sweep: calls add(name, **{'dotted.field': value}) for each candidate.
    config: what they start from.
    network: that they run on.

  Raises:
    FvizError: one for everything wrong in any candidate.
  """
  called, problems = _calls_of(sweep), []
  if not called:
    problems.append("sweep(add) adds no candidate: call add('name', ...) in it")
  made, names = [], []
  for name, overrides in called:
    bad = [*_bad_name(name, names), *_bad_fields(overrides, config)]
    if not bad:
      try:
        made.append(_candidate(name, overrides, config, network))
      except (TypeError, ValueError, KeyError, AttributeError) as error:
        bad = [str(error)]
    problems += [f'candidate {name!r}: {one}' for one in bad]
    names.append(str(name))
  if problems:
    raise errors.FvizError('\n'.join(problems))
  return tuple(made)


def differences(
  candidates: Sequence[Candidate], config: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
  """The fields in which any candidate differs from a config.

  Returns:
    field -> {name of the candidate: its value}.
  """
  flat = {one.name: dict(config_file.flat(one.config)) for one in candidates}
  return {
    field: {name: fields[field] for name, fields in flat.items()}
    for field, value in config_file.flat(config)
    if any(fields[field] != value for fields in flat.values())
  }


def _calls_of(sweep: SweepFunction) -> list[tuple[Any, dict[str, Any]]]:
  found = []

  def add(name, /, **overrides):
    found.append((name, overrides))

  sweep(add)
  return found


def _candidate(
  name: str,
  overrides: Mapping[str, Any],
  config: ConfigDict,
  network: types.Network,
) -> Candidate:
  own: Any = config.copy_and_resolve_references().lock()
  own.update_from_flattened_dict(overrides)
  configs.check(own, own_network=True)
  recipe = configs.recipe(own, network)
  engine.check(network, recipe)
  return Candidate(name, recipe, own.seed, own.to_dict())


# Checks: each yields what is wrong.


def _bad_name(name: Any, others: Iterable[str]) -> Iterator[str]:
  if not isinstance(name, str) or not _NAME.fullmatch(name):
    yield (
      'a name is 1 to 80 letters, digits and ._=+- and begins with a letter or '
      'digit, as it names a folder'
    )
  elif name.lower() in _RESERVED:
    yield f'these names are taken by fviz: {", ".join(_RESERVED)}'
  elif name.lower() in map(str.lower, others):  # Some file systems ignore case.
    yield 'the name is used twice'


def _bad_fields(
  overrides: Mapping[str, Any], config: ConfigDict
) -> Iterator[str]:
  known = dict(config_file.flat(config.to_dict()))
  for field in overrides:
    if field.split('.')[0] in SHARED:
      yield f'{field} is the same for all candidates, set it in the config'
    elif field not in known:
      close = difflib.get_close_matches(field, known, n=1)
      hint = f' Did you mean {close[0]!r}?' if close else ''
      yield f'unknown field {field!r}.{hint}'
