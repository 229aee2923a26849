"""fviz render, fviz sweep, fviz compare: pictures of units."""

from __future__ import annotations

import pathlib

from fviz.commands import arguments

# Arguments of `render` alone.
_OF_RENDER = ('recipe', 'objective', 'image')
_RENDER_EXAMPLES = """\
  fviz render --layer mixed4 --channel 17 -o unit.png
  fviz render --label owl --size 192 --steps 512 -o owl.png
  fviz render --layer mixed4 --channel 17 --recipe maco -o maco.png
  fviz render --objective "channel('mixed4', 3) + channel('mixed4', 9)"
  fviz render --layer mixed4 --channel 7 --recipe mahendran --image photo.jpg
  fviz render --layer mixed4 --channel 3,7 -o pictures
"""


def add(subparsers) -> None:
  p = arguments.parser(
    subparsers,
    'render',
    'render what a channel, a class or any objective likes, by any recipe',
    _RENDER_EXAMPLES,
    render,
  )
  _add_common(p, 'variants=4', "of the optimization (the recipe's own)")
  p.add_argument(
    '-o',
    '--output',
    default='render.png',
    help='a picture, or a folder for several (render.png)',
  )
  p.add_argument('--label', help='a class, by name or number')
  p.add_argument('--objective', help='of fviz.objectives, instead of those')
  p.add_argument('--recipe', help='of fviz.recipes (lucid)')
  p.add_argument('--image', help="a photo for recipes of one, or 'sample'")
  p = arguments.parser(
    subparsers,
    'sweep',
    'render all channels of layers, resumable, on one host or many',
    '  fviz sweep --layer mixed3 --workdir runs/mixed3\n'
    '  fviz sweep --layer mixed4 --channel 3,7 --steps 512 --workdir runs/two\n'
    "  fviz sweep --layer '*,!*/pre_relu' --workdir runs/all\n"
    "  srun fviz sweep --distributed --layer '*' --workdir /shared/runs/all",
    sweep,
  )
  _add_common(p, "optimizer='adam(0.1)'")
  p.add_argument('--workdir', required=True, help='give it again to resume')
  _add_distributed(p)
  p = arguments.parser(
    subparsers,
    'compare',
    'compare regularizers, transforms and the like, side by side',
    '  fviz compare --workdir runs/compare --layer mixed4 --channel 3,7\n'
    '  fviz compare --workdir runs/mine --variants mine.py, which says\n'
    '    def sweep(add):\n'
    "      add('plain')\n"
    "      add('tv', **{'regularizers.total_variation': 5.0})",
    compare,
  )
  _add_common(p, 'comparison.rank_by=spectrum_distance')
  p.add_argument('--variants', help='a config file that defines sweep(add)')
  p.add_argument('--workdir', required=True, help='give it again to resume')


def _add_common(p, example: str, steps='of the optimization (256)') -> None:
  p.add_argument('--model', help='see `fviz models`; default pareidolia')
  p.add_argument('--weights', help='a file, instead of the published weights')
  p.add_argument('--layer', help='see `fviz layers MODEL`')
  p.add_argument('--channel', type=arguments.numbers, help='3 or 3,7')
  p.add_argument('--size', type=int, help='pixels a side (128)')
  p.add_argument('--steps', type=int, help=steps)
  p.add_argument('--seed', type=int, help='of all randomness (0)')
  arguments.add_precision(p)
  arguments.add_overrides(p, example)


def _add_distributed(p) -> None:
  p.add_argument(
    '--distributed',
    action='store_true',
    help='share the work with other processes; JAX finds them under SLURM and '
    'on TPU pods, elsewhere give the next three',
  )
  p.add_argument('--coordinator', default='', help='HOST:PORT of process 0')
  p.add_argument('--processes', type=int, help='how many there are')
  p.add_argument('--process', type=int, help='which one this is, from 0')
  p.add_argument(
    '--join-timeout', type=float, default=300.0, help='seconds to wait (300)'
  )


def _fill(config, args, **more):
  """The config with the arguments that were given."""
  config = config.lock()
  names = ('model', 'weights', 'layer', 'size', 'steps', 'seed', 'precision')
  given = {n: getattr(args, n, None) for n in (*names, *_OF_RENDER)}
  given['channels'] = args.channel
  values = {n: v for n, v in (given | more).items() if v is not None}
  arguments.override(config, values | arguments.parsed(args.set))
  return config


def render(args) -> int:
  from fviz import config as configs
  from fviz.media import picture_files
  from fviz.runs import render as render_run
  from fviz.runs import render_plan

  objective = _objective(args)
  is_folder = args.output.endswith('/') or not pathlib.Path(args.output).suffix
  if not is_folder:
    picture_files.check_output(args.output)
  # Layer and channel are said by the objective.
  args.layer = args.channel = None
  config = _fill(configs.render(), args, objective=objective)
  plan = render_plan.prepare(config)
  with arguments.steps(plan.recipe.steps) as on_step:
    if is_folder:
      done = render_run.save(plan, args.output, on_step)
    else:
      render_run.save_one(plan, args.output, '', on_step)
      done = args.output
  print(done)
  return 0


def _objective(args) -> str:
  """The text of the objective that arguments stand for."""
  from fviz import config as configs
  from fviz import errors

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


def sweep(args) -> int:
  from fviz import config as configs
  from fviz import sweep
  from fviz.sweep import preemption, processes

  config = _fill(configs.sweep(), args)
  group = processes.join(
    args.distributed,
    args.workdir,
    args.coordinator,
    args.processes,
    args.process,
    args.join_timeout,
  )
  with preemption.graceful() as stop:
    print(sweep.run(config, args.workdir, stop=stop, group=group))
  return 0


def compare(args) -> int:
  from fviz import compare
  from fviz import config as configs

  variants = compare.sweep_of(args.variants) if args.variants else None
  config = _fill(configs.compare(), args)
  print(compare.run(config, args.workdir, variants))
  return 0
