"""fviz dream: photos, films, clips and panoramas."""

import argparse
import pathlib

from ml_collections import ConfigDict

from fviz import config as configs
from fviz import errors
from fviz.commands import arguments

_TEXT = """\
dream of a photo, a clip or a panorama
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
_FILM = ('frames', 'fps', 'zoom', 'rotate')
# Arguments that are fields of the config.
_NAMES = (
  'model weights layer channel label guide mask size octaves iterations '
  'strength seed precision'
)


def add(subparsers: arguments.Subparsers) -> None:
  """Declares the arguments."""
  p = arguments.parser(subparsers, 'dream', _TEXT, run)
  p.add_argument('input', nargs='?', help='a photo or a clip')
  p.add_argument('-o', '--output', help='default: INPUT-dream.png, or .mp4')
  p.add_argument('--sample', action='store_true', help='the sample photo')
  p.add_argument('--noise', action='store_true', help='start from grey noise')
  g = p.add_argument_group('what to see')
  layer = "such as 'mixed4' or 'mixed5,mixed4*0.5'"
  arguments.add(g, 'model weights layer', layer=layer)
  arguments.add(g, 'channel label', channel='of the layer: 3 or 3,7')
  g.add_argument('--guide', help='a picture whose features are to appear')
  g.add_argument('--mask', help='a picture that is white where to dream')
  g = p.add_argument_group('how')
  g.add_argument(
    '--preset',
    choices=('dream', 'notebook', 'hallucination_machine'),
    default='dream',
    help='what to start from: published parameters, or ours (dream)',
  )
  arguments.add(g, 'size', size='longer side in pixels')
  g.add_argument('--octaves', type=int, help='sizes to dream at (4)')
  g.add_argument('--iterations', type=int, help='steps an octave (10)')
  g.add_argument('--strength', type=float, help='of a step (2)')
  g.add_argument('--pano', action='store_true', help='360 degrees: no seam')
  arguments.add(g, 'seed precision', seed='of the jitter (0)')
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
  if sum([bool(args.input), args.sample, args.noise]) != 1:
    raise errors.UsageError('give one of: a photo, --sample, --noise')
  if args.label is not None and args.layer is not None:
    raise errors.UsageError(
      '--label is of the last layer: give either --label or --layer'
    )
  config = config_of(args)
  _check_film(args, config)
  output = args.output or _default_output(config, args.video)
  return make(config, output, args.workdir, args.video)


def _check_film(args: argparse.Namespace, config: ConfigDict) -> None:
  """Refuses what only films take where there is none."""
  from fviz.runs import dream_plan

  given = [name for name in (*_FILM, 'workdir') if getattr(args, name)]
  if given and not dream_plan.is_film(config, args.video):
    options = ', '.join(f'--{name}' for name in given)
    raise errors.UsageError(
      f'{options} is for films: add --film zoom, iterations or layers'
    )
  if clip_only := [n for n in _FILM if getattr(args, n) and not args.film]:
    options = ', '.join(f'--{name}' for name in clip_only)
    raise errors.UsageError(
      f'{options} is for films of a photo; of a clip: --set video.frames=100'
    )


def config_of(args: argparse.Namespace) -> ConfigDict:
  """The config that arguments stand for."""
  film = {f'film.{n}': getattr(args, n) for n in _FILM}
  return arguments.filled(
    getattr(configs, args.preset)(),
    args,
    _NAMES,
    input='noise' if args.noise else args.input or '',
    border='panorama' if args.pano else None,
    **{'film.kind': args.film},
    **film,
  )


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
  from fviz.runs import dream, dream_plan

  plan = dream_plan.plan_of(config, output, workdir, clip)
  is_picture = isinstance(plan, dream_plan.PicturePlan)
  counted = ('step', 'dream') if is_picture else ('frame', 'film')
  with arguments.progress(plan.length, *counted) as on_step:
    dream.run(plan, on_step)
  if isinstance(plan, dream_plan.PicturePlan):
    return output
  return f'{output}\n  frames  {plan.workdir}'


def _default_output(config: ConfigDict, clip: bool) -> str:
  from fviz.runs import dream_plan

  suffix = 'mp4' if dream_plan.is_film(config, clip) else 'png'
  return f'{pathlib.Path(str(config.input) or "sample").stem}-dream.{suffix}'
