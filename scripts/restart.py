#!/usr/bin/env python3
"""A sweep of a million finished units, started again: seconds and memory.

  python scripts/restart.py [--units 1000000] [--folder DIR]

The ledger and the pictures are simulated (those of a layer are links to one, as
a restart asks for size and time only), the restart is real: plan, lock, config,
ledger, a look at every picture, the layers one by one. A second call with the
same folder starts again on what the first has made.
"""

import argparse
import itertools
import os
import pathlib
import resource
import tempfile
import time

import jax.numpy as jnp
import numpy as np

from fviz import config as configs
from fviz import networks, sweep
from fviz.media import png
from fviz.storage import ledger_lines

_CHANNELS = 1000  # A layer; real ones have 64 to 2048.


def main() -> None:
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument('--units', type=int, default=1_000_000)
  parser.add_argument('--folder', help='kept; default a temporary one')
  args = parser.parse_args()
  layers = [f'mixed_5d/branch_{i}' for i in range(-(-args.units // _CHANNELS))]
  with tempfile.TemporaryDirectory() as folder:
    path = pathlib.Path(args.folder or folder) / 'run'
    if not path.exists():
      begin = time.monotonic()
      simulate(path, layers)
      print(f'simulated in {time.monotonic() - begin:.0f} s')
    restart(path, layers)


def restart(path: pathlib.Path, layers: list[str]) -> None:
  """Starts the sweep again and tells what it took."""
  wall, cpu, before = time.monotonic(), time.process_time(), peak()
  report = sweep.run(config_of(layers), str(path), network_of(layers))
  wall, cpu = time.monotonic() - wall, time.process_time() - cpu
  size = (path / 'ledger-0.jsonl').stat().st_size
  print(
    f'{report.units} units finished, {report.missing} missing\n'
    f'restart        {wall:.1f} s, {cpu:.1f} s of CPU\n'
    f'memory         {peak():.0f} MB at most, {before:.0f} MB before\n'
    f'ledger         {size / report.units:.0f} bytes a line'
  )


def config_of(layers: list[str]):
  config = configs.sweep()
  config.layer, config.size = ','.join(layers), 16
  config.transforms = ''
  return config.lock()


def network_of(layers: list[str]):
  """A network with these layers, none of which will be asked for anything."""
  apply = lambda variables, images, wanted: {
    layer: jnp.zeros((len(images), 4, 4, _CHANNELS)) for layer in wanted
  }
  return networks.from_function(apply, {}, layers, input_size=(16, 16))


def simulate(path: pathlib.Path, layers: list[str]) -> None:
  """What a sweep leaves, without the work."""
  config, network = config_of(layers), network_of(layers)
  sweep.run(config, str(path), network, stop=lambda: True)
  picture = png.encode(np.zeros((2, 2, 3), np.uint8))
  steps, pages = configs.snapshot_steps(config), -(-_CHANNELS // config.page)
  with (path / 'ledger-0.jsonl').open('wb') as ledger:
    for layer in layers:
      folder = layer.replace('/', '.')
      (path / 'images' / folder).mkdir(parents=True)
      (path / 'gallery' / folder).mkdir(parents=True)
      first = path / 'images' / folder / 'picture'
      first.write_bytes(picture)
      for page, step in itertools.product(range(pages), steps):
        sheet = f'{page:03d}-{step:06d}.png'
        os.link(first, path / 'gallery' / folder / sheet)
      ledger.writelines(lines(path, layer, folder, first, len(steps)))


def lines(path, layer, folder, first, steps):
  """Lines of a layer, after their pictures are there."""
  rng, found = np.random.default_rng(0), first.stat()
  for channel in range(_CHANNELS):
    file = f'images/{folder}/{channel:04d}-00.png'
    os.link(first, path / file)
    yield ledger_lines.to_line(
      {
        'layer': layer,
        'channel': channel,
        'variant': 0,
        'seed': 0,
        'model': 'inception_v3',
        'objective': rng.normal(),
        'activation': rng.normal(),
        'history': rng.normal(size=steps),
        'failed': -1,
        'steps': 256,
        'file': file,
        'seconds': 0.123,
        'stamp': [found.st_size, found.st_mtime_ns],
      }
    )


def peak() -> float:
  return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == '__main__':
  main()
