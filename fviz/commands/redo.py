"""fviz redo: a picture or a film again, from the recipe in its metadata."""

import argparse

from fviz.commands import arguments
from fviz.config import overrides

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
  from fviz.runs import made_again

  changes, source = overrides.parsed(args.set), args.input or ''
  again = made_again.plan_of(
    args.picture, args.output or '', changes, source=source
  )
  counted = ('frame', 'film') if again.is_film else ('step',)
  with arguments.progress(again.length, *counted) as on_step:
    again.run(on_step)
  return again.output
