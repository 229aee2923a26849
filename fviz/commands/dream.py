"""fviz dream: photos, films, clips and panoramas."""

from __future__ import annotations

import argparse
import pathlib

from ml_collections import ConfigDict

from fviz.commands import arguments
from fviz.config import overrides

_EXAMPLES = """\
  fviz dream --sample -o dream.png
  fviz dream photo.jpg -o out.png --strength 3 --iterations 20
  fviz dream photo.jpg -o out.jpg --layer mixed4 --channel 17
  fviz dream photo.jpg -o out.png --label owl --mask sky.png
  fviz dream photo.jpg -o out.png --guide flowers.jpg --layer mixed4
  fviz dream photo.jpg -o zoom.mp4 --film zoom --frames 200 --rotate 1
  fviz dream clip.mp4 -o dream.mp4
  fviz dream room360.jpg -o out.jpg --pano
  fviz dream walk360.mp4 -o out.mp4 --preset hallucination_machine
"""
_PRESETS = ('notebook', 'hallucination_machine')
# Argument -> field of the config.
_SAME_NAMES = (
  *('model', 'weights', 'layer', 'label', 'guide', 'mask', 'size', 'octaves'),
  *('iterations', 'strength', 'seed', 'precision'),
)
_FIELDS = {name: name for name in _SAME_NAMES}
_FIELDS |= {'channel': 'channels', 'film': 'film.kind'}
_FIELDS |= {n: f'film.{n}' for n in ('frames', 'fps', 'zoom', 'rotate')}


def add(subparsers) -> None:
  """Adds the subcommand to a parser's."""
  p = arguments.parser(
    subparsers,
    'dream',
    'dream of a photo, a clip or a panorama',
    _EXAMPLES,
    run,
  )
  p.add_argument('input', nargs='?', help='a photo or a clip')
  p.add_argument('-o', '--output', help='default: INPUT-dream.png, or .mp4')
  p.add_argument('--sample', action='store_true', help='the sample photo')
  p.add_argument('--noise', action='store_true', help='start from grey noise')
  g = p.add_argument_group('what to see')
  g.add_argument('--model', help='see `fviz models`; default pareidolia')
  g.add_argument('--weights', help='a file, instead of the published weights')
  g.add_argument('--layer', help="such as 'mixed4' or 'mixed5,mixed4*0.5'")
  g.add_argument(
    '--channel', type=arguments.numbers, help='of the layer: 3 or 3,7'
  )
  g.add_argument('--label', help='a class, by name or number')
  g.add_argument('--guide', help='a picture whose features are to appear')
  g.add_argument('--mask', help='a picture that is white where to dream')
  g = p.add_argument_group('how')
  g.add_argument(
    '--preset',
    choices=('dream', *_PRESETS),
    default='dream',
    help='what to start from: published parameters, or ours (dream)',
  )
  g.add_argument('--size', type=int, help='longer side in pixels')
  g.add_argument('--octaves', type=int, help='sizes to dream at (4)')
  g.add_argument('--iterations', type=int, help='steps an octave (10)')
  g.add_argument('--strength', type=float, help='of a step (2)')
  g.add_argument('--pano', action='store_true', help='360 degrees: no seam')
  g.add_argument('--seed', type=int, help='of the jitter (0)')
  arguments.add_precision(g)
  arguments.add_overrides(p, 'octave_scale=1.5')
  g = p.add_argument_group('films and clips')
  g.add_argument('--film', choices=('zoom', 'iterations', 'layers'))
  g.add_argument('--frames', type=int, help='of the film (100)')
  g.add_argument('--fps', type=float, help='of the film (25)')
  g.add_argument('--zoom', type=float, help='a frame (1.05)')
  g.add_argument('--rotate', type=float, help='degrees a frame (0)')
  g.add_argument('--video', action='store_true', help='the input is a clip')
  g.add_argument('--workdir', help='keeps the frames; default OUTPUT.frames')


def run(args: argparse.Namespace) -> str:
  """The path of the dream; see `make`."""
  from fviz import errors

  sources = [bool(args.input), args.sample, args.noise]
  if sum(sources) != 1:
    raise errors.UsageError('give one of: a photo, --sample, --noise')
  config = config_of(args)
  output = args.output or _default_output(config, args.video)
  return make(config, output, args.workdir, args.video)


def config_of(args: argparse.Namespace) -> ConfigDict:
  """The config that arguments stand for."""
  from fviz import config as configs

  config = getattr(configs, args.preset)().lock()
  values = {f: getattr(args, a) for a, f in _FIELDS.items()}
  values = {f: v for f, v in values.items() if v is not None}
  values['input'] = 'noise' if args.noise else (args.input or '')
  if args.pano:
    values['border'] = 'panorama'
  overrides.override(config, values | overrides.parsed(args.set))
  return config


def make(
  config: ConfigDict,
  output: str,
  workdir: str | None = None,
  clip: bool = False,
) -> str:
  """Makes a picture, a film or a clip, with a progress bar; says where.

  Args:
    config: of `fviz.config.dream`.
    output: the file that is written.
    workdir: where frames are kept; `output` + '.frames' if None.
    clip: whether the input is a clip, whatever its name says.
  """
  from tqdm import tqdm

  from fviz.runs import dream, dream_plan

  plan = dream_plan.plan_of(config, output, workdir, clip)
  is_picture = isinstance(plan, dream_plan.PicturePlan)
  desc, unit = ('dream', 'step') if is_picture else ('film', 'frame')
  with tqdm(
    total=plan.length, unit=unit, desc=desc, dynamic_ncols=True, delay=0.5
  ) as bar:
    dream.run(plan, lambda done: bar.update(done - bar.n))
  if isinstance(plan, dream_plan.PicturePlan):
    return output
  return f'{output}\n  frames  {plan.workdir}'


def _default_output(config: ConfigDict, clip: bool) -> str:
  from fviz.runs import dream_plan

  suffix = 'mp4' if dream_plan.is_film(config, clip) else 'png'
  return f'{pathlib.Path(str(config.input) or "sample").stem}-dream.{suffix}'
