"""What subcommands share: arguments, configs of them, a progress bar."""

import argparse
import contextlib
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ml_collections import ConfigDict

from fviz.compiler import precisions
from fviz.config import overrides

# The parsers that argparse gives to `add` of each subcommand.
Subparsers = Any


def parser(
  subparsers: Subparsers,
  name: str,
  text: str,
  run: Callable[[argparse.Namespace], Any],
) -> argparse.ArgumentParser:
  """The parser of a subcommand.

  Args:
    text: what it does, in the first line; then examples.
    run: what the parsed arguments are given to.
  """
  help, _, examples = text.partition('\n')
  made = subparsers.add_parser(
    name,
    help=help,
    description=help[0].upper() + help[1:] + '.',
    epilog='examples:\n' + examples.rstrip(),
    formatter_class=argparse.RawDescriptionHelpFormatter,
  )
  made.set_defaults(run=run)
  return made


def numbers(text: str) -> tuple[int, ...]:
  """Whole numbers and ranges of them, for argparse.

  >>> numbers('3,7'), numbers('1,4-6')
  ((3, 7), (1, 4, 5, 6))
  """
  try:
    return tuple(n for part in text.split(',') for n in _range(part))
  except ValueError:
    raise argparse.ArgumentTypeError(
      f'{text!r} is no list of whole numbers such as 3 or 3,7 or 3-7'
    ) from None


def _range(text: str) -> Iterable[int]:
  """The numbers of '3' or '3-7'."""
  first, dash, last = text.strip().partition('-')
  if not dash:
    return [int(first)]
  low, high = int(first), int(last)
  if not 0 <= low <= high < 1 << 20:
    raise ValueError(text)
  return range(low, high + 1)


# What argparse is told of arguments that several subcommands have.
_KNOWN: dict[str, dict[str, Any]] = {
  'model': dict(help='see `fviz models`; default pareidolia'),
  'weights': dict(help='a file, instead of the published weights'),
  'layer': dict(help='see `fviz layers MODEL`'),
  'channel': dict(type=numbers, help='3, 3,7 or 3-7'),
  'label': dict(help='a class, by name or number'),
  'size': dict(type=int, help='pixels a side (128)'),
  'steps': dict(type=int, help='of the optimization (256)'),
  'seed': dict(type=int, help='of all randomness (0)'),
  'precision': dict(
    choices=precisions.NAMES,
    help=f'of the network ({precisions.DEFAULT}; on CPUs as float32)',
  ),
}
# What render, sweep and compare have in common.
OF_PICTURES = 'model weights layer channel size steps seed precision'


def add(p: Any, names: str, **help: str) -> None:
  """Adds known arguments to a parser or a group, some with another help."""
  for name in names.split():
    known = _KNOWN[name]
    p.add_argument(
      f'--{name}', **known | {'help': help.get(name, known['help'])}
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
  config: ConfigDict,
  args: argparse.Namespace,
  names: str = OF_PICTURES,
  /,
  **more: Any,
) -> ConfigDict:
  """The config with the arguments that were given.

  Args:
    config: defaults.
    args: has `names`, `channel` among them, and --set.
    **more: other fields. None leaves the default, there and in `args`.
  """
  config = config.lock()
  given = {name: getattr(args, name) for name in names.split()}
  given = {'channels': given.pop('channel'), **given, **more}
  values = {
    name: value
    for name, value in given.items()
    if value is not None and name.partition('.')[0] in config
  }
  overrides.override(config, values | overrides.parsed(args.set))
  return config


@contextlib.contextmanager
def progress(
  total: int | None, unit: str = 'step', what: str | None = None
) -> Iterator[Callable[[int], Any]]:
  """A progress bar, moved by a function of how many are finished.

  Until the first one is, programs are compiled, which takes longest.
  """
  from tqdm import tqdm

  with tqdm(total=total, unit=unit, desc=what, dynamic_ncols=True) as bar:
    bar.set_postfix_str('compiling (once; kept)')

    def on_done(done: int) -> None:
      if bar.n == 0 and done:
        bar.set_postfix_str('')
        # What is left is no compiling.
        bar.start_t = bar.last_print_t = time.time()
      bar.update(done - bar.n)

    yield on_done
