"""Entry points: a config, a working directory, one call into fviz."""

import sys
from collections.abc import Callable

from absl import app, flags

_UNREADABLE = (flags.Error, OSError, SyntaxError, TypeError, ValueError)


def start(main: Callable[[list[str]], None]) -> None:
  """Runs a main; a config that cannot be read is a line, not a traceback."""
  app.run(main, flags_parser=_parse)


def _parse(argv):
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
