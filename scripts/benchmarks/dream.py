r"""DeepDream: fviz against a straightforward PyTorch port of the notebook.

python -m scripts.benchmarks.dream [--weights FILE] [--smoke] [--megapixels]

One 1024 x 768 photo, Inception v3 to mixed_4, 4 octaves of 10 iterations; the
implementations alternate. --megapixels instead measures milliseconds per
megapixel-iteration of fviz at several sizes. Random weights will do.
"""

import argparse
import resource
import statistics
import time

from fviz.compiler import cpu

cpu.faster()

import fviz  # noqa: E402
from fviz import deepdream, objectives  # noqa: E402
from fviz.media import photos  # noqa: E402
from scripts.benchmarks import fviz_loop  # noqa: E402

_LAYER = 'mixed_4'


def network(weights: str = ''):
  """Inception v3, with random weights if there is no file."""
  if weights:
    return fviz.models.load('inception_v3', weights)
  return fviz_loop.random_network('inception_v3')


def against_torch(weights: str = '', smoke: bool = False) -> list[dict]:
  """Rows for the benchmark's table: seconds a dream, alternating runs."""
  settings = deepdream.Settings(iterations=1 if smoke else 10)
  image = photos.read(photos.sample()).image
  if smoke:
    image = photos.fitted(image, 320)
  dreamer = deepdream.Dreamer(
    network(weights), objectives.deepdream(_LAYER), settings
  )
  loops = {'fviz': lambda: dreamer(image)} | _peer(image, settings)
  compile_seconds = {'fviz': _compile(dreamer, image.shape), 'torch': 0.0}
  loops['fviz']()  # Warm: the smaller programs are compiled here.
  times = {name: [] for name in loops}
  for _ in range(3 if smoke else 2):
    for name, loop in loops.items():
      start = time.perf_counter()
      loop()
      times[name].append(time.perf_counter() - start)
  return [
    {
      'work': 'dream',
      'network': 'inception_v3',
      'layer': _LAYER,
      'size': list(image.shape[:2]),
      'steps': settings.octaves * settings.iterations,
      'implementation': name,
      'seconds': min(seconds),
      'compile_seconds': compile_seconds[name],
    }
    for name, seconds in times.items()
  ]


def _compile(dreamer, shape) -> float:
  start = time.perf_counter()
  dreamer.compile(shape[:2])
  return time.perf_counter() - start


def _peer(image, settings) -> dict:
  """The port, where there is PyTorch."""
  try:
    from scripts.benchmarks import torch_dream
  except ImportError:
    print('PyTorch is not installed: fviz is measured alone.')
    return {}
  return {'torch': torch_dream.dream(image, settings)}


def megapixels(
  weights: str = '', sizes: tuple[float, ...] = (0.25, 1.0, 4.0, 12.0)
) -> list[dict]:
  """Rows: milliseconds per megapixel-iteration, one octave, by size."""
  found = []
  for size in sizes:
    width = round((size * 1e6 * 4 / 3) ** 0.5)
    image = photos.resized(
      photos.read(photos.sample()).image, (round(width * 3 / 4), width)
    )
    settings = deepdream.Settings(octaves=1, iterations=1, border='reflect')
    dreamer = deepdream.Dreamer(
      network(weights), objectives.deepdream(_LAYER), settings
    )
    dreamer.compile(image.shape[:2])
    seconds = []
    for repeat in range(3 if size <= 4 else 2):
      start = time.perf_counter()
      dreamer(image, repeat)
      seconds.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found.append(
      {
        'work': 'dream',
        'megapixels': size,
        'ms_per_megapixel_iteration': 1e3 * statistics.median(seconds) / size,
        'peak_memory_mb': peak,
      }
    )
  return found


def main():
  parser = argparse.ArgumentParser(description=__doc__)
  parser.add_argument('--weights', default='', help='a 2015 safetensors file')
  parser.add_argument('--smoke', action='store_true', help='seconds')
  parser.add_argument('--megapixels', action='store_true')
  args = parser.parse_args()
  if args.megapixels:
    sizes = (0.1, 0.2) if args.smoke else (0.25, 1.0, 4.0, 12.0)
    found = megapixels(args.weights, sizes)
  else:
    found = against_torch(args.weights, args.smoke)
  for row in found:
    print(row)


if __name__ == '__main__':
  main()
