"""fviz render, fviz sweep, fviz compare: pictures of units."""

from __future__ import annotations

from fviz.commands import common


def add(subparsers) -> None:
  p = common.parser(
    subparsers,
    'render',
    'render what one channel or class likes',
    '  fviz render --layer mixed4 --channel 17 -o unit.png\n'
    '  fviz render --label owl --size 192 --steps 512 -o owl.png',
    render,
  )
  _add_common(p)
  p.add_argument('-o', '--output', default='render.png', help='(render.png)')
  p.add_argument('--label', help='a class, by name or number')
  p = common.parser(
    subparsers,
    'sweep',
    'render all channels of a layer, resumable',
    '  fviz sweep --layer mixed3 --workdir runs/mixed3\n'
    '  fviz sweep --layer mixed4 --channel 3,7 --steps 512 --workdir runs/two',
    sweep,
  )
  _add_common(p)
  p.add_argument('--workdir', required=True, help='give it again to resume')
  p = common.parser(
    subparsers,
    'compare',
    'compare regularizers, transforms and the like, side by side',
    '  fviz compare --workdir runs/compare --layer mixed4 --channel 3,7',
    compare,
  )
  _add_common(p)
  p.add_argument('--variants', help='a config file that defines sweep(add)')
  p.add_argument('--workdir', required=True, help='give it again to resume')


def _add_common(p) -> None:
  p.add_argument('--model', help='see `fviz models`; default pareidolia')
  p.add_argument('--weights', help='a file, instead of the published weights')
  p.add_argument('--layer', help='see `fviz layers MODEL`')
  p.add_argument('--channel', type=common.numbers, help='3 or 3,7')
  p.add_argument('--size', type=int, help='pixels a side (128)')
  p.add_argument('--steps', type=int, help='of the optimization (256)')
  p.add_argument('--seed', type=int, help='of all randomness (0)')
  common.add_overrides(p)


def _fill(config, args):
  config = config.lock()
  names = ('model', 'weights', 'layer', 'size', 'steps', 'seed')
  values = {n: getattr(args, n) for n in names if getattr(args, n) is not None}
  if args.channel is not None:
    values['channels'] = args.channel
  common.override(config, values | common.parsed(args.set))
  return config


def render(args) -> int:
  from fviz import config as configs
  from fviz import errors

  if bool(args.label) == (args.channel is not None):
    raise errors.UsageError('give one of --channel and --label')
  config = _fill(configs.sweep(), args)
  if len(config.channels) > 1:
    raise errors.UsageError('render makes one picture: `fviz sweep` makes many')
  render_to(config, args.label or '', args.output)
  print(args.output)
  return 0


def render_to(config, label: str, output: str) -> None:
  """One picture of a sweep's config, or of a class."""
  from tqdm import tqdm

  from fviz import config as configs
  from fviz import engine, models, objectives, photos, sweep

  photos.check_output(output)
  configs.check(config)
  network = models.load(config.model, config.weights)
  if label:
    objective = objectives.logit(int(label) if label.isdigit() else label)
  else:
    ((layer, channel, _),) = sweep.plan(config, network)[:1]
    objective = objectives.channel(layer, channel)
  recipe = configs.recipe(config, network)
  _, objective = objectives.batch(objectives.bind(objective, network))
  unit = engine.units(objective, 1)
  import jax
  import jax.numpy as jnp
  import numpy as np

  objective = jax.tree.map(lambda x: jnp.asarray(x)[None], objective)
  keys = engine.job_keys(config.seed, np.atleast_1d(unit), np.zeros(1, int))
  with tqdm(total=config.steps, unit='step', dynamic_ncols=True) as bar:
    on_step = lambda done: bar.update(done - bar.n)
    ((_, result),) = engine.batches(
      network, objective, keys, recipe, 1, on_step
    )
  record = {'command': 'render', 'config': config.to_dict(), 'label': label}
  photos.write(output, result.images[0, 0], record)


def sweep(args) -> int:
  from fviz import config as configs
  from fviz import sweep

  print(sweep.run(_fill(configs.sweep(), args), args.workdir))
  return 0


def compare(args) -> int:
  from fviz import compare
  from fviz import config as configs

  variants = compare.sweep_of(args.variants) if args.variants else None
  config = _fill(configs.compare(), args)
  print(compare.run(config, args.workdir, variants))
  return 0
