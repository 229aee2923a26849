"""What subcommands share: arguments, configs of them, a progress bar."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from ml_collections import ConfigDict

from fviz.compiler import precisions
from fviz.config import overrides

# The parsers that argparse gives to `add` of each subcommand.
Subparsers = Any


def parser(
  subparsers: Subparsers,
  name: str,
  help: str,
  examples: str,
  run: Callable[[argparse.Namespace], Any],
) -> argparse.ArgumentParser:
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


def add_of_pictures(
  p: argparse.ArgumentParser,
  example: str,
  steps: str = 'of the optimization (256)',
) -> None:
  """What render, sweep and compare have in common."""
  p.add_argument('--model', help='see `fviz models`; default pareidolia')
  p.add_argument('--weights', help='a file, instead of the published weights')
  p.add_argument('--layer', help='see `fviz layers MODEL`')
  p.add_argument('--channel', type=numbers, help='3 or 3,7')
  p.add_argument('--size', type=int, help='pixels a side (128)')
  p.add_argument('--steps', type=int, help=steps)
  p.add_argument('--seed', type=int, help='of all randomness (0)')
  add_precision(p)
  add_overrides(p, example)


def add_precision(p: Any) -> None:
  """--precision, for a parser or a group of one."""
  p.add_argument(
    '--precision',
    choices=precisions.NAMES,
    help=f'of the network ({precisions.DEFAULT}; on CPUs as float32)',
  )


def add_overrides(p: argparse.ArgumentParser, example: str) -> None:
  """--set FIELD=VALUE."""
  p.add_argument(
    '--set',
    action='append',
    default=[],
    metavar='FIELD=VALUE',
    help=f'any other field of the config, as in --set {example}',
  )


def filled(
  config: ConfigDict, args: argparse.Namespace, **more: Any
) -> ConfigDict:
  """The config with the arguments that were given.

  Args:
    config: defaults.
    args: of `add_of_pictures`; None where nothing was given.
    **more: other fields; None leaves the default.
  """
  config = config.lock()
  names = ('model', 'weights', 'layer', 'size', 'steps', 'seed', 'precision')
  given = {name: getattr(args, name) for name in names}
  given |= {'channels': args.channel, **more}
  values = {n: v for n, v in given.items() if v is not None and n in config}
  overrides.override(config, values | overrides.parsed(args.set))
  return config


@contextlib.contextmanager
def steps(total: int) -> Iterator[Callable[[int], None]]:
  """A progress bar, moved by a function of the number of finished steps."""
  from tqdm import tqdm

  with tqdm(total=total, unit='step', dynamic_ncols=True, delay=0.5) as bar:

    def on_step(done: int) -> None:
      bar.update(done - bar.n)

    yield on_step


def numbers(text: str) -> tuple[int, ...]:
  """Whole numbers, for argparse.

  >>> numbers('3,7')
  (3, 7)
  """
  try:
    return tuple(int(part) for part in text.split(','))
  except ValueError:
    raise argparse.ArgumentTypeError(
      f'{text!r} is no list of whole numbers such as 3 or 3,7'
    ) from None
