"""`python -m fviz.models [MODEL [WEIGHTS]]`: the models, or one's layers."""

import sys

from fviz import errors, models


def main(arguments: list[str]) -> int:
  """Prints a table; returns the exit status."""
  if len(arguments) > 2 or any(a.startswith('-') for a in arguments):
    print('usage: python -m fviz.models [MODEL [WEIGHTS]]', file=sys.stderr)
    return 0 if arguments[0] in ('-h', '--help') else 2
  try:
    print(models.describe(*arguments) if arguments else models.listing())
  except errors.FvizError as error:
    print(error, file=sys.stderr)
    return 1
  return 0


if __name__ == '__main__':
  sys.exit(main(sys.argv[1:]))
