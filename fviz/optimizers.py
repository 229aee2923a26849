"""Optimizers by name: some of the literature, and all of optax.

Those of optax are the functions of its public namespace whose first parameter
is `learning_rate`. Its L-BFGS with a line search is one of them: the engine
passes it the value and the function that it needs.
"""

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax.typing import ArrayLike

from fviz import checks
from fviz.errors import FvizError
from fviz.types import Array, PyTree


def progress(
  desired: float = 2.0, most: float = 100.0 / 255**2
) -> optax.GradientTransformationExtraArgs:
  """Steps of min(most, desired / |g|^2) g (toolbox of Yosinski et al. 2015).

  To first order, each step raises the objective by `desired`, in units of its
  own. `most` is the largest learning rate for pixels in [0, 1]; by default the
  toolbox's, which is for 0..255, divided by 255^2.

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
  """The same as `progress` for probabilities, which approach 1.

  The desired rise is min(early, late (1 - value)), as in Yosinski's toolbox for
  softmax units; the engine passes the value of the objective. So near 1 a step
  gains a share of what is missing, which is `late`.

  >>> t = progress01(0.5, 0.5, 100.0)
  >>> print(t.update(jnp.array([[1.0]]), t.init(None), value=-0.5)[0])
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
  """The state of `momentum`: how many steps there were, and m."""

  step: Array
  trace: PyTree


def momentum(
  rates: Sequence[tuple[int, float]] = ((100, 0.004), (200, 4e-4), (100, 4e-5)),
  mu: float = 0.9,
) -> optax.GradientTransformation:
  """Momentum that starts anew whenever the learning rate changes.

  m <- mu m - rate g, x <- x + m, as in Mahendran and Vedaldi 2015, section 4,
  and in their library. Rates are (steps, learning rate), one after the other;
  the last one goes on.

  >>> t = momentum([(1, 1.0), (1, 0.5)])
  >>> g, state = jnp.ones([1]), t.init(jnp.ones([1]))
  >>> for _ in range(3):
  ...   update, state = t.update(g, state)
  ...   print(update)
  [-1.]
  [-0.5]
  [-0.95]
  """
  checks.check_sequence('rates', rates, '((steps, learning rate),)')
  for pair in rates:
    checks.check_sequence('Each of rates', pair, '(steps, learning rate)')
    if len(pair) != 2:
      raise FvizError(f'Each of rates is (steps, learning rate), not {pair!r}.')
    steps, rate = pair
    checks.check_int('steps', steps, 1)
    checks.check_rate('A rate of momentum', rate)
  starts = [sum(s for s, _ in rates[:i]) for i in range(len(rates))]

  def init(params):
    return Momentum(jnp.int32(0), jax.tree.map(jnp.zeros_like, params))

  def update(updates, state, params=None):
    del params
    i = sum((state.step >= s).astype(jnp.int32) for s in starts[1:])
    rate = sum(jnp.where(i == k, r, 0.0) for k, (_, r) in enumerate(rates))
    changed = sum((state.step == s).astype(jnp.int32) for s in starts)
    kept = jnp.where(changed > 0, 0.0, mu)
    trace = jax.tree.map(lambda m, g: kept * m - rate * g, state.trace, updates)
    return trace, Momentum(state.step + 1, trace)

  return optax.GradientTransformation(init, update)


def _policy(
  desired: Callable[[Array | None], ArrayLike], most: float
) -> optax.GradientTransformationExtraArgs:
  """Steps along the gradient whose length follows from the desired rise."""

  def update(updates, state, params=None, *, value=None, **extra):
    del params, extra
    wanted = desired(value)

    def one(g):
      square = jnp.sum(g**2, tuple(range(1, g.ndim)), keepdims=True)
      return -jnp.minimum(most, wanted / jnp.maximum(square, 1e-30)) * g

    return jax.tree.map(one, updates), state

  init = lambda params: optax.EmptyState()
  return optax.GradientTransformationExtraArgs(init, update)


def _of_optax() -> list[str]:
  """The public functions of optax whose first parameter is learning_rate."""
  names = []
  for name in dir(optax):
    try:
      first = next(iter(inspect.signature(getattr(optax, name)).parameters), '')
    except (TypeError, ValueError):  # Modules, types and the like.
      continue
    whole = name[0].islower() and not name.startswith('scale_by')
    if whole and first == 'learning_rate':
      names.append(name)
  return names


@functools.cache  # One function a name, as modules have.
def _checked(name: str) -> Callable[..., optax.GradientTransformation]:
  """One of optax that refuses rates with which nothing, or all, would move."""
  make = getattr(optax, name)

  @functools.wraps(make)
  def checked(*args, **kwargs):
    given = dict(enumerate(args)) | kwargs
    rate = given.get(0, given.get('learning_rate'))
    # L-BFGS may search its own, a schedule is a function, and what is no number
    # at all is said when the first step is tried.
    if not (rate is None or callable(rate) or isinstance(rate, str)):
      checks.check_rate(f'The learning rate of {name}', rate)
    return make(*args, **kwargs)

  return checked


def __getattr__(name: str) -> Any:
  if name in CONFIG_NAMES:
    return _checked(name)
  raise AttributeError(name)


CONFIG_NAMES = ('progress', 'progress01', 'momentum', *_of_optax())
