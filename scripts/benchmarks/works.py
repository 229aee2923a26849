"""What is measured: works, and how implementations are run side by side.

Every implementation runs in a process of its own, so that peak memory is its
own and no library's threads or allocator settings disturb another's. The
processes take turns.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import NamedTuple


class Unavailable(Exception):
  """An implementation that cannot do a work here, and why."""


class Work(NamedTuple):
  """One row of the table, whoever does it.

  Attributes:
    kind: channels (Adam on pixels, jitter and scale), lucid (its recipe),
      sweep (channels from nothing to finished pictures), or maco.
    network: inception_v3, resnet50 or vgg16.
    batch: channels at once.
    size: pixels a side.
    precision: float32, tf32 or bfloat16.
  """

  kind: str
  network: str = 'inception_v3'
  batch: int = 4
  size: int = 224
  precision: str = 'float32'


# The layer that is looked into: fviz's name, and lucent's of torchvision's.
LAYERS = {
  'inception_v3': ('mixed_4', 'Mixed_6b'),
  'resnet50': ('layer3', 'layer3'),
  'vgg16': ('features/22', 'features_22'),
}
# Who can do what. The first is what the ratios are of.
IMPLEMENTATIONS = {
  'channels': ('fviz', 'torch'),
  'lucid': ('fviz', 'lucent'),
  'sweep': ('fviz', 'torch'),
  'maco': ('fviz', 'horama'),
}
MACO_CROPS = 6
SWEEP_STEPS = 8  # Of a picture; few, so that start and end count.


class Worker:
  """A process that holds one implementation of one work.

  Attributes:
    ready: what it said when it was: compile_seconds, device, versions; or
      unavailable.
  """

  def __init__(self, implementation: str, work: Work, weights: str = ''):
    self.implementation = implementation
    self._process = subprocess.Popen(
      [
        *(sys.executable, '-m', 'scripts.benchmarks.worker', implementation),
        *(json.dumps(work), weights),
      ],
      stdin=subprocess.PIPE,
      stdout=subprocess.PIPE,
      text=True,
    )
    self.ready = self._read()

  def run(self, steps: int) -> dict:
    """Does at least so many steps: steps, seconds, peak_memory_mb."""
    self._process.stdin.write(f'{steps}\n')
    self._process.stdin.flush()
    return self._read()

  def close(self) -> None:
    self._process.stdin.close()
    self._process.wait()

  def _read(self) -> dict:
    line = self._process.stdout.readline()
    if not line:
      code = self._process.wait()
      return {'unavailable': f'its process ended with {code}'}
    return json.loads(line)
