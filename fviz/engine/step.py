"""The step of one job, and what else is computed of one; the loop vmaps them.

Jobs never meet: nothing here knows of a batch or of a device.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax

from fviz import types
from fviz.compiler import rewrite
from fviz.engine.recipe import Recipe, parts_of


class State(NamedTuple):
  """What a job carries from step to step."""

  params: types.PyTree
  optimizer: types.PyTree
  failed: types.Array  # First step that was not finite, or -1.


@dataclasses.dataclass(frozen=True)
class OneJob:
  """The pure functions of one job.

  Attributes:
    recipe_of: numbers -> recipe.
    seen: the network as it is optimized, with its gradients redirected.
    clean: the network as finished images are measured, in float32.
    channels: of the images that the network takes.
  """

  recipe_of: Callable[[types.PyTree], Recipe]
  seen: rewrite.Prepared
  clean: rewrite.Prepared
  channels: int

  def init(self, key: types.Key, numbers: types.PyTree) -> State:
    """The state before the first step."""
    parts = parts_of(self.recipe_of(numbers))
    params = parts.parameterization.init(key)
    return State(params, parts.optimizer.init(params), jnp.int32(-1))

  def renew(self, fresh, key, numbers, state: State) -> State:
    """A new state where the slot has a fresh job, else the old one."""
    new = self.init(key, numbers)
    return jax.tree.map(lambda a, b: jnp.where(fresh, a, b), new, state)

  def images(self, params: types.PyTree, numbers: types.PyTree) -> types.Array:
    """The images [n, h, w, c] of a state."""
    parts = parts_of(self.recipe_of(numbers))
    return parts.parameterization.images(params)

  def score(self, constants, objective, images, numbers) -> types.Array:
    """The objective on finished images, as they are."""

    def see(x):
      opaque = _opaque(x, self.channels)
      return self.clean.apply(constants, opaque, jnp.bool_(0))

    activations = beside(see, images, self.recipe_of(numbers).reference)
    return objective(activations, images)

  def step(
    self, constants, objective, key, numbers, state: State, step: types.Array
  ) -> tuple[State, types.Array]:
    """(next state, objective); a job that failed stands still."""
    recipe = self.recipe_of(numbers)
    parts = parts_of(recipe, step)
    key = jax.random.fold_in(key, step)
    redirect = step < recipe.redirect_steps

    def see(images):
      # One key: whatever is seen beside the images gets the same draws.
      seen = parts.transform(key, images)
      return self.seen.apply(constants, seen, redirect)

    def loss(params):
      images = parts.parameterization.images(params)
      value = objective(beside(see, images, recipe.reference), images)
      penalty = parts.regularizer and parts.regularizer({}, images)
      return -value + (0.0 if penalty is None else penalty), value

    (total, value), gradients = jax.value_and_grad(loss, has_aux=True)(
      state.params
    )
    # The extras are for line searches and for those that weigh pixels by what
    # they contribute.
    updates, optimizer = optax.with_extra_args_support(parts.optimizer).update(
      gradients,
      state.optimizer,
      state.params,
      value=total,
      grad=gradients,
      value_fn=lambda params: loss(params)[0],
    )
    params = optax.apply_updates(state.params, updates)
    finite = jnp.isfinite(total) & _all_finite(params)
    go_on = finite & (state.failed < 0)
    params, optimizer = jax.tree.map(
      lambda new, old: jnp.where(go_on, new, old),
      (params, optimizer),
      (state.params, state.optimizer),
    )
    failed = jnp.where(finite | (state.failed >= 0), state.failed, step)
    return State(params, optimizer, failed), value


def beside(
  see: Callable[[types.Array], Mapping[str, types.Array]],
  images: types.Array,
  reference: types.Array | None,
) -> types.Activations:
  """Activations of the images, and of the reference where there is one."""
  activations = see(images)
  if reference is None:
    return activations
  other = jax.lax.stop_gradient(see(reference))
  named = {types.reference(layer): a for layer, a in other.items()}
  return {**activations, **named, types.reference(): reference}


def _opaque(images: types.Array, channels: int) -> types.Array:
  """Images as the network can see them: an alpha channel goes over grey."""
  if images.shape[-1] != channels + 1:
    return images
  color, alpha = images[..., :-1], images[..., -1:]
  return alpha * color + (1 - alpha) * 0.5


def _all_finite(tree: types.PyTree) -> types.Array:
  return jnp.all(
    jnp.array([jnp.all(jnp.isfinite(x)) for x in jax.tree.leaves(tree)])
  )
