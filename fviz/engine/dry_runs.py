"""Dry runs on shapes alone: what a step would stumble over, before any work."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import optax

from fviz.errors import FvizError
from fviz.types import PyTree


def optimizer(made: optax.GradientTransformation, params: PyTree) -> None:
  """Tries one update.

  Args:
    made: the optimizer.
    params: shapes of what it optimizes.

  Raises:
    FvizError: an argument of it is not what it takes, a text for a number, say.
  """

  def step(params):
    full = optax.with_extra_args_support(made)
    value = lambda params: sum(jnp.sum(p) for p in jax.tree.leaves(params))
    more = dict(value=value(params), grad=params, value_fn=value)
    return full.update(params, full.init(params), params, **more)

  try:
    jax.eval_shape(step, params)
  except TypeError as error:
    text = str(error).splitlines()[0].rstrip('.')
    raise FvizError(
      f'The optimizer cannot make a step: {text}. Check its arguments.'
    ) from error


def numbers(run: Callable[[PyTree], PyTree], values: PyTree) -> None:
  """Tries whether numbers may differ from job to job in one program.

  Args:
    run: what is made of them; it must be fine with `values` themselves.
    values: of one job.

  Raises:
    FvizError: one of them decides a shape.
  """
  if not jax.tree.leaves(values):
    return
  try:
    jax.eval_shape(run, values)
  except (TypeError, FvizError) as error:  # A tracer where a shape is wanted.
    raise FvizError(
      'A number of these jobs decides a shape (a size, the steps, pixels of '
      'padding), so that they cannot share one compiled program: render those '
      'of equal shapes together; fviz.compare does so by itself.'
    ) from error
