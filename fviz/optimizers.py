"""Optimizers by name: those of the literature here, and all of optax.

Those of optax are all functions of its public namespace that take a learning
rate before all else; L-BFGS with its line search is one of them, as the engine
passes on values and the function.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax

from fviz import checks
from fviz.errors import FvizError
from fviz.types import Array, PyTree


def progress(
  desired: float = 2.0, most: float = 100.0 / 255**2
) -> optax.GradientTransformationExtraArgs:
  """Ascent by min(most, desired / |g|^2) g (Yosinski et al. 2015's toolbox).

  To first order, a step raises the objective by `desired`, in the objective's
  own units.

  Args:
    desired: rise of the objective a step.
    most: largest learning rate for pixels in [0, 1]: the toolbox's for 0..255,
      divided by 255^2.

  >>> t = progress(2.0, 10.0)
  >>> print(t.update(jnp.array([[3., 4.]]), t.init(None))[0])
  [[-0.24 -0.32]]
  """
  checks.check('desired', desired, 0)
  checks.check('most', most, 0)
  return _policy(lambda value: desired, most)


def progress01(
  early: float = 0.3, late: float = 0.3, most: float = 100.0 / 255**2
) -> optax.GradientTransformationExtraArgs:
  """As `progress` for probabilities: desired = min(early, late (1 - value)).

  Yosinski's toolbox, for softmax units. The value is the engine's.

  >>> t = progress01(0.5, 0.5, 100.0)
  >>> update = t.update(jnp.array([[1.0]]), t.init(None), value=-0.5)[0]
  >>> print(update)
  [[-0.25]]
  """
  for name, number in dict(early=early, late=late, most=most).items():
    checks.check(name, number, 0)

  def desired(value):
    if value is None:
      raise FvizError('progress01 needs the objective: update(..., value=).')
    return jnp.minimum(early, late * (1 + value))  # The loss is -objective.

  return _policy(desired, most)


class Momentum(NamedTuple):
  """The step, and the running sum of gradients."""

  count: Array
  trace: PyTree


def momentum(
  rates: Sequence[tuple[int, float]] = ((100, 0.004), (200, 4e-4), (100, 4e-5)),
  mu: float = 0.9,
) -> optax.GradientTransformation:
  """m <- mu m - lr g, x <- x + m, where m is zeroed whenever lr changes.

  Mahendran and Vedaldi 2015, section 4, and their library.

  Args:
    rates: (steps, learning rate) one after the other; the last goes on.
    mu: share of m that is kept.

  >>> t = momentum([(1, 1.0), (1, 0.5)])
  >>> g, state = jnp.ones([1]), t.init(jnp.ones([1]))
  >>> for _ in range(3):
  ...   update, state = t.update(g, state)
  ...   print(update)
  [-1.]
  [-0.5]
  [-0.95]
  """
  if not rates:
    raise FvizError('rates is empty: give ((steps, learning rate), ...).')
  for steps, rate in rates:
    checks.check_int('steps', steps, 1)
    checks.check('learning rate', rate, 0)
  starts = [sum(s for s, _ in rates[:i]) for i in range(len(rates))]

  def init(params):
    return Momentum(jnp.int32(0), jax.tree.map(jnp.zeros_like, params))

  def update(updates, state, params=None):
    del params
    i = sum((state.count >= s).astype(jnp.int32) for s in starts[1:])
    rate = sum(jnp.where(i == k, r, 0.0) for k, (_, r) in enumerate(rates))
    changed = sum((state.count == s).astype(jnp.int32) for s in starts)
    kept = jnp.where(changed > 0, 0.0, mu)
    trace = jax.tree.map(lambda m, g: kept * m - rate * g, state.trace, updates)
    return trace, Momentum(state.count + 1, trace)

  return optax.GradientTransformation(init, update)


def _policy(desired, most):
  def update(updates, state, params=None, *, value=None, **extra):
    del params, extra
    wanted = desired(value)

    def one(g):
      square = jnp.sum(g**2, tuple(range(1, g.ndim)), keepdims=True)
      return -jnp.minimum(most, wanted / jnp.maximum(square, 1e-30)) * g

    return jax.tree.map(one, updates), state

  return optax.GradientTransformationExtraArgs(
    lambda params: optax.EmptyState(), update
  )


def _of_optax() -> list[str]:
  """Public names of optax that take a learning rate before all else."""
  names = []
  for name in dir(optax):
    maker = getattr(optax, name)
    if not name[0].islower() or name.startswith('scale_by'):
      continue
    try:
      first = next(iter(inspect.signature(maker).parameters), None)
    except (TypeError, ValueError):  # Modules, types and the like.
      continue
    if first == 'learning_rate':
      names.append(name)
  return names


def __getattr__(name: str):
  if name in CONFIG_NAMES:
    return getattr(optax, name)
  raise AttributeError(name)


# What config strings can name.
CONFIG_NAMES = ('progress', 'progress01', 'momentum', *_of_optax())
