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

from fviz import cpu

cpu.faster()

import numpy as np  # noqa: E402
from flax import nnx  # noqa: E402

import fviz  # noqa: E402
from fviz import deepdream, networks, objectives, octaves, photos  # noqa: E402
from fviz.models import inception_v3  # noqa: E402

_LAYER = 'mixed_4'


def network(weights: str = ''):
  """Inception v3, with random weights if there is no file."""
  if weights:
    return fviz.models.load('inception_v3', weights)
  return networks.from_nnx(
    inception_v3.InceptionV3(rngs=nnx.Rngs(0)),
    preprocess=inception_v3.preprocess,
    input_size=(299, 299),
  )


def torch_dream(image, settings):
  """The notebook's deepdream() in PyTorch, as people port it."""
  import torch
  from torch import nn
  from torch.nn import functional as F

  def conv(inputs, outputs, kernel, stride=1, padding=None):
    pads = tuple(k // 2 for k in kernel) if padding is None else padding
    return nn.Sequential(
      nn.Conv2d(inputs, outputs, kernel, stride, pads), nn.ReLU(inplace=True)
    )

  def chain(inputs, rows):
    parts = []
    for outputs, kernel, stride in rows:
      parts.append(
        conv(inputs, outputs, kernel, stride, 0 if stride == 2 else None)
      )
      inputs = outputs
    return nn.Sequential(*parts)

  class Block(nn.Module):
    def __init__(self, inputs, towers, pooled=None):
      super().__init__()
      self.towers = nn.ModuleList([chain(inputs, t) for t in towers])
      self.pooled = chain(inputs, pooled) if pooled else None

    def forward(self, x):
      out = [tower(x) for tower in self.towers]
      if self.pooled is None:
        out.append(F.max_pool2d(x, 3, 2))
      else:
        pool = F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)
        out.append(self.pooled(pool))
      return torch.cat(out, 1)

  c = inception_v3.conv

  def early(inputs, pooled):
    towers = [
      (c(64, 1, 1),),
      (c(48, 1, 1), c(64, 5, 5)),
      (c(64, 1, 1), c(96, 3, 3), c(96, 3, 3)),
    ]
    return Block(inputs, towers, (c(pooled, 1, 1),))

  late = [
    (c(192, 1, 1),),
    (c(128, 1, 1), c(128, 1, 7), c(192, 7, 1)),
    (c(128, 1, 1), c(128, 7, 1), c(128, 1, 7), c(128, 7, 1), c(192, 1, 7)),
  ]
  halving = [(c(384, 3, 3, 2),), (c(64, 1, 1), c(96, 3, 3), c(96, 3, 3, 2))]
  net = nn.Sequential(
    conv(3, 32, (3, 3), 2, 0),
    conv(32, 32, (3, 3), 1, 0),
    conv(32, 64, (3, 3)),
    nn.MaxPool2d(3, 2),
    conv(64, 80, (1, 1)),
    conv(80, 192, (3, 3), 1, 0),
    nn.MaxPool2d(3, 2),
    early(192, 32),
    early(256, 64),
    early(288, 64),
    Block(288, halving),
    Block(768, late, (c(192, 1, 1),)),
  )
  for parameter in net.parameters():
    parameter.requires_grad_(False)

  def step(x):
    moves = np.random.randint(-settings.jitter, settings.jitter + 1, 2).tolist()
    x = torch.roll(x, moves, (2, 3)).requires_grad_(True)
    loss = (net(x * 1.9921875 - 1.0) ** 2).sum() / 2
    (g,) = torch.autograd.grad(loss, x)
    x = (x + deepdream.STEP * g / g.abs().mean()).detach()
    return torch.roll(x, [-m for m in moves], (2, 3)).clamp(0, 1)

  def run():
    levels = octaves.bases(image, settings.octaves, settings.scale)
    detail = np.zeros_like(levels[0])
    for base in levels:
      x = base + octaves.zoom(detail, base.shape[:2])
      x = torch.from_numpy(x.transpose(2, 0, 1)[None].copy())
      for _ in range(settings.iterations):
        x = step(x)
      out = x[0].numpy().transpose(1, 2, 0)
      detail = out - base
    return out

  return run


def against_torch(weights: str = '', smoke: bool = False) -> list[dict]:
  """Rows for the benchmark's table: seconds a dream, alternating runs."""
  settings = deepdream.Settings(iterations=1 if smoke else 10)
  image = photos.read(photos.sample()).image
  if smoke:
    image = photos.fitted(image, 320)
  dreamer = deepdream.Dreamer(
    network(weights), objectives.deepdream(_LAYER), settings
  )
  start = time.perf_counter()
  for size in octaves.sizes(image.shape[:2], settings.octaves, settings.scale):
    dreamer._program((*size, 3))
  compile_seconds = time.perf_counter() - start
  loops = {'fviz': lambda: dreamer(image)}
  try:
    loops['torch'] = torch_dream(image, settings)
  except ImportError:
    print('PyTorch is not installed: fviz is measured alone.')
  times = {name: [] for name in loops}
  for _ in range(2):
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
      'compile_seconds': compile_seconds if name == 'fviz' else 0.0,
    }
    for name, seconds in times.items()
  ]


def megapixels(
  weights: str = '', sizes: tuple[float, ...] = (0.25, 1.0, 4.0, 12.0)
) -> list[dict]:
  """Rows: milliseconds per megapixel-iteration, one octave, by size."""
  rows = []
  for size in sizes:
    width = round((size * 1e6 * 4 / 3) ** 0.5)
    image = photos.resized(
      photos.read(photos.sample()).image, (round(width * 3 / 4), width)
    )
    settings = deepdream.Settings(octaves=1, iterations=1, border='reflect')
    dreamer = deepdream.Dreamer(
      network(weights), objectives.deepdream(_LAYER), settings
    )
    dreamer._program(image.shape)
    seconds = []
    for repeat in range(3 if size <= 4 else 2):
      start = time.perf_counter()
      dreamer(image, repeat)
      seconds.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rows.append(
      {
        'work': 'dream',
        'megapixels': size,
        'ms_per_megapixel_iteration': 1e3 * statistics.median(seconds) / size,
        'peak_memory_mb': peak,
      }
    )
  return rows


def main():
  parser = argparse.ArgumentParser(description=__doc__)
  parser.add_argument('--weights', default='', help='a 2015 safetensors file')
  parser.add_argument('--smoke', action='store_true', help='seconds')
  parser.add_argument('--megapixels', action='store_true')
  args = parser.parse_args()
  if args.megapixels:
    sizes = (0.1, 0.2) if args.smoke else (0.25, 1.0, 4.0, 12.0)
    rows = megapixels(args.weights, sizes)
  else:
    rows = against_torch(args.weights, args.smoke)
  for row in rows:
    print(row)


if __name__ == '__main__':
  main()
