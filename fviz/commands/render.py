"""fviz render: what a channel, a class or any objective likes."""

import argparse
import pathlib

from fviz import config as configs
from fviz import errors
from fviz.commands import arguments
from fviz.media import picture_files
from fviz.runs import render, render_plan

_TEXT = """\
render what a channel, a class or any objective likes, by any recipe
  fviz render --layer mixed4 --channel 17 -o unit.png
  fviz render --label owl -o owl.png
  fviz render --layer mixed4 --channel 17 --recipe maco -o maco.png
  fviz render --objective "channel('mixed4', 3) + channel('mixed4', 9)"
  fviz render --layer mixed4 --channel 7 --recipe mahendran --image photo.jpg
  fviz render --layer mixed4 --channel 3,7 -o pictures
"""


def add(subparsers: arguments.Subparsers) -> None:
  """Declares the arguments."""
  p = arguments.parser(subparsers, 'render', _TEXT, run)
  steps = "of the optimization (the recipe's own)"
  arguments.add(p, f'{arguments.OF_PICTURES} label', steps=steps)
  arguments.add_overrides(p, 'variants=4')
  p.add_argument(
    '-o',
    '--output',
    default='render.png',
    help='a picture, or a folder for several (render.png)',
  )
  p.add_argument('--objective', help='of fviz.objectives, instead of those')
  p.add_argument(
    '--recipe', help='of fviz.recipes (lucid; of a --label: classes)'
  )
  p.add_argument('--image', help="a photo for recipes of one, or 'sample'")


def run(args: argparse.Namespace) -> str:
  """The path of what was rendered."""
  objective = _objective(args)
  is_folder = args.output.endswith('/') or not pathlib.Path(args.output).suffix
  if not is_folder:
    picture_files.check_output(args.output)
  recipe = args.recipe or ('classes()' if args.label is not None else None)
  more = dict(objective=objective, recipe=recipe, image=args.image)
  config = arguments.filled(configs.render(), args, **more)
  plan = render_plan.plan_of(config)
  with arguments.progress(plan.recipe.steps) as on_step:
    if is_folder:
      return str(render.save(plan, args.output, on_step))
    render.save_one(plan, args.output, '', on_step)
  return args.output


def _objective(args: argparse.Namespace) -> str:
  """The text of the objective that arguments stand for."""
  given = [args.objective, args.label, args.channel]
  if sum(x is not None for x in given) != 1 or (
    args.layer is not None and args.channel is None
  ):
    raise errors.UsageError(
      'give one of --channel (with --layer), --label and --objective'
    )
  if args.objective is not None:
    return args.objective
  if args.label is not None:
    label = int(args.label) if args.label.isdigit() else args.label
    return f'logit({label!r})'
  layer = args.layer or configs.sweep().layer
  channel = args.channel[0] if len(args.channel) == 1 else args.channel
  return f'channel({layer!r}, {channel})'
