"""One training step of pareidolia: pure functions of a state."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from flax import nnx

from scripts.pareidolia import data


class State(NamedTuple):
  """All that a checkpoint keeps.

  Attributes:
    params: what is trained.
    stats: running statistics of the batch norms.
    optimizer: moments of AdamW.
    average: exponential moving average of (params, stats): what is shipped.
    step: number of finished steps.
  """

  params: Any
  stats: Any
  optimizer: Any
  average: Any
  step: jax.Array


class Hyper(NamedTuple):
  """Numbers of the recipe; all static."""

  learning_rate: float = 2e-3
  weight_decay: float = 0.05
  label_smoothing: float = 0.05
  averaging: float = 0.996
  seed: int = 0


def initialize(model: nnx.Module, hyper: Hyper):
  """The graph of the network and the state before the first step."""
  graphdef, params, stats = nnx.split(model, nnx.Param, nnx.BatchStat)

  @jax.jit
  def new(params, stats):
    moments = _optimizer(hyper).init(params)
    # A copy: the step donates its state, and no buffer may be donated twice.
    average = jax.tree.map(jnp.array, (params, stats))
    return State(params, stats, moments, average, jnp.zeros((), jnp.int32))

  return graphdef, new(params, stats)


@functools.partial(
  jax.jit,
  static_argnames=('graphdef', 'hyper', 'size', 'adversarial'),
  donate_argnames='state',
)
def step(
  graphdef, hyper: Hyper, state: State, images, labels, *,
  progress, radius, size: int, adversarial: bool,
):  # fmt: skip
  """One update.

  Args:
    graphdef: of the network in training form.
    hyper: the recipe.
    state: donated.
    images: uint8 [n, side, side, 3].
    labels: int32 [n].
    progress: share of the training that is done, in [0, 1]; traced.
    radius: of the L2 ball that the attack may use, in units of [0, 1]; traced.
    size: side of the crops.
    adversarial: train on attacked pictures (Madry et al. 2017, one step).

  Returns:
    state and {'loss', 'accuracy', 'learning_rate'}.
  """
  key = jax.random.fold_in(jax.random.key(hyper.seed), state.step)
  crop, start = jax.random.split(key)
  x = data.augment(crop, images, size)
  if adversarial:
    forward = functools.partial(
      logits, graphdef, state.params, state.stats, train=False
    )
    x = attack(start, lambda x: forward(x)[0], x, labels, radius, steps=1)

  def loss(params):
    out, stats = logits(graphdef, params, state.stats, x, train=True)
    target = optax.smooth_labels(
      jax.nn.one_hot(labels, out.shape[-1]), hyper.label_smoothing
    )
    cost = optax.softmax_cross_entropy(out, target).mean()
    return cost, (stats, (out.argmax(-1) == labels).mean())

  (cost, (stats, accuracy)), gradient = jax.value_and_grad(loss, has_aux=True)(
    state.params
  )
  rate = _rate(hyper, state.step, progress)
  updates, moments = _optimizer(hyper).update(
    gradient, state.optimizer, state.params
  )
  params = jax.tree.map(lambda p, u: p - rate * u, state.params, updates)
  # Early on the average must forget the random start quickly.
  keep = jnp.minimum(hyper.averaging, (1 + state.step) / (10 + state.step))
  average = jax.tree.map(
    lambda a, b: keep * a + (1 - keep) * b, state.average, (params, stats)
  )
  metrics = {'loss': cost, 'accuracy': accuracy, 'learning_rate': rate}
  return State(params, stats, moments, average, state.step + 1), metrics


def logits(graphdef, params, stats, images, *, train: bool):
  """Logits and the new running statistics; images in [0, 1]."""
  model = nnx.merge(graphdef, params, stats, copy=True)
  model.train() if train else model.eval()
  out = model(images * 2 - 1)
  return out, nnx.state(model, nnx.BatchStat)


def attack(key, classify, images, labels, radius, steps: int):
  """L2 projected gradient ascent on the cross entropy (Madry et al. 2017).

  Args:
    key: of the random start.
    classify: images -> logits.
    images: [n, h, w, c] in [0, 1].
    labels: [n].
    radius: of the ball, in units of [0, 1].
    steps: 1 steps by 1.2 radii, more by 2.2 radii in all.
  """
  length = radius * (1.2 if steps == 1 else 2.2 / steps)
  direction, how_far = jax.random.split(key)
  delta = _unit(jax.random.normal(direction, images.shape))
  far = jax.random.uniform(how_far, (len(images), 1, 1, 1))
  delta = delta * radius * far

  def cost(delta):
    out = classify(images + delta)
    return optax.softmax_cross_entropy_with_integer_labels(out, labels).sum()

  for _ in range(steps):
    delta = delta + length * _unit(jax.grad(cost)(delta))
    delta = delta * jnp.minimum(1, radius / jnp.maximum(_norm(delta), 1e-12))
  return jax.lax.stop_gradient(jnp.clip(images + delta, 0, 1))


def _norm(x):
  return jnp.sqrt(jnp.sum(jnp.square(x), (1, 2, 3), keepdims=True))


def _unit(x):
  return x / (_norm(x) + 1e-12)


def _optimizer(hyper):
  """AdamW (Loshchilov and Hutter 2017) without its learning rate."""
  return optax.chain(
    optax.clip_by_global_norm(2.0),
    optax.scale_by_adam(0.9, 0.98),
    optax.add_decayed_weights(
      hyper.weight_decay, lambda p: jax.tree.map(lambda x: x.ndim > 1, p)
    ),
  )


def _rate(hyper, step, progress):
  """Linear warm-up over 100 steps, then half a cosine over the training."""
  warm = jnp.minimum(1.0, (step + 1) / 100)
  cosine = 0.5 + 0.5 * jnp.cos(jnp.pi * progress)
  return hyper.learning_rate * (warm * cosine + 0.003)
