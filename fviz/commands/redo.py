"""fviz redo: a picture again, from the recipe in its metadata.

The recipe may come from a stranger: it is JSON, fields must be those of the
config and of their types, and it names no file that is written.
"""

import argparse
import logging
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

from ml_collections import ConfigDict

from fviz import config as configs
from fviz import errors
from fviz.commands import arguments
from fviz.config import overrides
from fviz.media import photos, picture_files
from fviz.runs import render, render_plan
from fviz.storage import plain_json

_log = logging.getLogger(__name__)

# What stands for no file, in the fields of dreams and of renders.
_NO_FILES = (('input', 'noise'), ('image', 'sample'))
_TEXT = """\
make a picture or film of fviz again from its metadata
  fviz redo dream.png
  fviz redo dream.png -o larger.png --input photo.jpg --set size=2048
  fviz redo zoom.mp4 -o longer.mp4 --set film.frames=400
"""


def add(subparsers: arguments.Subparsers) -> None:
  """Declares the arguments."""
  p = arguments.parser(subparsers, 'redo', _TEXT, run)
  p.add_argument('picture')
  p.add_argument('-o', '--output', help='default: PICTURE-redo, as PICTURE')
  p.add_argument('--input', help='where the photo is now')
  arguments.add_overrides(p, 'seed=1')


def run(args: argparse.Namespace) -> str:
  """The path of what was made again."""
  path = pathlib.Path(args.picture)
  record = _record(path)
  output = args.output or str(path.with_stem(path.stem + '-redo'))
  command = record.get('command')
  if command == 'dream':
    return _dream(record, args, path, output)
  if command == 'render':
    return _render(record, args, output)
  # Pictures of a sweep or a comparison have no command.
  numbers = record.get('channel'), record.get('variant', 0)
  if all(type(n) is int and 0 <= n < 2**31 for n in numbers):
    return _unit(record, args, path, output)
  raise errors.FvizError(
    f'{args.picture} is of a command that cannot be redone: {command!r:.80}.'
  )


def _record(path: pathlib.Path) -> dict[str, Any]:
  """The recipe in a picture or a film."""
  from fviz.media import film_files

  if path.suffix.lower() not in film_files.SUFFIXES or not path.is_file():
    return photos.read_record(path)
  return film_files.read_record(str(path))


def _dream(record, args, path: pathlib.Path, output: str) -> str:
  from fviz.commands import dream
  from fviz.runs import dream_plan

  names = 'input', 'guide', 'mask'
  config = _restored(configs.dream(), record, args, names)
  clip = record.get('clip') is True
  is_film = dream_plan.is_film(config, clip)
  if is_film and path.suffix == '.png' and not args.output:
    raise errors.UsageError(
      f'{path} is a frame of a film: say where the film is to go (-o film.mp4)'
    )
  made = dream.make(config, output, clip=clip)
  _warn(record, output)
  return made


def _render(record, args, output: str) -> str:
  config = _restored(configs.render(), record, args, ('image',))
  picture_files.check_output(output)
  plan = render_plan.plan_of(config)
  with arguments.progress(plan.recipe.steps) as on_step:
    render.save_one(plan, output, str(record.get('picture', '')), on_step)
  _warn(record, output)
  return output


def _unit(record, args, path: pathlib.Path, output: str) -> str:
  """A picture of a sweep or a comparison: their config lies beside it."""
  picture_files.check_output(output)
  file = path.absolute().parent.parent.parent / 'config.json'
  if not file.is_file():
    raise errors.FvizError(
      f'{path} is of a sweep, whose config.json is not at {file}: leave the '
      'picture in its working directory.'
    )
  config, fields = configs.sweep(), plain_json.decode(file.read_bytes())
  known = {k: v for k, v in fields.items() if k in config}
  config = overrides.restored(config, {'config': known})
  overrides.override(config, overrides.parsed(args.set))
  unit = str(record.get('layer')), record['channel'], record.get('variant', 0)
  plan = render_plan.unit_plan(config, *unit)
  with arguments.progress(plan.recipe.steps) as on_step:
    (picture,) = render.rendered(plan, on_step=on_step)
  picture_files.write(output, picture.image, record)
  return output


def _restored(
  config: ConfigDict,
  record: Mapping[str, Any],
  args: argparse.Namespace,
  names: Sequence[str],
) -> ConfigDict:
  """The config of a picture with the changes of the arguments.

  Args:
    names: fields that name files, the one of --input first. Files must be
      local, and those that the picture was made of.
  """
  changes = overrides.parsed(args.set)
  if args.input:
    changes[names[0]] = args.input
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


def _warn(record: Mapping[str, Any], output: str) -> None:
  """Says so if other weights were used than for the picture."""
  if picture_files.is_picture(output):
    new = photos.read_record(output)
    if new.get('weights_sha256') != record.get('weights_sha256'):
      _log.warning(
        '%s was made with other weights than the picture: they differ in '
        'their hash. Give those with --set weights=FILE.',
        output,
      )
