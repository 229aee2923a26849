"""Recipes: all about a picture but the network, the objective and the seed."""

import dataclasses
from collections.abc import Callable
from typing import Any, Generic, NamedTuple, TypeVar

import jax
import jax.numpy as jnp
import optax

from fviz import jax_settings, types
from fviz.compiler import precisions

T = TypeVar('T')
Optimizer = optax.GradientTransformation


@dataclasses.dataclass(frozen=True)
class Scheduled(Generic[T]):
  """A field of a recipe whose numbers follow schedules.

  Attributes:
    value: step (int32 scalar, traced) -> the field as of that step. Any number
      that shapes nothing may depend on the step; all else must not.
  """

  value: Callable[[types.Array], T]


def _unchanged(key: types.Key, images: types.Array) -> types.Array:
  del key  # Unused.
  return images


@dataclasses.dataclass(frozen=True)
class Recipe:
  """How an objective becomes a picture; plain data.

  The first four fields may each be a `Scheduled` instead, on its own.

  Attributes:
    parameterization: what is optimized, and how it becomes images.
    optimizer: any optax transformation; it minimizes.
    transform: (key, images) -> images, what the network sees at a step.
    regularizer: a penalty that is subtracted from the objective, or None.
    steps: how many.
    redirect_steps: for so many steps dead ReLUs redirect their gradients.
    snapshot_steps: after which steps to keep the images; the images after the
      last step are always kept.
    tolerance: a job ends sooner when its objective's mean over 32 steps is
      above that of the 32 before by less than this share; 0 means never.
    reference: images [n, h, w, c] in [0, 1] that go through the transforms with
      the same draws; objectives read them as `types.reference(layer)`.
    precision: what the network is computed in, see `fviz.compiler.precisions`.
      The activation of finished images is always measured in float32.
    remat: whether to compute activations again for the gradient, where that
      saves memory; see `fviz.compiler.rematerialization`.
  """

  parameterization: types.Parameterization | Scheduled[types.Parameterization]
  optimizer: Optimizer | Scheduled[Optimizer]
  transform: types.Transform | Scheduled[types.Transform] = _unchanged
  regularizer: types.Objective | Scheduled[types.Objective] | None = None
  steps: int = 256
  redirect_steps: int = 16  # lucid's
  snapshot_steps: tuple[int, ...] = ()
  tolerance: float = 0.0
  reference: types.Array | None = None
  precision: str = precisions.DEFAULT
  remat: bool = False


# A recipe, or a function of a job's numbers (learning rate, weights, ...) that
# makes one of the same shapes: jobs of many recipes in one compiled program.
Recipes = Recipe | Callable[[types.PyTree], Recipe]


class Parts(NamedTuple):
  """The parts of a recipe as of one step: schedules have become numbers."""

  parameterization: types.Parameterization
  optimizer: Optimizer
  transform: types.Transform
  regularizer: types.Objective | None


def parts_of(recipe: Recipe, step: int | types.Array = 0) -> Parts:
  """The parts of a recipe at a step; the first step is 0.

  >>> from fviz import recipes
  >>> rate = Scheduled(lambda step: optax.sgd(0.1 / (1 + step)))
  >>> recipe = dataclasses.replace(recipes.lucid(16), optimizer=rate)
  >>> print(parts_of(recipe, 1).optimizer.update(jnp.ones(1), ((), ()))[0])
  [-0.05]
  """
  fields = (getattr(recipe, name) for name in Parts._fields)
  return Parts(*(_at(field, jnp.int32(step)) for field in fields))


def scheduled(make: Callable[[types.Array], Recipe]) -> Recipe:
  """A recipe all of whose parts follow schedules.

  Args:
    make: step (int32 scalar, traced) -> recipe; see `Scheduled`.

  >>> from fviz import recipes
  >>> rate = lambda step: 1 / (1 + step)
  >>> scheduled(lambda k: recipes.lucid(16, learning_rate=rate(k))).steps
  512
  """
  first = make(jnp.int32(0))
  fields = [f for f in Parts._fields if getattr(first, f) is not None]
  part = lambda field: Scheduled(lambda step: getattr(make(step), field))
  return dataclasses.replace(first, **{f: part(f) for f in fields})


@jax_settings.under_fixed
def image_count(recipe: Recipe) -> int:
  """Images a job, without any work.

  >>> from fviz import recipes
  >>> image_count(recipes.lucid(16, n=4))
  4
  """
  one = parts_of(recipe).parameterization
  shape = jax.eval_shape(
    lambda key: one.images(one.init(key)), jax.random.key(0)
  )
  return shape.shape[0]


def _at(field: Any, step: types.Array) -> Any:
  return field.value(step) if isinstance(field, Scheduled) else field
