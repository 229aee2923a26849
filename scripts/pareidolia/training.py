"""The training loop of pareidolia: schedule, checkpoints, export."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import os
import pathlib
import time

import jax
import jax.numpy as jnp
import numpy as np
from absl import logging
from flax import nnx

from fviz import networks
from fviz.models import pareidolia, pareidolia_network
from scripts.pareidolia import data, log, net
from scripts.pareidolia import step as training_step

_LOG_STEPS = 50
_CHECKPOINT = 'checkpoint.npz'
_MOMENTS = 512  # Pictures behind the activation statistics.
_VALIDATION = {'per_class': 10, 'seed': 1_000_003}


@dataclasses.dataclass(frozen=True)
class Config:
  """What decides a training; see the flags of `train`."""

  data: str
  per_class: int = 1000
  image_size: int = 80
  processes: int = 2
  minutes: float = 60.0
  steps: int = 0
  seed: int = 0
  width: float = 1.0
  batch: int = 64
  sizes: tuple[int, ...] = (48, 64, 80)
  until: tuple[float, ...] = (0.2, 0.6)
  adversarial_from: float = 0.125
  radius: float = 1.2
  learning_rate: float = 2e-3
  save_minutes: float = 5.0
  bfloat16: bool = True

  def __post_init__(self):
    if len(self.until) != len(self.sizes) - 1:
      raise ValueError(
        f'{self.sizes=} change {len(self.sizes) - 1} times, but {self.until=}.'
      )
    if max(self.sizes) > 2 * self.image_size:
      raise ValueError(f'{self.sizes=} are too large for {self.image_size=}.')

  def size(self, progress: float) -> int:
    """Side of the crops."""
    return self.sizes[sum(progress >= u for u in self.until)]

  def attack_radius(self, progress: float) -> float:
    """0 at first, then ramped; in proportion to the side of the crops."""
    late = progress - self.adversarial_from
    if late < 0 or self.adversarial_from >= 1:
      return 0.0
    ramp = min(1.0, 0.25 + 4 * late)
    return self.radius * ramp * self.size(progress) / 64


def train(config: Config, workdir: pathlib.Path, resume: bool = False) -> None:
  """Trains and writes checkpoint.npz, logs and pareidolia.safetensors.

  Args:
    config: the recipe.
    workdir: of the results.
    resume: continue from the checkpoint, which the same recipe wrote.
  """
  with contextlib.closing(log.Log(workdir)) as opened:
    _train(config, workdir, resume, opened)


def _train(config: Config, workdir: pathlib.Path, resume: bool, log) -> None:
  images, labels, names = data.cached(
    config.data,
    config.per_class,
    config.seed,
    config.image_size,
    config.processes,
  )
  held_out = data.cached(config.data, size=config.image_size, **_VALIDATION)
  hyper = training_step.Hyper(config.learning_rate, seed=config.seed)
  dtype = jnp.bfloat16 if config.bfloat16 else jnp.float32
  model = net.build(len(names), config.width, config.seed, dtype)
  graphdef, state = training_step.initialize(model, hyper)
  spent = 0.0
  if resume:
    state, spent = restore(workdir / _CHECKPOINT, state)
  split, everywhere = _shardings()
  state = jax.device_put(state, everywhere)
  log.images(0, 'training pictures', np.float32(images[:16]) / 255)
  logging.info('%d pictures of %d classes', len(images), len(names))

  def keep(state):
    """Checkpoint, weights of the moment, accuracy on held-out pictures."""
    save(workdir / _CHECKPOINT, state, spent)
    model = exported(graphdef, state)
    moments = activation_moments(model, images[:_MOMENTS])
    pareidolia.save(workdir / 'pareidolia.safetensors', model, names, moments)
    top1 = accuracy(model, *held_out[:2], max(config.sizes))
    log.scalars(int(state.step), {'validation/accuracy': top1})
    logging.info('step %d, held out: %.1f %%', int(state.step), 100 * top1)

  # --- The loop. -----------------------------------------------------------
  step, saved, logged = int(state.step), spent, (spent, int(state.step))
  while (progress := _progress(config, step, spent)) < 1:
    start = time.perf_counter()
    chosen = data.batch_indices(len(images), config.batch, config.seed, step)
    batch = jax.device_put((images[chosen], labels[chosen]), split)
    radius = config.attack_radius(progress)
    state, metrics = training_step.step(
      graphdef,
      hyper,
      state,
      *batch,
      progress=np.float32(progress),
      radius=np.float32(radius),
      size=config.size(progress),
      adversarial=radius > 0,
    )
    step += 1
    jax.block_until_ready(metrics)  # A step is long; the host has no hurry.
    spent += time.perf_counter() - start
    if step % _LOG_STEPS == 0:
      speed = config.batch * (step - logged[1]) / (spent - logged[0])
      metrics |= dict(radius=radius, progress=progress, images_per_s=speed)
      log.scalars(step, metrics)
      logging.info('%d %s', step, _short(metrics))
      logged = spent, step
    if spent - saved > 60 * config.save_minutes:
      keep(state)
      saved = spent
  # -------------------------------------------------------------------------
  keep(state)


def exported(graphdef, state: training_step.State):
  """The inference network of the averaged weights."""
  return net.fold(nnx.merge(graphdef, *state.average, copy=True))


def accuracy(model, images, labels, size: int, batch: int = 128) -> float:
  """Share of uint8 images that the inference network names correctly."""
  graphdef, weights = nnx.split(model)
  guesses = [
    _guess(graphdef, weights, images[k : k + batch], size)
    for k in range(0, len(images), batch)
  ]
  return float(np.mean(np.concatenate(guesses) == labels))


@functools.partial(jax.jit, static_argnums=(0, 3))
def _guess(graphdef, weights, images, size):
  x = pareidolia_network.preprocess(data.resize(images, size))
  return nnx.merge(graphdef, weights, copy=True)(x).argmax(-1)


def activation_moments(model, images, batch: int = 64):
  """Mean and deviation of all channels: layer -> (mean, std)."""
  graphdef, weights = nnx.split(model)
  parts = [
    jax.device_get(_sums(graphdef, weights, images[k : k + batch]))
    for k in range(0, max(1, len(images) - batch + 1), batch)
  ]
  moments = jax.tree.map(lambda *x: np.mean(x, 0), *parts)
  return {
    k: (mean, np.sqrt(np.maximum(square - mean**2, 0)))
    for k, (mean, square) in moments.items()
  }


@functools.partial(jax.jit, static_argnums=0)
def _sums(graphdef, weights, images):
  """Mean and mean square of all channels: layer -> (mean, square)."""
  network = networks.from_nnx(
    nnx.merge(graphdef, weights, copy=True),
    preprocess=pareidolia_network.preprocess,
    input_size=pareidolia_network.INPUT_SIZE,
  )
  x = data.resize(images, pareidolia_network.INPUT_SIZE[0])
  found = network.apply(network.variables, x, tuple(network.layers))
  return {
    k: [jnp.mean(v**p, tuple(range(v.ndim - 1))) for p in (1, 2)]
    for k, v in found.items()
  }


def save(path: pathlib.Path, state: training_step.State, spent: float):
  """Writes a checkpoint: whole or not at all."""
  leaves = jax.device_get(jax.tree.leaves(state))
  arrays = {f'leaf{k}': leaf for k, leaf in enumerate(leaves)}
  temporary = path.with_suffix('.partial')
  with open(temporary, 'wb') as file:
    np.savez(file, spent=spent, **arrays)
  os.replace(temporary, path)


def restore(path: pathlib.Path, like: training_step.State):
  """The state and the seconds spent, from a checkpoint of the same recipe."""
  if not path.exists():
    raise FileNotFoundError(f'No checkpoint {path}: train without --resume.')
  with np.load(path) as file:
    leaves = [file[f'leaf{k}'] for k in range(len(file.files) - 1)]
    spent = float(file['spent'])
  wanted = jax.tree.leaves(like)
  if [x.shape for x in leaves] != [x.shape for x in wanted]:
    raise ValueError(
      f'{path} is of another network: give the flags it was written with, or '
      'train without --resume.'
    )
  return jax.tree.unflatten(jax.tree.structure(like), leaves), spent


def _progress(config: Config, step: int, spent: float) -> float:
  if config.steps:
    return step / config.steps
  return spent / (60 * config.minutes)


def _shardings():
  """Batches split over all devices, everything else on each of them."""
  mesh = jax.make_mesh(
    (jax.device_count(),), ('batch',), axis_types=(jax.sharding.AxisType.Auto,)
  )
  spec = jax.sharding.PartitionSpec
  return tuple(
    jax.sharding.NamedSharding(mesh, s) for s in (spec('batch'), spec())
  )


def _short(metrics) -> str:
  return ' '.join(f'{k}={float(v):.4g}' for k, v in metrics.items())
