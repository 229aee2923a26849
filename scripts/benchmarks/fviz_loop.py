"""The benchmark's works in fviz, through the engine that everything uses."""

import dataclasses
import functools
import time

from fviz.compiler import cpu  # noqa: E402

cpu.faster()

import jax  # noqa: E402
import numpy as np  # noqa: E402
import optax  # noqa: E402
from flax import nnx  # noqa: E402

import fviz  # noqa: E402
from fviz import engine, networks, types  # noqa: E402
from fviz.compiler import hardware  # noqa: E402
from fviz.models import inception_v3_2015, resnet, vgg  # noqa: E402
from scripts.benchmarks import worker, works  # noqa: E402

_CHUNK = 32  # Steps a dispatch on accelerators.


def random_network(name: str) -> types.Network:
  """Speed does not depend on the weights."""
  make, preprocess = {
    'inception_v3': (
      inception_v3_2015.InceptionV3,
      networks.normalize(128 / 255, 128 / 255),
    ),
    'resnet50': (
      functools.partial(resnet.ResNet, resnet.Bottleneck, (3, 4, 6, 3), 256),
      None,
    ),
    'vgg16': (functools.partial(vgg.VGG, (2, 2, 3, 3, 3)), None),
  }[name]
  options = {'preprocess': preprocess} if preprocess else {}
  return networks.from_nnx(make(rngs=nnx.Rngs(0)), **options)


class Loop:
  """A compiled work; `run` goes on from where the last call ended."""

  def __init__(self, work: works.Work, weights: str):
    network = (
      fviz.models.load(work.network, weights)
      if weights
      else random_network(work.network)
    )
    self._work, self._step = work, 0
    layer, _ = works.LAYERS[work.network]
    units = np.arange(work.batch)
    keys = engine.job_keys(0, units, 0 * units)
    self._jobs = engine.channel_jobs(network, layer, units, keys)
    start = time.perf_counter()
    self._engine = engine.Engine(
      network, self._jobs, recipe(work), jax.devices()[:1]
    )
    # As many at once as the engine finds best, group after group.
    batch = self._engine.batch(work.batch, work.batch)
    self._program = self._engine.programs.step(batch)
    self.compile_seconds = time.perf_counter() - start
    self.device = str(jax.devices()[0])
    self.versions = {'jax': jax.__version__}
    (self._constants,) = hardware.placed(
      self._program, 0, self._engine.job.seen.constants
    )
    self._groups, self._states = [], []
    for first in range(0, work.batch, batch):
      # Too few for a last group: the engine has none, it fills from others.
      some = np.arange(first, first + batch) % work.batch
      part = self._jobs.take(some)
      self._groups.append(hardware.placed(self._program, 1, *part))
      self._states.append(self._engine.programs.init(part.keys, ()))

  def run(self, steps: int) -> int:
    if self._work.kind == 'sweep':
      return self._sweep(steps)
    chunk = self._engine.programs.chunk
    dispatches = -(-steps // chunk)
    for _ in range(dispatches):
      for i, group in enumerate(self._groups):
        step = np.full(len(group[1]), self._step, np.int32)
        self._states[i], _ = self._program(
          self._constants, *group, self._states[i], step
        )
      self._step += chunk
    jax.block_until_ready(self._states)
    return dispatches * chunk

  def _sweep(self, steps: int) -> int:
    """Twice the batch, from nothing to pictures."""
    del steps
    for _ in range(2):
      batch = self._engine.batch(self._work.batch, self._work.batch)
      list(self._engine.run(self._jobs, batch))
    return 2 * self._engine.recipe.steps

  def peak_bytes(self) -> int:
    stats = jax.devices()[0].memory_stats()
    if stats and 'peak_bytes_in_use' in stats:
      return stats['peak_bytes_in_use']
    return worker.resident_bytes()


def recipe(work: works.Work) -> engine.Recipe:
  """What the other implementation does, too, in the work's precision."""
  return dataclasses.replace(_recipe(work), precision=work.precision)


def _recipe(work):
  steps = 1 if jax.default_backend() == 'cpu' else _CHUNK
  if work.kind == 'lucid':
    return fviz.recipes.lucid(work.size, steps=steps)
  if work.kind == 'maco':
    return fviz.recipes.maco(
      work.size, crops=works.MACO_CROPS, crop_size=224, steps=steps
    )
  return engine.Recipe(
    fviz.parameterizations.pixels(work.size),
    optax.adam(0.05),
    transform=fviz.transforms.compose(
      fviz.transforms.jitter(8), fviz.transforms.scale(0.9, 1.1)
    ),
    steps=works.SWEEP_STEPS if work.kind == 'sweep' else steps,
  )
