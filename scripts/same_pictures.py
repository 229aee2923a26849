"""A fixed list of runs, to see that a change of the code changes no picture.

python scripts/same_pictures.py make before      # with the old code
python scripts/same_pictures.py make after       # with the new
python scripts/same_pictures.py compare before after

Both on one machine: other processors round otherwise. `resume before FOLDER`
ends what the old code left half done, in a copy, and makes its pictures again.
"""

import filecmp
import os
import pathlib
import re
import shutil
import sys

import numpy as np
from PIL import Image

from fviz import cli, compare, config, sweep
from fviz.compiler import cpu

# How long a unit took, in the records of pictures.
_SECONDS = re.compile(rb'"seconds(_to_95)?": [0-9.e-]+')
_IMAGES = ('.png', '.jpg', '.webp')
_SMALL = ['--size', '48', '--steps', '8']
_UNIT = ['--layer', 'mixed3', '--channel', '7']
_RECIPES = {
  'lewis': [],
  'erhan': [],
  'simonyan': [],
  'mahendran': ['--image', 'sample'],
  'yosinski': [],
  'lucid': [],
  'quick': [],
  'olah': [],
  'cppn': [],
  'maco': [],
}
_OTHERS = {
  'yosinski-2': ['--recipe', 'yosinski(2)', *_UNIT],
  'lucid-crop': ['--recipe', 'lucid(crop=True)', *_UNIT, '--set', 'variants=2'],
  'diversity': [
    *['--recipe', 'diversity(n=2)', '--objective'],
    "channel('mixed3', 7) - 1e2 * diversity('mixed3')",
  ],
  'caricature': [
    *['--recipe', 'caricature', '--image', 'sample'],
    *['--objective', "caricature('mixed3')"],
  ],
  'accentuation': [
    *['--recipe', 'accentuation', '--image', 'sample', *_UNIT],
    *['--set', 'near=mixed2'],
  ],
  'label': ['--label', 'owl'],
  'bfloat16': [*_UNIT, '--precision', 'bfloat16'],
  'remat': [*_UNIT, '--set', 'remat=True', '--set', 'stretch=True'],
}
_QUICK = ['--octaves', '2', '--iterations', '2', '--size', '96', '--sample']
_DREAMS = {
  'plain': [],
  'layers': ['--layer', 'mixed4,mixed3*0.5', '--strength', '3'],
  'channel': ['--layer', 'mixed4', '--channel', '3'],
  'label': ['--label', 'owl'],
  'guided': ['--layer', 'mixed3', '--guide', '{photo}'],
  'masked': ['--mask', '{photo}'],
  'windowed': ['--size', '256', '--set', 'window=160'],
  'panorama': ['--pano'],
  'notebook': ['--preset', 'notebook'],
}
_FILM = ['--film', 'zoom', '--frames', '3', '--rotate', '1']
_CLIP = ['--layer', 'mixed3', '--octaves', '2', '--iterations', '2']


def main(argv: list[str]) -> int:
  cpu.faster()  # As the command does: sweeps here are not started by it.
  match argv:
    case ['make', folder]:
      return make(pathlib.Path(folder))
    case ['resume', before, folder]:
      return resume(pathlib.Path(before), pathlib.Path(folder))
    case ['compare', before, after]:
      return differences(pathlib.Path(before), pathlib.Path(after))
  print(__doc__)
  return 2


def make(folder: pathlib.Path) -> int:
  folder.mkdir(parents=True, exist_ok=True)
  os.chdir(folder)  # Records hold the paths of inputs.
  folder = pathlib.Path()
  photo, clip = _inputs(folder / 'inputs')
  for name, arguments in _RECIPES.items():
    _call('render', '--recipe', name, *_UNIT, *arguments, *_SMALL,
          '-o', folder / 'render' / f'{name}.png')  # fmt: skip
  for name, arguments in _OTHERS.items():
    _call('render', *arguments, *_SMALL, '-o', folder / 'render' / name)
  for name, arguments in _DREAMS.items():
    arguments = [a.format(photo=photo) for a in arguments]
    _call('dream', *_QUICK, *arguments, '-o', folder / 'dream' / f'{name}.png')
  _call('dream', *_QUICK, *_FILM, '-o', folder / 'zoom.mp4')
  _call('dream', clip, *_CLIP, '-o', folder / 'clip.mp4')
  _sweep(folder / 'sweep', stops=1)  # After a batch, and goes on.
  _sweep(folder / 'sweep')
  _sweep(folder / 'half', stops=1)
  _scheduled(folder / 'scheduled')
  _compare(folder / 'compare')
  return 0


def resume(before: pathlib.Path, folder: pathlib.Path) -> int:
  """What the old code began is ended, and what it made is made again."""
  before, folder = before.absolute(), folder.absolute()
  os.chdir(before)  # Records hold the paths of inputs.
  shutil.copytree(before / 'half', folder / 'half', dirs_exist_ok=True)
  _sweep(folder / 'half')
  again = [*before.glob('render/*.png'), *before.glob('dream/*.png')]
  again += [*before.glob('sweep/images/mixed2/*.png')][:2]
  again += [before / 'zoom.mp4']
  for file in again:
    output = folder / 'redone' / file.relative_to(before)
    output.parent.mkdir(parents=True, exist_ok=True)
    _call('redo', file, '-o', output)
    if file.suffix == '.png':
      same = np.array_equal(_pixels(file), _pixels(output))
      print('same' if same else 'OTHER', file.relative_to(before))
  return 0


def differences(before: pathlib.Path, after: pathlib.Path) -> int:
  """Prints the images that differ in a byte, but for seconds in records."""
  names = [_images(before), _images(after)]
  for name in sorted(names[0] ^ names[1]):
    print('only on one side:', name)
  both = sorted(names[0] & names[1])
  other = [n for n in both if not _equal(before / n, after / n)]
  for name in other:
    print('other:', name)
  print(f'{len(both)} images compared, {len(other)} differ')
  return int(bool(other) or names[0] != names[1])


def _images(folder: pathlib.Path) -> set[str]:
  files = (f for f in folder.rglob('*') if f.suffix in _IMAGES)
  return {str(f.relative_to(folder)) for f in files}


def _equal(a: pathlib.Path, b: pathlib.Path) -> bool:
  if filecmp.cmp(a, b, shallow=False):
    return True
  one, other = Image.open(a), Image.open(b)
  texts = [
    _SECONDS.sub(b'', repr(image.info).encode()) for image in (one, other)
  ]
  return texts[0] == texts[1] and np.array_equal(one, other)


def _pixels(file: pathlib.Path) -> np.ndarray:
  return np.asarray(Image.open(file))


def _inputs(folder: pathlib.Path):
  """A photo and a clip, drawn."""
  folder.mkdir(parents=True, exist_ok=True)
  y, x = np.mgrid[:96, :128] / 16.0
  waves = [np.sin(x + k) * np.cos(y * (1 + k / 2)) for k in range(3)]
  image = (np.stack(waves, -1) / 2 + 0.5).astype(np.float32)
  photo, clip = folder / 'photo.png', folder / 'clip.mp4'
  Image.fromarray(np.uint8(image * 255 + 0.5)).save(photo)
  import av

  with av.open(str(clip), 'w') as film:
    stream = film.add_stream('mpeg4', rate=10)
    stream.width, stream.height, stream.pix_fmt = 128, 96, 'yuv420p'
    for shift in range(4):
      pixels = np.roll(np.uint8(image * 255), shift * 2, axis=1)
      film.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, 'rgb24')))
    film.mux(stream.encode(None))
  return photo, clip


def _call(*arguments) -> None:
  """Runs a command whose last argument is its output, if that is not there."""
  if pathlib.Path(str(arguments[-1])).exists():
    return
  pathlib.Path(str(arguments[-1])).parent.mkdir(parents=True, exist_ok=True)
  print('fviz', *arguments, flush=True)
  if code := cli.main([str(a) for a in arguments]):
    sys.exit(f'exit code {code}')


def _sweep(folder: pathlib.Path, stops: int | None = None) -> None:
  """Three layers with snapshots; leaves after some batches."""
  settings = config.sweep()
  settings.update(
    layer='mixed2,mixed3,mixed4', channels=(1, 2, 5), variants=2, size=48,
    steps=8, snapshots=3, page=4, batch_size=4,
  )  # fmt: skip
  asked = iter([False] * (stops or 10_000))
  stop = lambda: next(asked, True)
  print(sweep.run(settings.lock(), str(folder), stop=stop))


def _scheduled(folder: pathlib.Path) -> None:
  settings = config.sweep()
  settings.update(
    channels=(0, 1), size=48, steps=8, tolerance=0.01, optimizer='adam(0.1)',
    transforms='jitter(4)|noise(linear(0.2, 0.0, 8))',
  )  # fmt: skip
  settings.regularizers.total_variation = 0.1
  print(sweep.run(settings.lock(), str(folder)))


def _compare(folder: pathlib.Path) -> None:
  settings = config.compare()
  settings.update(channels=(1, 2), size=48, steps=8)

  def variants(add):
    add('plain')
    add('tv', **{'regularizers.total_variation': 5.0})
    add('rate', optimizer='adam(0.1)')
    add('fourier', parameterization='fourier()', color='decorrelated')

  print(compare.run(settings.lock(), str(folder), variants))


if __name__ == '__main__':
  sys.exit(main(sys.argv[1:]))
