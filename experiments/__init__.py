"""Entry points: a config, a place to write, one call into fviz."""

import functools
import sys
from collections.abc import Callable
from typing import Any

from absl import app, flags, logging
from ml_collections import ConfigDict

from fviz import errors
from fviz.compiler import cpu, hardware, program_cache

_UNREADABLE = (flags.Error, OSError, SyntaxError, TypeError, ValueError)


def start(run: Callable[[ConfigDict], Any], required: str = 'workdir') -> None:
  """Runs an experiment with its config and prints what it came to.

  What is wrong with the config or the run is a line, not a traceback.

  Args:
    run: of the config in --config.
    required: the flag that says where to write.
  """
  flags.mark_flag_as_required(required)
  app.run(functools.partial(_main, run), flags_parser=_parse)


def _main(run: Callable[[ConfigDict], Any], argv: list[str]) -> None:
  if len(argv) > 1:
    raise app.UsageError(f'Unexpected arguments: {argv[1:]}')
  logging.set_verbosity(logging.WARNING)
  cpu.faster()
  program_cache.keep()
  try:
    hardware.check_platforms()
    print(run(flags.FLAGS.config))
  except errors.FvizError as error:
    sys.exit(f'error: {error}')


def _parse(argv: list[str]) -> list[str]:
  try:
    rest = flags.FLAGS(argv)
    _ = flags.FLAGS.config.lock  # A missing file says so when it is asked.
    return rest
  except (AttributeError, KeyError) as error:
    # Their text is quoted twice.
    text = (
      str(error.args[0]).replace('\\n', ' ').replace("\\'", '').strip('"\'')
    )
    sys.exit(f'error: The config has no such field: {text}')
  except _UNREADABLE as error:  # The reason comes last.
    sys.exit(f'error: {str(error).strip().splitlines()[-1].strip()}')
