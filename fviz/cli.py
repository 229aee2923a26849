"""The console command `fviz`.

Exit codes: 0 done, 1 failed (the message says why), 2 wrong usage, 130
interrupted; finished pictures and frames stay.
"""

import argparse
import logging
import os
import sys
from collections.abc import Sequence

from fviz import __version__, errors
from fviz.commands import compare, dream, redo, render, sweep, zoo
from fviz.compiler import cpu, hardware, program_cache

_EXAMPLES = """\
examples:
  fviz dream --sample -o dream.png          dream of the sample photo, offline
  fviz dream photo.jpg -o out.png           of yours
  fviz render --layer mixed4 --channel 17   what a channel likes
  fviz sweep --layer mixed3 --workdir runs/mixed3
  fviz layers pareidolia
  fviz COMMAND --help                       more examples
"""


def main(argv: Sequence[str] | None = None) -> int:
  """Runs a command; returns its exit code."""
  parser = _parser()
  try:
    args = parser.parse_args(argv)
  except SystemExit as stop:  # argparse has written its message.
    return int(stop.code or 0)
  cpu.faster()
  program_cache.keep()
  try:
    hardware.check_platforms()
    print(args.run(args))
    return 0
  except errors.UsageError as error:
    print(f'fviz {args.command}: {error}', file=sys.stderr)
    print(f'Try: fviz {args.command} --help', file=sys.stderr)
    return 2
  except errors.FvizError as error:
    print(f'error: {error}', file=sys.stderr)
    return 1
  except KeyboardInterrupt:
    print('\nInterrupted; what is finished stays.', file=sys.stderr)
    return 130
  except BrokenPipeError:  # `fviz layers ... | head`
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _parser() -> argparse.ArgumentParser:
  parser = argparse.ArgumentParser(
    prog='fviz',
    description='What the neurons of a network see, and what it dreams.',
    epilog=_EXAMPLES,
    formatter_class=argparse.RawDescriptionHelpFormatter,
  )
  parser.add_argument(
    '--version', action='version', version=f'fviz {__version__}'
  )
  commands = parser.add_subparsers(
    dest='command', required=True, metavar='COMMAND'
  )
  for module in (dream, render, sweep, compare, zoo, redo):
    module.add(commands)
  return parser


def entry() -> None:
  """What the console script calls."""
  logging.basicConfig(format='%(levelname)s: %(message)s')
  logging.getLogger('fviz').setLevel(logging.INFO)
  sys.exit(main())
