"""A picture or a film again, from the recipe in its metadata.

The recipe may come from a stranger: it is JSON, fields must be those of the
config and of their types, and it names no file that is written.
"""

import logging
import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from ml_collections import ConfigDict

from fviz import config as configs
from fviz import errors, networks, types
from fviz.config import overrides
from fviz.media import photos, picture_files
from fviz.runs import dream, dream_plan, render, render_plan
from fviz.storage import outputs, plain_json

_log = logging.getLogger(__name__)

# What stands for no file, in the fields of dreams and of renders.
_NO_FILES = (('input', 'noise'), ('image', 'sample'))
# What a sweep or a comparison found out of a unit as it made it.
_MEASURED = ('objective', 'history', 'steps', 'seconds', 'metrics', 'file')
_ignore = lambda done: None


class Redo(NamedTuple):
  """A picture or a film that is to be made again."""

  output: str  # The file that is written.
  length: int | None  # Steps of a picture, or frames of a film.
  is_film: bool
  run: Callable[[Callable[[int], Any]], None]  # Takes what follows progress.


def redo(
  picture: str,
  output: str = '',
  *,
  network: types.Network | None = None,
  source: str = '',
  **changes: Any,
) -> str:
  """Makes a picture or a film of fviz again; the path of the new one.

  Args:
    picture: a file that carries its recipe.
    output: '' for PICTURE-redo, of the same format.
    network: your own, which pictures of one's own networks need.
    source: where the photo is now that a dream or a render started from.
    **changes: other fields of the config, such as seed=1.

  Raises:
    FvizError: no recipe, one that does not fit, another network or another
      photo than it was made of, or an output that cannot be written.
  """
  again = plan_of(picture, output, changes, network, source)
  again.run(_ignore)
  return again.output


def plan_of(
  picture: str,
  output: str = '',
  changes: Mapping[str, Any] | None = None,
  network: types.Network | None = None,
  source: str = '',
) -> Redo:
  """Reads and checks a recipe and all that it names; see `redo`."""
  path = pathlib.Path(picture)
  record = recipe_of(path)
  asked = _Asked(path, output, dict(changes or {}), network, source)
  outputs.check_apart(asked.output, [picture, source])
  _check_network(record, network, path)
  command = record.get('command')
  if command == 'dream':
    return _dream(record, asked)
  if command == 'render':
    return _render(record, asked)
  # Pictures of a sweep or a comparison have no command.
  numbers = record.get('channel'), record.get('variant', 0)
  if all(type(n) is int and 0 <= n < 2**31 for n in numbers):
    return _unit(record, asked)
  raise errors.FvizError(
    f'{path} is of a command that cannot be redone: {command!r:.80}.'
  )


def recipe_of(path: pathlib.Path) -> dict[str, Any]:
  """The recipe in a picture or a film."""
  from fviz.media import film_files

  if path.suffix.lower() not in film_files.SUFFIXES or not path.is_file():
    return photos.read_record(path)
  return film_files.read_record(str(path))


class _Asked(NamedTuple):
  """What is asked for beside the recipe."""

  path: pathlib.Path
  given: str  # The output, '' for one beside the picture.
  changes: dict[str, Any]
  network: types.Network | None
  source: str

  @property
  def output(self) -> str:
    beside = self.path.with_stem(self.path.stem + '-redo')
    return self.given or str(beside)


def _check_network(
  record: Mapping[str, Any], network: types.Network | None, path: pathlib.Path
) -> None:
  """Whether the picture is of one's own network, and whether it is that."""
  config = record.get('config')
  inside = config if isinstance(config, dict) else {}
  own = record.get('own_network') or inside.get('own_network')
  if own and network is None:
    name = inside.get('model') or record.get('model')
    raise errors.FvizError(
      f"{path} is of somebody's own network {name!r:.200}, which fviz does not "
      'have. Make the network, then in Python: fviz.redo(picture, '
      'network=network).'
    )


def _dream(record: dict[str, Any], asked: _Asked) -> Redo:
  if asked.network is not None:
    raise errors.FvizError('Dreams are redone with networks of the zoo only.')
  names = 'input', 'guide', 'mask'
  config = _restored(configs.dream(), record, asked, names)
  clip = record.get('clip') is True
  is_film = dream_plan.is_film(config, clip)
  if is_film and asked.path.suffix == '.png' and not asked.given:
    raise errors.UsageError(
      f'{asked.path} is a frame of a film: say where the film is to go (-o '
      'film.mp4)'
    )
  plan = dream_plan.plan_of(config, asked.output, clip=clip)
  _warn(record, plan.record, asked.output)
  run = lambda progress: dream.run(plan, progress)
  return Redo(asked.output, plan.length, is_film, run)


def _render(record: dict[str, Any], asked: _Asked) -> Redo:
  config = _restored(configs.render(), record, asked, ('image',))
  picture_files.check_output(asked.output)
  plan = render_plan.plan_of(config, asked.network)
  _warn(record, plan.record, asked.output)
  name = str(record.get('picture', ''))
  run = lambda progress: render.save_one(plan, asked.output, name, progress)
  return Redo(asked.output, plan.recipe.steps, False, run)


def _unit(record: dict[str, Any], asked: _Asked) -> Redo:
  """A picture of a sweep or a comparison."""
  picture_files.check_output(asked.output)
  fields = _config_of_unit(record, asked.path)
  config = configs.sweep()
  known = {k: v for k, v in fields.items() if k in config}
  if asked.network is not None:  # The name of one's own is not in the zoo.
    known['model'] = config.model
  config = overrides.restored(config, {'config': known})
  overrides.override(config, asked.changes)
  unit = str(record.get('layer')), record['channel'], record.get('variant', 0)
  plan = render_plan.unit_plan(config, *unit, network=asked.network)
  now = networks.fingerprint(plan.network)
  _warn(fields, {'weights_sha256': now}, asked.output)

  def run(progress: Callable[[int], Any]) -> None:
    (picture,) = render.rendered(plan, on_step=progress)
    render.check_finite(picture, asked.output)
    new = record
    if asked.changes:
      new = {k: v for k, v in record.items() if k not in _MEASURED}
      changed = {k: v for k, v in config.to_dict().items() if k in known}
      changed |= {'model': fields.get('model', ''), 'weights_sha256': now}
      new |= {'seed': config.seed, 'activation': picture.activation}
      new |= {'config': {**fields, **changed}}
    picture_files.write(asked.output, picture.image, new)

  return Redo(asked.output, plan.recipe.steps, False, run)


def _config_of_unit(
  record: Mapping[str, Any], path: pathlib.Path
) -> dict[str, Any]:
  """In the picture; beside those of before, which lie in their directory."""
  if isinstance(record.get('config'), dict):
    return record['config']
  file = path.absolute().parent.parent.parent / 'config.json'
  if not file.is_file():
    raise errors.FvizError(
      f'{path} is of a sweep, whose config.json is not at {file}: leave the '
      'picture in its working directory.'
    )
  return plain_json.decode(file.read_bytes())


def _restored(
  config: ConfigDict,
  record: Mapping[str, Any],
  asked: _Asked,
  names: Sequence[str],
) -> ConfigDict:
  """The config of a picture with the changes that are asked for.

  Args:
    names: fields that name files, that of the source first. Files must be
      local, and those that the picture was made of.
  """
  changes = dict(asked.changes)
  if asked.source:
    changes[names[0]] = asked.source
  if asked.network is not None:  # The name of one's own is not in the zoo.
    fields = record.get('config')
    inside = fields if isinstance(fields, dict) else {}
    record = {**record, 'config': {**inside, 'model': config.model}}
  config = overrides.restored(config, record)
  overrides.override(config, changes)
  for name in names:
    path = str(config[name])
    if not path or (name, path) in _NO_FILES:
      continue
    known = record.get(f'{name}_sha256')
    if '://' in path or not pathlib.Path(path).is_file():
      raise errors.FvizError(
        f'The {name} of the picture, {path!r:.200}, is not there'
        + (': say where it is now (--input).' if name == names[0] else '.')
      )
    if name not in changes and photos.sha256(path) != known:
      raise errors.FvizError(
        f'{path} is not the {name} that the picture was made of: its SHA-256 '
        f'differs. Give it with --set {name}=FILE if you mean it.'
      )
  return config


def _warn(old: Mapping[str, Any], new: Mapping[str, Any], output: str) -> None:
  """Says so if other weights are used than for the picture."""
  if new.get('weights_sha256') != old.get('weights_sha256'):
    _log.warning(
      '%s is made with other weights than the picture: they differ in their '
      'hash. Give those with --set weights=FILE.',
      output,
    )
