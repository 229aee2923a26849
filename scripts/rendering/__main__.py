"""Command line: contact sheets and data sets.

python -m scripts.rendering --preview out.png --classes cat,gear --size 96
python -m scripts.rendering --out train.npz --per_class 100 --size 80
"""

import argparse
import math
import time

import numpy as np
from PIL import Image, ImageDraw

from scripts import rendering

_SAMPLES = 4


def contact_sheet(names, seed, size, shifted=False, columns=4):
  """Four samples a class with the names beside them: a PIL image."""
  margin, rows = 84, math.ceil(len(names) / columns)
  cell = (margin + _SAMPLES * size, size + 2)
  sheet = Image.new('RGB', (columns * cell[0], rows * cell[1]), 'white')
  pen = ImageDraw.Draw(sheet)
  images = rendering.render(
    [n for n in names for _ in range(_SAMPLES)], seed, size, shifted
  )
  for k, name in enumerate(names):
    left, top = (k // rows) * cell[0], (k % rows) * cell[1]
    pen.text((left + 6, top + size // 2 - 6), name, fill='black')
    strip = np.concatenate(images[k * _SAMPLES : (k + 1) * _SAMPLES], axis=1)
    sheet.paste(Image.fromarray(strip), (left + margin, top))
  return sheet


def _parse():
  parser = argparse.ArgumentParser(
    'scripts.rendering', description='Renders the classes of pareidolia.'
  )
  add = parser.add_argument
  add('--preview', help='PNG file for a contact sheet')
  add('--out', help='npz file for images, labels and names')
  add('--classes', default='', help='comma-separated names (default: all)')
  add('--columns', type=int, default=4, help='columns of the contact sheet')
  add('--per_class', type=int, default=20, help='pictures a class')
  add('--size', type=int, default=96, help='pixels a side')
  add('--seed', type=int, default=0)
  add('--processes', type=int, default=1)
  add('--shifted', action='store_true', help='held-out palettes, backgrounds')
  args = parser.parse_args()
  if not (args.preview or args.out):
    parser.error('nothing to do: give --preview or --out')
  if args.out and args.classes:
    parser.error('--out renders all classes; --classes is for --preview')
  return args


def main():
  args = _parse()
  start = time.perf_counter()
  if args.preview:
    names = tuple(filter(None, args.classes.split(','))) or rendering.CLASSES
    sheet = contact_sheet(
      names, args.seed, args.size, args.shifted, args.columns
    )
    sheet.save(args.preview)
    print(f'{args.preview}: {len(names)} classes')
  if args.out:
    images, labels = rendering.dataset(
      args.per_class, args.seed, args.size, args.processes, args.shifted
    )
    np.savez(args.out, images=images, labels=labels, names=rendering.CLASSES)
    print(f'{args.out}: {len(images)} pictures')
  print(f'{time.perf_counter() - start:.1f} s')


if __name__ == '__main__':
  main()
