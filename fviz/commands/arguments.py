"""What subcommands share: configs from arguments, progress, epilogs."""

from __future__ import annotations

import argparse
import ast
import contextlib

from fviz import errors
from fviz.compiler import precisions


def parser(subparsers, name: str, help: str, examples: str, run):
  """A subparser with examples at the end of its help."""
  made = subparsers.add_parser(
    name,
    help=help,
    description=help[0].upper() + help[1:] + '.',
    epilog='examples:\n' + examples.rstrip(),
    formatter_class=argparse.RawDescriptionHelpFormatter,
  )
  made.set_defaults(run=run)
  return made


def add_precision(parser) -> None:
  parser.add_argument(
    '--precision',
    choices=precisions.NAMES,
    help=f'of the network ({precisions.DEFAULT}; on CPUs as float32)',
  )


def add_overrides(parser: argparse.ArgumentParser, example: str) -> None:
  parser.add_argument(
    '--set',
    action='append',
    default=[],
    metavar='FIELD=VALUE',
    help=f'any other field of the config, as in --set {example}',
  )


def override(config, values: dict) -> None:
  """Puts values into a config, by dotted names, with its type checks.

  Raises:
    FvizError: an unknown field, or a value of another type.
  """
  known = set(dict(flat(config.to_dict())))
  for name, value in values.items():
    if name not in known:
      raise errors.unknown('field of the config', name, sorted(known))
    try:
      with config.unlocked():
        config.update_from_flattened_dict({name: _like(config, name, value)})
    except (TypeError, ValueError) as error:
      raise errors.FvizError(
        f'{name} = {value!r} is of the wrong type: {error}'
      ) from error


@contextlib.contextmanager
def steps(total: int):
  """A progress bar, moved by a function of the number of finished steps."""
  from tqdm import tqdm

  with tqdm(total=total, unit='step', dynamic_ncols=True, delay=0.5) as bar:
    yield lambda done: bar.update(done - bar.n)


def parsed(assignments: list[str]) -> dict:
  """{'a.b': 1.5} of ['a.b=1.5']; what is no literal is a string."""
  found = {}
  for text in assignments:
    name, equals, value = text.partition('=')
    if not equals:
      raise errors.FvizError(f'Cannot read {text!r}: write --set FIELD=VALUE.')
    try:
      found[name.strip()] = ast.literal_eval(value)
    except (ValueError, SyntaxError):
      found[name.strip()] = value
  return found


def numbers(text: str) -> tuple[int, ...]:
  """(1, 2) of '1,2', for argparse."""
  try:
    found = tuple(int(part) for part in text.split(','))
  except ValueError:
    raise argparse.ArgumentTypeError(
      f'{text!r} is no list of whole numbers such as 3 or 3,7'
    ) from None
  return found


def _like(config, name: str, value):
  """Lists as tuples, and numbers alone in place of one of them."""
  old = config
  for part in name.split('.'):
    old = old[part]
  if isinstance(old, tuple):
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)
  if isinstance(old, float) and isinstance(value, int):
    return float(value)
  if isinstance(old, str) and not isinstance(value, str):
    return str(value)
  if isinstance(old, bool) != isinstance(value, bool):
    raise TypeError(f'{type(old).__name__} expected')
  return value


def flat(tree: dict, prefix: str = ''):
  """(dotted name, value) of everything in nested dictionaries."""
  for key, value in tree.items():
    if isinstance(value, dict):
      yield from flat(value, f'{prefix}{key}.')
    else:
      yield prefix + str(key), value
