"""fviz compare: candidates on the same units, side by side."""

import argparse

from fviz import compare
from fviz import config as configs
from fviz.commands import arguments

_TEXT = """\
compare regularizers, transforms and the like, side by side
  fviz compare --workdir runs/compare --layer mixed4 --channel 3,7
  fviz compare --workdir runs/mine --candidates mine.py, which says
    def sweep(add):
      add('plain')
      add('tv', **{'regularizers.total_variation': 5.0})
"""


def add(subparsers: arguments.Subparsers) -> None:
  """Declares the arguments."""
  p = arguments.parser(subparsers, 'compare', _TEXT, run)
  arguments.add(p, arguments.OF_PICTURES)
  arguments.add_overrides(p, 'comparison.rank_by=spectrum_distance')
  p.add_argument(
    '--candidates', '--variants', help='a config file that defines sweep(add)'
  )
  p.add_argument('--workdir', required=True, help='give it again to resume')


def run(args: argparse.Namespace) -> compare.Report:
  """What the run came to."""
  candidates = compare.sweep_of(args.candidates) if args.candidates else None
  config = arguments.filled(configs.compare(), args)
  return compare.run(config, args.workdir, candidates)
