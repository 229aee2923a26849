r"""Time to quality: how strong pictures are under unseen transforms, by steps.

python -m scripts.quality --layer=mixed_4 --out=runs/quality.json \
  [--weights=FILE] [--units=64] [--size=96] [--recipes=lucid,quick]
python -m scripts.quality --plot=docs/quality.svg runs/*.json

All recipes see images of one size, so a step of one costs as much as a step of
another and steps are a clock that other processes do not disturb; the seconds
are recorded, too.
"""

import argparse
import dataclasses
import json
import time

from fviz.compiler import cpu  # noqa: E402

cpu.faster()

import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402

import fviz  # noqa: E402
from fviz import engine, networks, objectives  # noqa: E402
from fviz.compare import judge, ranking  # noqa: E402

_MARKS = (25, 50, 100, 150, 200, 256, 384, 512)
_WIDTH, _HEIGHT, _MARGIN = 560, 320, 48
_COLORS = {'lucid': '#666666', 'quick': '#c8452d', 'quick_stop': '#2d6ec8'}


def recipes(size: int) -> dict[str, engine.Recipe]:
  """What can be compared."""
  quick = fviz.recipes.quick(size)
  return {
    'lucid': fviz.recipes.lucid(size, steps=512),
    'quick': quick,
    'quick_stop': dataclasses.replace(quick, tolerance=0.02),
  }


def measure(network, layer: str, channels: np.ndarray, recipe) -> dict:
  """The curve of one recipe: means of units with 95 % intervals."""
  marks = tuple(m for m in _MARKS if m <= recipe.steps)
  recipe = dataclasses.replace(recipe, snapshot_steps=marks)
  objective = objectives.channel(layer, jnp.asarray(channels))
  start = time.monotonic()
  result = fviz.render(network, objective, recipe, batch_size=8)
  seconds = time.monotonic() - start
  judged = judge.Judge(network, layer)
  points = []
  for i, mark in enumerate(marks):
    found = judged.measure(result.snapshots[:, i, 0], channels)
    strength = [picture['heldout_mean'] for picture in found]
    mean, low, high = ranking.interval(strength)
    done = np.minimum(result.steps, mark)
    points.append(
      dict(
        steps=float(done.mean()),
        heldout_mean=mean,
        low=low,
        high=high,
        activation=float(np.mean([p['activation'] for p in found])),
      )
    )
  return dict(seconds=seconds, points=points)


def plot(path: str, files: list[str]) -> None:
  """One panel a layer, as SVG: steps to the right, strength upwards."""
  found = [json.load(open(file)) for file in files]
  panels = [
    f'<g transform="translate({i * _WIDTH},0)">{_panel(panel)}</g>'
    for i, panel in enumerate(found)
  ]
  with open(path, 'w') as file:
    file.write(
      f'<svg xmlns="http://www.w3.org/2000/svg" font-family="sans-serif" '
      f'font-size="12" width="{_WIDTH * len(found)}" height="{_HEIGHT}">'
      f'<rect width="100%" height="100%" fill="white"/>'
      f'{"".join(panels)}</svg>\n'
    )


def _panel(found: dict) -> str:
  curves = found['recipes']
  top = max(p['heldout_mean'] for c in curves.values() for p in c['points'])
  x = lambda steps: _MARGIN + steps / _MARKS[-1] * (_WIDTH - 2 * _MARGIN)
  y = lambda v: _HEIGHT - _MARGIN - v / top * (_HEIGHT - 2 * _MARGIN)
  parts = [
    f'<text x="{_MARGIN}" y="24">{found["network"]} {found["layer"]}, '
    f'{found["units"]} units: mean activation under 16 held-out transforms'
    '</text>'
  ]
  for steps in (0, 128, 256, 384, 512):
    parts.append(
      f'<text x="{x(steps)}" y="{_HEIGHT - 28}" text-anchor="middle">{steps}'
      f'</text><path d="M{x(steps)} {y(0)}V{y(top)}" stroke="#ddd"/>'
    )
  for share in (0, 0.5, 1):
    parts.append(
      f'<text x="{_MARGIN - 6}" y="{y(share * top) + 4}" text-anchor="end">'
      f'{share * top:.1f}</text>'
      f'<path d="M{x(0)} {y(share * top)}H{x(512)}" stroke="#ddd"/>'
    )
  for name, curve in curves.items():
    points = [(x(p['steps']), y(p['heldout_mean'])) for p in curve['points']]
    line = ' '.join(f'{a:.1f},{b:.1f}' for a, b in points)
    color = _COLORS.get(name, '#000')
    parts.append(
      f'<polyline points="{line}" fill="none" stroke="{color}" '
      f'stroke-width="2"/><text x="{points[-1][0] + 6:.1f}" '
      f'y="{points[-1][1] + 16:.1f}" fill="{color}">{name}</text>'
    )
  parts.append(
    f'<text x="{_WIDTH / 2}" y="{_HEIGHT - 10}" text-anchor="middle">steps a '
    'unit</text>'
  )
  return ''.join(parts)


def main():
  parser = argparse.ArgumentParser(
    description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
  )
  parser.add_argument('--layer', default='mixed_4')
  parser.add_argument('--weights', default='', help='of inception_v3')
  parser.add_argument('--units', type=int, default=64)
  parser.add_argument('--size', type=int, default=96)
  parser.add_argument('--recipes', default='lucid,quick')
  parser.add_argument('--out', default='quality.json')
  parser.add_argument('--plot', default='', help='an SVG of measured files')
  parser.add_argument('files', nargs='*')
  args = parser.parse_args()
  if args.plot:
    plot(args.plot, args.files)
    return
  network = fviz.models.load('inception_v3', args.weights)
  many = networks.check_layer(network, args.layer).channels
  channels = np.arange(args.units) * (many // args.units) + 3
  found = dict(
    network=network.name, layer=args.layer, units=args.units, size=args.size
  )
  found['recipes'] = {
    name: measure(network, args.layer, channels, recipes(args.size)[name])
    for name in args.recipes.split(',')
  }
  with open(args.out, 'w') as file:
    json.dump(found, file, indent=2)
  print(json.dumps(found, indent=2))


if __name__ == '__main__':
  main()
