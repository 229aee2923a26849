"""fviz redo: a picture again, from the recipe in its metadata.

The recipe may come from a stranger: it is JSON, fields must be those of the
config and of their types, and it names no file that is written.
"""

from __future__ import annotations

import pathlib

from fviz.commands import common


def add(subparsers) -> None:
  p = common.parser(
    subparsers,
    'redo',
    'make a picture of fviz again from its metadata',
    '  fviz redo dream.png\n'
    '  fviz redo dream.png -o larger.png --input photo.jpg --set size=2048',
    run,
  )
  p.add_argument('picture')
  p.add_argument('-o', '--output', help='default: PICTURE-redo.png')
  p.add_argument('--input', help='where the photo is now')
  common.add_overrides(p)


def run(args) -> int:
  from fviz import config as configs
  from fviz import errors, photos
  from fviz.commands import dream, pictures

  record = photos.read_record(args.picture)
  path = pathlib.Path(args.picture)
  output = args.output or str(path.with_stem(path.stem + '-redo'))
  changes = common.parsed(args.set)
  if args.input:
    changes['input'] = args.input
  if record.get('command') == 'dream':
    config = restored(configs.dream(), record)
    common.override(config, changes)
    _check_files(config, record, changes)
    return dream.make(config, output, clip=False)
  if record.get('command') == 'render':
    config, label = restored(configs.sweep(), record), record.get('label', '')
    common.override(config, changes)
    pictures.render_to(config, str(label), output)
  elif isinstance(record.get('channel'), int):
    config = _of_sweep(configs.sweep(), record, path)
    common.override(config, changes)
    pictures.render_to(config, '', output)
  else:
    raise errors.FvizError(
      f'{args.picture} is of a command that cannot be redone: '
      f'{record.get("command")!r:.80}.'
    )
  print(output)
  return 0


def restored(config, record: dict):
  """A config with the recorded fields; unknown ones and other types fail."""
  from fviz import errors

  fields = record.get('config')
  if not isinstance(fields, dict):
    raise errors.FvizError('The recipe has no config.')
  config = config.lock()
  common.override(config, dict(common.flat(fields)))
  return config


def _of_sweep(config, record: dict, path: pathlib.Path):
  """The unit of a sweep: its config lies in the working directory."""
  from fviz import errors, workdir

  file = path.absolute().parent.parent.parent / 'config.json'
  if not file.is_file():
    raise errors.FvizError(
      f'{path} is of a sweep, whose config.json is not at {file}: leave the '
      'picture in its working directory.'
    )
  fields = workdir.decode(file.read_bytes())
  fields = {k: v for k, v in fields.items() if k in config}
  config = restored(config, {'config': fields})
  layer, channel = str(record.get('layer')), record['channel']
  common.override(config, {'layer': layer, 'channels': (channel,)})
  return config


def _check_files(config, record: dict, changes: dict) -> None:
  """Files must be local, and those that the picture was made of."""
  from fviz import errors, photos

  for name in ('input', 'guide', 'mask'):
    path = config[name]
    if not path or (name == 'input' and path == 'noise'):
      continue
    known = record.get(f'{name}_sha256')
    if '://' in path or not pathlib.Path(path).is_file():
      raise errors.FvizError(
        f'The {name} of the picture, {path!r:.200}, is not there'
        + (': say where it is now (--input).' if name == 'input' else '.')
      )
    if name not in changes and photos.read(path).sha256 != known:
      raise errors.FvizError(
        f'{path} is not the {name} that the picture was made of: its SHA-256 '
        f'differs. Give it with --set {name}=FILE if you mean it.'
      )
