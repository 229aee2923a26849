"""The configs that a comparison is about: collected, and checked together.

A config file defines `sweep(add)`, plain Python that calls
`add(name, **{'dotted.field': value})` once a candidate. All of them are checked
before anything compiles.
"""

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
  *('images', 'films', 'gallery', 'config.json'),
  *('report.json', 'report.md', 'report.html'),
)
# What a comparison holds fixed, so that its columns are the same units.
SHARED = ('model', 'weights', 'layer', 'channels', 'variants', 'page')


class Candidate(NamedTuple):
  """A config to be compared with others on the same units."""

  name: str  # Of its folder, and of its row in the report.
  recipe: engine.Recipe  # What its config describes.
  seed: int  # Of all randomness.
  config: Mapping[str, Any]  # All fields, nested, as its folder records them.


def regularizers(add: Callable[..., None]) -> None:
  """The default candidates: the literature's regularizers, one by one.

  They start from `fviz.config.compare`: plain pixels, Adam, nothing else.
  docs/regularizers.md has their sources.
  """
  adam = 'adam(0.1)'
  weight = lambda name, value: {f'regularizers.{name}': value}
  add('none', optimizer=adam)
  add('l2_decay', optimizer=f'{adam}|decay(0.03)')
  add('total_variation', optimizer=adam, **weight('total_variation', 15.0))
  add('alpha_norm', optimizer=adam, **weight('alpha_norm', 1000.0))
  add('blur', optimizer=f'{adam}|blur_every(0.5, 4)')
  add('small_norm', optimizer=f'{adam}|small_norm(50)')
  add('jitter', optimizer=adam, transforms='jitter(8)')
  spectrum = dict(optimizer=adam, parameterization='fourier()')
  add('fourier', **spectrum)
  spectrum['color'] = 'decorrelated'
  add('fourier_color', **spectrum)
  moves = 'pad(12)|jitter(8)|scale(0.9, 1.1)|rotate(-10, 10)|jitter(4)'
  add('robust', **spectrum, transforms=moves)
  spectrum |= dict(optimizer='nadam(1.0)', parameterization='maco()')
  add('maco', **spectrum, transforms='crops(2, 0.5)|uniform_noise(0.1)')


def collect(
  sweep: SweepFunction, config: ConfigDict, network: types.Network
) -> tuple[Candidate, ...]:
  """All candidates that `sweep(add)` adds to a config, checked down to shapes.

  Raises:
    FvizError: one for everything wrong in any candidate.
  """
  called, made, names, problems = [], [], [], []

  def add(name, /, **fields):
    called.append((name, fields))

  sweep(add)
  if not called:
    problems.append("sweep(add) adds no candidate: call add('name', ...) in it")
  for name, fields in called:
    wrong = [*_wrong_name(name, names), *_wrong_fields(fields, config)]
    if not wrong:
      try:
        made.append(_candidate(name, fields, config, network))
      except (TypeError, ValueError, KeyError, AttributeError) as error:
        wrong = [str(error)]
    problems += [f'candidate {name!r}: {one}' for one in wrong]
    names.append(str(name))
  if problems:
    raise errors.FvizError('\n'.join(problems))
  return tuple(made)


def differences(
  candidates: Sequence[Candidate], config: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
  """Field -> {candidate: value}, where any candidate differs from a config."""
  flat = {one.name: dict(config_file.flat(one.config)) for one in candidates}
  return {
    field: {name: fields[field] for name, fields in flat.items()}
    for field, value in config_file.flat(config)
    if any(fields[field] != value for fields in flat.values())
  }


def _candidate(
  name: str, fields: dict, config: ConfigDict, network: types.Network
) -> Candidate:
  own: Any = config.copy_and_resolve_references().lock()
  own.update_from_flattened_dict(fields)
  configs.check(own, own_network=True)
  recipe = configs.recipe(own, network)
  layers = (own.layer,) if own.layer in network.layers else ()
  engine.check(network, recipe, layers)
  return Candidate(name, recipe, own.seed, own.to_dict())


def _wrong_name(name: Any, others: Iterable[str]) -> Iterator[str]:
  if not isinstance(name, str) or not _NAME.fullmatch(name):
    yield (
      'a name is 1 to 80 letters, digits and ._=+- and begins with a letter or '
      'digit, as it names a folder'
    )
  elif name.lower() in _RESERVED:
    yield f'these names are taken by fviz: {", ".join(_RESERVED)}'
  elif name.lower() in map(str.lower, others):  # Some file systems ignore case.
    yield 'the name is used twice'


def _wrong_fields(fields: Iterable[str], config: ConfigDict) -> Iterator[str]:
  known = dict(config_file.flat(config.to_dict()))
  for field in fields:
    if field.split('.')[0] in SHARED:
      yield f'{field} is the same for all candidates, set it in the config'
    elif field not in known:
      close = difflib.get_close_matches(field, known, n=1)
      hint = f' Did you mean {close[0]!r}?' if close else ''
      yield f'unknown field {field!r}.{hint}'
