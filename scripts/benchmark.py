r"""Milliseconds per image-step of fviz against a hand-written PyTorch loop.

python scripts/benchmark.py [--smoke] [--json FILE] [--weights FILE]

Inception v3 to mixed_4, 224 px, 4 channels, Adam, jitter and scale, float32.
Implementations alternate; the table gives medians. Random weights will do, for
speed does not depend on them; without PyTorch fviz is measured alone.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from fviz import cpu

cpu.faster()

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
import optax  # noqa: E402
from flax import nnx  # noqa: E402

import fviz  # noqa: E402
from fviz import engine, networks, objectives  # noqa: E402
from fviz.models import inception_v3  # noqa: E402

_SIZE, _BATCH, _LAYER = 224, 4, 'mixed_4'


def fviz_loop(weights):
  """A function of a number of steps, and the seconds to compile it."""
  if weights:
    network = fviz.models.load('inception_v3', weights)
  else:
    network = networks.from_nnx(
      inception_v3.InceptionV3(rngs=nnx.Rngs(0)),
      preprocess=inception_v3.preprocess,
      input_size=(299, 299),
    )
  recipe = engine.Recipe(
    fviz.parameterizations.pixels(_SIZE),
    optax.adam(0.05),
    transform=fviz.transforms.compose(
      fviz.transforms.jitter(8), fviz.transforms.scale(0.9, 1.1)
    ),
    steps=1,
  )
  _, objective = objectives.batch(
    objectives.bind(objectives.channel(_LAYER, jnp.arange(_BATCH)), network)
  )
  keys = engine.job_keys(0, np.arange(_BATCH), np.zeros(_BATCH, int))
  start = time.perf_counter()
  one = engine.Engine(network, objective, recipe, jax.devices()[:1])
  step = one._program(_BATCH)
  seconds = time.perf_counter() - start
  state = [one._init(keys, ())]
  fixed = engine._placed(step, one._seen.constants, objective, keys, ())

  def run(steps):
    for i in range(steps):
      state[0], _ = step(*fixed, state[0], np.int32(i))
    jax.block_until_ready(state[0])

  return run, seconds


def torch_loop():
  """The same work by hand: frozen weights, cut network, channels last."""
  import torch
  from torch import nn
  from torch.nn import functional as F

  def chain(inputs, rows):
    modules = []
    for outputs, (h, w), stride in rows:
      padding = (h // 2, w // 2) if stride == 1 else 0
      modules += [
        nn.Conv2d(inputs, outputs, (h, w), stride, padding),
        nn.ReLU(inplace=True),
      ]
      inputs = outputs
    return nn.Sequential(*modules)

  class Block(nn.Module):
    def __init__(self, inputs, branches, pooled=None):
      super().__init__()
      self.branches = nn.ModuleList([chain(inputs, b) for b in branches])
      self.pooled = chain(inputs, pooled) if pooled else None

    def forward(self, x):
      out = [branch(x) for branch in self.branches]
      if self.pooled:
        pool = F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)
        out.append(self.pooled(pool))
      else:
        out.append(F.max_pool2d(x, 3, 2))
      return torch.cat(out, 1)

  c = inception_v3.conv

  def grid35(inputs, pooled):
    return Block(
      inputs,
      [
        (c(64, 1, 1),),
        (c(48, 1, 1), c(64, 5, 5)),
        (c(64, 1, 1), c(96, 3, 3), c(96, 3, 3)),
      ],
      (c(pooled, 1, 1),),
    )

  def plain(inputs, outputs, kernel, stride=1, padding=0):
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, padding)
    return nn.Sequential(convolution, nn.ReLU(inplace=True))

  network = nn.Sequential(
    plain(3, 32, 3, 2),
    plain(32, 32, 3),
    plain(32, 64, 3, 1, 1),
    nn.MaxPool2d(3, 2),
    plain(64, 80, 1),
    plain(80, 192, 3),
    nn.MaxPool2d(3, 2),
    grid35(192, 32),
    grid35(256, 64),
    grid35(288, 64),
    Block(
      288,
      [(c(384, 3, 3, 2),), (c(64, 1, 1), c(96, 3, 3), c(96, 3, 3, 2))],
    ),
    Block(
      768,
      [
        (c(192, 1, 1),),
        (c(128, 1, 1), c(128, 1, 7), c(192, 7, 1)),
        (
          c(128, 1, 1),
          c(128, 7, 1),
          c(128, 1, 7),
          c(128, 7, 1),
          c(192, 1, 7),
        ),
      ],
      (c(192, 1, 1),),
    ),
  )
  network = network.to(memory_format=torch.channels_last)
  for parameter in network.parameters():
    parameter.requires_grad_(False)
  z = torch.randn(_BATCH, 3, _SIZE, _SIZE) * 0.01
  z.requires_grad_(True)
  optimizer = torch.optim.Adam([z], lr=0.05)
  pick = torch.arange(_BATCH)

  def run(steps):
    for _ in range(steps):
      size = _SIZE - 8
      y, x = np.random.randint(0, 9, 2)
      images = torch.sigmoid(z)[:, :, y : y + size, x : x + size]
      zoom = float(np.random.uniform(0.9, 1.1))
      theta = torch.tensor([[[1 / zoom, 0.0, 0.0], [0.0, 1 / zoom, 0.0]]])
      grid = F.affine_grid(
        theta.expand(_BATCH, 2, 3), images.shape, align_corners=False
      )
      images = F.grid_sample(images, grid, align_corners=False)
      images = images.to(memory_format=torch.channels_last)
      out = network(images * 1.9921875 - 1.0)
      loss = -out[pick, pick].mean((1, 2)).sum()
      optimizer.zero_grad()
      loss.backward()
      optimizer.step()

  return run, torch.__version__


def main():
  parser = argparse.ArgumentParser(description=__doc__)
  parser.add_argument('--smoke', action='store_true', help='fewer repeats')
  parser.add_argument('--json', default='', help='where to write the result')
  parser.add_argument('--weights', default='', help='a 2015 safetensors file')
  args = parser.parse_args()
  repeats, steps = (5, 3) if args.smoke else (9, 8)
  versions = {'python': platform.python_version(), 'jax': jax.__version__}
  run, seconds = fviz_loop(args.weights)
  loops, compile_seconds = {'fviz': run}, {'fviz': seconds}
  try:
    loops['torch'], versions['torch'] = torch_loop()
    compile_seconds['torch'] = 0.0
  except ImportError:
    print('PyTorch is not installed: fviz is measured alone.')
  times = {name: [] for name in loops}
  for loop in loops.values():
    loop(2)  # Warm.
  for _ in range(repeats):
    for name, loop in loops.items():
      start = time.perf_counter()
      loop(steps)
      elapsed = time.perf_counter() - start
      times[name].append(elapsed * 1e3 / steps / _BATCH)
  peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
  rows = [
    {
      'work': 'channels',
      'network': 'inception_v3',
      'layer': _LAYER,
      'batch': _BATCH,
      'precision': 'float32',
      'implementation': name,
      'ms_per_image_step': statistics.median(values),
      'compile_seconds': compile_seconds[name],
      'peak_memory_mb': peak,  # Of the process, both implementations.
    }
    for name, values in times.items()
  ]
  ratios = {}
  if 'torch' in times:
    ratios['fviz_over_torch'] = (
      rows[0]['ms_per_image_step'] / rows[1]['ms_per_image_step']
    )
  machine = f'{platform.machine()}, {os.cpu_count()} cores, {jax.devices()[0]}'
  print(f'{machine}; {versions}')
  print('implementation  ms per image-step  compile s')
  for row in rows:
    print(
      f'{row["implementation"]:14}  {row["ms_per_image_step"]:17.1f}  '
      f'{row["compile_seconds"]:9.1f}'
    )
  for name, ratio in ratios.items():
    print(f'{name}: {ratio:.2f}')
  if args.json:
    result = dict(machine=machine, versions=versions, rows=rows, ratios=ratios)
    with open(args.json, 'w') as file:
      json.dump(result, file, indent=2)


if __name__ == '__main__':
  main()
