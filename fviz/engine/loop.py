"""The optimization: one step for one job, vmapped over jobs, one loop.

A job is an objective and a key; it renders n >= 1 images. Jobs never meet:
a picture depends on its objective, its key and the recipe alone, whatever the
batch, its order, or the number of devices.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from fviz import errors, objectives, types
from fviz.compiler import hardware, precisions, rematerialization, rewrite
from fviz.engine import dry_runs, slots


@dataclasses.dataclass(frozen=True)
class Recipe:
  """Everything but the network, the objective and the seed.

  Attributes:
    parameterization: what is optimized, and how it becomes images.
    optimizer: any optax transformation; it minimizes.
    transform: (key, images) -> images, what the network sees at a step.
    regularizer: a penalty that is subtracted from the objective, or None.
    steps: how many.
    redirect_steps: for so many steps dead ReLUs redirect their gradients.
    snapshots: after which steps to keep the images; the last is always kept.
    tolerance: a job ends sooner when its objective's mean over 32 steps is
      above that of the 32 before by less than this share; 0: never.
    reference: images [n, h, w, c] in [0, 1] that go through the transforms with
      the same draws; objectives read them as `types.reference(layer)`.
    at: the recipe as of a step, where its numbers follow schedules; see
      `scheduled`.
    precision: what the network is computed in, see `fviz.compiler.precisions`; the
      activation of finished images is always measured in float32.
    remat: whether to compute activations again for the gradient, where that
      saves memory; see `fviz.compiler.rematerialization`.
  """

  parameterization: types.Parameterization
  optimizer: optax.GradientTransformation
  transform: types.Transform = lambda key, images: images
  regularizer: types.Objective | None = None
  steps: int = 256
  redirect_steps: int = 16  # lucid's
  snapshots: tuple[int, ...] = ()
  tolerance: float = 0.0
  reference: types.Array | None = None
  at: Callable[[types.Array], Recipe] | None = None
  precision: str = precisions.DEFAULT
  remat: bool = False


def scheduled(make: Callable[[types.Array], Recipe]) -> Recipe:
  """A recipe whose numbers follow schedules.

  Args:
    make: step (int32 scalar, traced) -> recipe; any number that shapes nothing
      may depend on the step, all else must not.

  >>> from fviz import recipes, transforms
  >>> noisy = lambda step: dataclasses.replace(
  ...   recipes.lucid(16), transform=transforms.noise(0.1 / (1 + step)))
  >>> scheduled(noisy).steps
  512
  """
  return dataclasses.replace(make(jnp.int32(0)), at=make)


# A recipe, or a function of a job's numbers (learning rate, weights, ...) that
# makes one of the same shapes: jobs of many recipes in one compiled program.
Recipes = Recipe | Callable[[types.PyTree], Recipe]


class State(NamedTuple):
  """What a job carries from step to step."""

  params: types.PyTree
  optimizer: types.PyTree
  failed: types.Array  # First step that was not finite, or -1.


class Result(NamedTuple):
  """What a batch of jobs came to.

  Attributes:
    images: [jobs, n, h, w, c] float32 in [0, 1].
    history: [jobs, steps] objective at each step, as the network saw it; after
      a job's end its last value.
    snapshots: [jobs, snapshots, n, h, w, c] after each of Recipe.snapshots.
    activation: [jobs] the objective on the finished, untransformed images.
    failed: [jobs] first step with a non-finite value, or -1.
    steps: [jobs] steps done, fewer than the recipe's where its tolerance ended
      the job.
    params: what was optimized, leaves [jobs, ...]; a CPPN's can be drawn at
      other sizes.
  """

  images: np.ndarray
  history: np.ndarray
  snapshots: np.ndarray
  activation: np.ndarray
  failed: np.ndarray
  steps: np.ndarray
  params: types.PyTree


def job_keys(seed: int, units: np.ndarray, variants: np.ndarray) -> types.Key:
  """One key a job, from what the job is and not from where it stands."""
  one = lambda u, v: jax.random.fold_in(
    jax.random.fold_in(jax.random.key(seed), u), v
  )
  return jax.vmap(one)(jnp.asarray(units), jnp.asarray(variants))


def check(
  network: types.Network, recipe: Recipe
) -> tuple[jax.ShapeDtypeStruct, jax.ShapeDtypeStruct]:
  """Shapes of a job's images, and as the network sees them, without work.

  Raises:
    FvizError: where transforms do not fit the size, channels the network, or
      numbers the optimizer, or there is no such precision.
  """
  precisions.check(recipe.precision)
  params = jax.eval_shape(recipe.parameterization.init, jax.random.key(0))
  clean = jax.eval_shape(recipe.parameterization.images, params)
  seen = jax.eval_shape(recipe.transform, jax.random.key(0), clean)
  if seen.shape[-1] != network.input_channels:
    raise errors.FvizError(
      f'{network.name} takes images of {network.input_channels} channels, the '
      f'recipe makes {seen.shape[-1]}: give channels={network.input_channels}.'
    )
  dry_runs.optimizer(recipe.optimizer, params)
  return clean, seen


class Engine:
  """A recipe compiled for a network and objectives of one structure.

  Args:
    network: to look into.
    objective: bound and batched (leaves [jobs, ...]); only its structure
      matters here.
    recipe: how; a function is called with the numbers of each job.
    devices: to share the jobs among; all local ones by default.
    numbers: what a function of numbers takes, leaves [jobs]; as for the
      objective, only the structure matters here.
  """

  def __init__(
    self,
    network: types.Network,
    objective: types.Objective,
    recipe: Recipes,
    devices: list[jax.Device] | None = None,
    numbers: types.PyTree = (),
  ):
    self._recipe_of = recipe if callable(recipe) else lambda numbers: recipe
    first = jax.tree.map(lambda x: x[0], numbers)
    recipe = self._recipe_of(first)
    self.recipe, self.compilations = recipe, 0
    self.devices = devices or jax.local_devices()
    clean, seen = check(network, recipe)
    dry_runs.numbers(lambda n: check(network, self._recipe_of(n)), first)
    layers, self._channels = objective.layers, network.input_channels
    shape = (*clean.shape[:-1], self._channels)
    pixels = math.prod(seen.shape[:-1])
    self._most = hardware.largest_batch(self.devices[0], pixels)
    how = recipe.precision, recipe.remat
    self._seen = rewrite.prepare(network, seen.shape, layers, *how)
    self._clean = rewrite.prepare(network, shape, layers, 'float32')
    self._like = objective, numbers
    self._programs: dict[int, Any] = {}
    marks = (recipe.steps, *recipe.snapshots)
    marks += (slots.WINDOW,) if recipe.tolerance else ()
    self._chunk = hardware.chunk_length(self.devices[0].platform, marks)
    self._init = self._batched(self._init_job, 2)
    self._renew = self._batched(self._renew_job, 4)
    self._images = self._batched(self._images_job, 2)
    self._score = self._batched(self._score_job, 3, weights=True)

  def batch(self, jobs: int, size: int | str = 'auto') -> int:
    """Jobs at once: as wished, but no more than there are or than pay."""
    if size == 'auto':
      return self.largest_batch(jobs)
    many = len(self.devices)
    return hardware.round_up(min(size, jobs, self._most * many), many)

  def largest_batch(self, jobs: int) -> int:
    """Jobs at once, from the memory that the compiled step reports."""
    many = len(self.devices)
    batch = hardware.round_up(min(jobs, self._most * many), many)
    budget = hardware.memory_budget(self.devices[0])
    while batch > many:
      used = self.memory(batch)
      if used <= budget:
        break
      del self._programs[batch]
      batch = max(many, int(batch * budget / used) // many * many)
    # As many batches, evenly filled: padding costs as much as work.
    return hardware.round_up(-(-jobs // -(-jobs // batch)), many)

  def memory(self, batch: int) -> int:
    """Bytes the step of a batch needs on one device, weights included."""
    return hardware.bytes_used(self._program(batch))

  def run(
    self,
    objective: types.Objective,
    keys: types.Key,
    batch: int,
    on_step: Callable[[int], None] = lambda step: None,
    numbers: types.PyTree = (),
  ) -> Iterator[tuple[np.ndarray, Result]]:
    """Optimizes any number of jobs, `batch` at once.

    A job that has ended leaves its slot to the next; nothing is compiled anew.

    Args:
      objective: leaves [jobs, ...].
      keys: [jobs].
      batch: size of the compiled program; fewer jobs are padded.
      on_step: called with the steps that the youngest job has done.
      numbers: of the recipes, leaves [jobs].

    Yields:
      (positions of the jobs that ended together, their result).
    """
    recipe, jobs = self.recipe, (objective, keys, numbers)
    place = slots.Slots(
      keys.shape[0], batch, recipe.steps, recipe.snapshots, recipe.tolerance
    )
    program = self._program(batch)
    # Placed once: moving hundreds of weights takes longer than a small step.
    (constants,) = hardware.placed(program, 0, self._seen.constants)
    current = hardware.placed(program, 1, *_taken(jobs, place.places()))
    state = self._init(*current[1:])
    # ---------------------------------------------------------- the loop
    while place.busy:
      state, values = program(constants, *current, state, place.step.copy())
      place.advance(values)
      on_step(int(place.step[place.job >= 0].min()))
      if len(marked := place.marked()):
        place.keep(marked, self._images(state.params, current[2]))
      if len(ended := place.ended()):
        yield self._result(place, ended, state, current)
        place.free(ended)
        if (fresh := place.fill()).any():
          current = hardware.placed(program, 1, *_taken(jobs, place.places()))
          state = self._renew(fresh, *current[1:], state)
    # ------------------------------------------------------------------

  def _result(self, place, ended, state, current):
    """(positions, result) of the jobs in some slots, as they are now."""
    objective, _, numbers = current
    images = self._images(state.params, numbers)
    score = self._score(self._clean.constants, objective, images, numbers)
    take = lambda x: np.asarray(x)[ended]
    images = take(images)
    return place.job[ended], Result(
      images=images,
      history=place.history(ended),
      snapshots=place.snapshots(ended, images),
      activation=take(score),
      failed=take(state.failed),
      steps=place.step[ended],
      params=jax.tree.map(take, state.params),
    )

  def _init_job(self, key, numbers):
    recipe = self._recipe_of(numbers)
    params = recipe.parameterization.init(key)
    return State(params, recipe.optimizer.init(params), jnp.int32(-1))

  def _renew_job(self, fresh, key, numbers, state):
    """A new state where the slot has a fresh job."""
    new = self._init_job(key, numbers)
    return jax.tree.map(lambda a, b: jnp.where(fresh, a, b), new, state)

  def _opaque(self, images):
    """Images as the network can see them: an alpha channel goes over grey."""
    if images.shape[-1] != self._channels + 1:
      return images
    color, alpha = images[..., :-1], images[..., -1:]
    return alpha * color + (1 - alpha) * 0.5

  def _images_job(self, params, numbers):
    return self._recipe_of(numbers).parameterization.images(params)

  def _score_job(self, constants, objective, images, numbers):
    see = lambda x: self._clean.apply(constants, self._opaque(x), jnp.bool_(0))
    activations = beside(see, images, self._recipe_of(numbers).reference)
    return objective(activations, images)

  def _step_job(self, constants, objective, key, numbers, state, step):
    """One step of one job; a job that failed stands still."""
    recipe = self._recipe_of(numbers)
    if recipe.at:
      recipe = dataclasses.replace(recipe.at(step), reference=recipe.reference)
    key = jax.random.fold_in(key, step)
    redirect = step < recipe.redirect_steps

    def see(images):
      # One key: whatever is seen beside the images gets the same draws.
      seen = recipe.transform(key, images)
      return self._seen.apply(constants, seen, redirect)

    def loss(params):
      images = recipe.parameterization.images(params)
      value = objective(beside(see, images, recipe.reference), images)
      penalty = recipe.regularizer and recipe.regularizer({}, images)
      return -value + (0.0 if penalty is None else penalty), value

    (total, value), gradients = jax.value_and_grad(loss, has_aux=True)(
      state.params
    )
    # The extras are for line searches and for those that weigh pixels by what
    # they contribute.
    updates, optimizer = optax.with_extra_args_support(recipe.optimizer).update(
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

  def _chunk_of_steps(self, constants, objective, keys, numbers, state, start):
    many = jax.vmap(self._step_job, (None, 0, 0, 0, 0, 0))
    step = functools.partial(many, constants, objective, keys, numbers)
    if self._chunk == 1:
      state, value = step(state, start)
      return state, value[:, None]
    body = lambda state, i: step(state, start + i)
    state, values = jax.lax.scan(body, state, jnp.arange(self._chunk))
    return state, values.T

  def _program(self, batch):
    """The compiled step of a batch: one compilation a static shape."""
    if batch not in self._programs:
      self.compilations += 1
      keys = _fill(job_keys(0, np.zeros(1, int), np.zeros(1, int)), batch)
      objective, numbers = jax.tree.map(lambda x: _fill(x, batch), self._like)
      state = jax.eval_shape(jax.vmap(self._init_job), keys, numbers)
      function = hardware.shared(self._chunk_of_steps, self.devices, 5, True)
      sharding = hardware.sharding(self.devices)
      steps = jax.ShapeDtypeStruct((batch,), jnp.int32)
      state, steps = jax.tree.map(
        lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=sharding),
        (state, steps),
      )
      lowered = jax.jit(function, donate_argnums=4).lower(
        self._seen.constants, objective, keys, numbers, state, steps
      )
      late = self.recipe.remat
      self._programs[batch] = (
        rematerialization.compiled(lowered) if late else lowered.compile()
      )
    return self._programs[batch]

  def _batched(self, function, arguments, weights=False):
    axes = (None,) * weights + (0,) * arguments
    function = jax.vmap(function, axes)
    return jax.jit(hardware.shared(function, self.devices, arguments, weights))


def _taken(jobs, places):
  return jax.tree.map(lambda x: jnp.asarray(x)[places], jobs)


def batches(
  network: types.Network,
  objective: types.Objective,
  keys: types.Key,
  recipe: Recipes,
  batch_size: int | str = 'auto',
  on_step: Callable[[int], None] = lambda step: None,
  numbers: types.PyTree = (),
) -> Iterator[tuple[np.ndarray, Result]]:
  """Runs jobs batch by batch, halving the batch when memory runs out.

  Args:
    network: to look into.
    objective: bound and batched: leaves [jobs, ...].
    keys: [jobs].
    recipe: how.
    batch_size: jobs at once, at most; or 'auto'.
    on_step: progress within a batch.
    numbers: of the recipes where `recipe` is a function: leaves [jobs].

  Yields:
    (positions of the jobs that ended together, their result); in order where
    no tolerance ends jobs sooner.

  Raises:
    FvizError: one job a device does not fit the memory.
  """
  numbers = jax.tree.map(jnp.asarray, numbers)
  engine = Engine(network, objective, recipe, numbers=numbers)
  left, smallest = np.arange(keys.shape[0]), len(engine.devices)
  batch = engine.batch(len(left), batch_size)
  while len(left):
    some, k, n = _taken((objective, keys, numbers), left)
    done = np.array([], int)
    try:
      for where, result in engine.run(some, k, batch, on_step, n):
        yield left[where], result
        done = np.append(done, where)
    except (jax.errors.JaxRuntimeError, MemoryError) as error:
      if not hardware.is_out_of_memory(error):
        raise
      if batch <= smallest:
        raise errors.FvizError(
          'The memory is full with one picture a device. Make it smaller '
          '(size), look into a lower layer, or free some memory.'
        ) from error
      batch = hardware.round_up(batch // 2, smallest)
    left = np.delete(left, done)


def render(
  network: types.Network,
  objective: types.Objective,
  recipe: Recipe,
  *,
  seed: int = 0,
  variant: int = 0,
  batch_size: int | str = 'auto',
) -> Result:
  """Pictures of what an objective likes.

  Args:
    network: from `fviz.models.load` or `fviz.networks`.
    objective: one, or many at once: leaves with a leading axis of jobs, as in
      `channel('mixed3', jnp.arange(64))`.
    recipe: from `fviz.recipes`.
    seed: of all randomness.
    variant: another picture of the same unit.
    batch_size: jobs at once, at most: more than keep a CPU busy only slow it
      down. 'auto' asks the compiled program's memory.

  Returns:
    A `Result`: images [jobs, n, h, w, c] in [0, 1], and more.

  Raises:
    FvizError: for unknown layers, channels out of range, wrong sizes.
  """
  jobs, objective = objectives.batch(objectives.bind(objective, network))
  if jobs is None:
    objective = jax.tree.map(lambda x: jnp.asarray(x)[None], objective)
    jobs = 1
  keys = job_keys(seed, units(objective, jobs), np.full(jobs, variant))
  where, parts = zip(
    *batches(network, objective, keys, recipe, batch_size), strict=True
  )
  order = np.argsort(np.concatenate(where))
  return jax.tree.map(lambda *fields: np.concatenate(fields)[order], *parts)


def units(objective, jobs: int) -> np.ndarray:
  """What names a job: its channel where there is one, else its position."""
  for leaf in objective.leaves:
    if leaf.kind in (types.Kind.INDEX, types.Kind.LABEL):
      return np.asarray(leaf.value)
    if leaf.kind is types.Kind.OBJECTIVE:
      return units(leaf.value, jobs)
  return np.arange(jobs)


def beside(see, images, reference):
  """Activations of the images, and of the reference where there is one."""
  activations = see(images)
  if reference is None:
    return activations
  other = jax.lax.stop_gradient(see(reference))
  named = {types.reference(layer): a for layer, a in other.items()}
  return {**activations, **named, types.reference(): reference}


def _all_finite(tree):
  return jnp.all(
    jnp.array([jnp.all(jnp.isfinite(x)) for x in jax.tree.leaves(tree)])
  )


def _fill(x, batch):
  """Repeats the last job until the batch is full."""
  missing = batch - x.shape[0]
  if missing < 0:
    return x[:batch]
  return jnp.concatenate([x, jnp.repeat(x[-1:], missing, axis=0)])
