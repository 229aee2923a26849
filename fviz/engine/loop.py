"""The one loop: batches of jobs, step after step, until all have ended.

A picture depends on its objective, its key and the recipe alone, whatever the
batch, its order, or the number of devices.
"""

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import jax
import numpy as np

from fviz import checks, errors, jax_settings, types
from fviz.compiler import hardware, rewrite
from fviz.engine import dry_runs, fitting, progress_bar, slots
from fviz.engine.jobs import Jobs, jobs_of
from fviz.engine.programs import Programs
from fviz.engine.recipe import Recipe, Recipes
from fviz.engine.step import OneJob

OnStep = Callable[[int], None]  # Called with the steps of the youngest job.
_ignore: OnStep = lambda step: None


class Result(NamedTuple):
  """What a batch of jobs came to.

  Attributes:
    images: [jobs, n, h, w, c] float32 in [0, 1].
    history: [jobs, steps] objective at each step, as the network saw it; after
      a job's end its last value.
    snapshots: [jobs, snapshots, n, h, w, c], the images after each of
      `Recipe.snapshot_steps`.
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


class Engine:
  """A recipe compiled for a network and jobs of one structure.

  Args:
    network: to look into.
    like: jobs; only their structure matters here.
    recipe: how; a function is called with the numbers of each job.
    devices: to share the jobs among; all local ones by default.
  """

  @jax_settings.under_fixed
  def __init__(
    self,
    network: types.Network,
    like: Jobs,
    recipe: Recipes,
    devices: list[types.Device] | None = None,
  ):
    made = recipe if callable(recipe) else lambda numbers: recipe
    first = jax.tree.map(lambda x: x[0], like.numbers)
    layers, channels = like.objective.layers, network.input_channels
    fitting.check_types(network, made(first))
    crop = fitting.crop_for(network, made(first), layers)
    recipe_of = lambda numbers: fitting.cropped(made(numbers), crop)
    self.recipe = recipe_of(first)
    self.devices = devices or jax.local_devices()
    clean, seen = fitting.check(network, self.recipe)
    dry_runs.numbers(lambda n: fitting.check(network, recipe_of(n)), first)
    shape = (*clean.shape[:-1], channels)
    pixels = math.prod(seen.shape[:-1])
    self._most = hardware.largest_batch(self.devices[0], pixels)
    how = self.recipe.precision, self.recipe.remat
    self.job = OneJob(
      recipe_of,
      rewrite.prepare(network, seen.shape, layers, *how),
      rewrite.prepare(network, shape, layers, 'float32'),
      channels,
    )
    marks = (self.recipe.steps, *self.recipe.snapshot_steps)
    marks += (slots.WINDOW,) if self.recipe.tolerance else ()
    chunk = hardware.chunk_length(self.devices[0].platform, marks)
    self.programs = Programs(
      self.job, like, self.devices, chunk, self.recipe.remat
    )

  def batch(self, jobs: int, size: int | str = 'auto') -> int:
    """Jobs at once: as wished, but no more than there are or than pay."""
    if isinstance(size, str):
      return self.largest_batch(jobs)
    many = len(self.devices)
    return hardware.round_up(min(size, jobs, self._most * many), many)

  @jax_settings.under_fixed
  def largest_batch(self, jobs: int) -> int:
    """Jobs at once, from the memory that the compiled step reports."""
    many = len(self.devices)
    batch = hardware.round_up(min(jobs, self._most * many), many)
    budget = hardware.memory_budget(self.devices[0])
    while batch > many:
      used = self.programs.memory(batch)
      if used <= budget:
        break
      self.programs.forget(batch)
      batch = max(many, int(batch * budget / used) // many * many)
    # As many batches, evenly filled: padding costs as much as work.
    return hardware.round_up(-(-jobs // -(-jobs // batch)), many)

  @jax_settings.under_fixed
  def run(
    self, jobs: Jobs, batch: int, on_step: OnStep = _ignore
  ) -> Iterator[tuple[np.ndarray, Result]]:
    """Optimizes any number of jobs, `batch` at once.

    A job that has ended leaves its slot to the next; nothing is compiled anew.

    Args:
      jobs: of the structure that the engine was made for.
      batch: size of the compiled program; fewer jobs are padded.
      on_step: called with the steps that the youngest job has done.

    Yields:
      (positions of the jobs that ended together, their result).
    """
    recipe, programs = self.recipe, self.programs
    place = slots.Slots(
      jobs.number, batch, recipe.steps, recipe.snapshot_steps, recipe.tolerance
    )
    step = programs.step(batch)
    # Placed once: moving hundreds of weights takes longer than a small step.
    (constants,) = hardware.placed(step, 0, self.job.seen.constants)
    current = Jobs(*hardware.placed(step, 1, *jobs.take(place.places())))
    state = programs.init(current.keys, current.numbers)
    # ---------------------------------------------------------- the loop
    while place.busy:
      state, values = step(constants, *current, state, place.step.copy())
      place.advance(values)
      on_step(int(place.step[place.job >= 0].min()))
      if len(marked := place.marked()):
        place.keep(marked, programs.images(state.params, current.numbers))
      if len(ended := place.ended()):
        yield place.job[ended], self._result(place, ended, state, current)
        place.free(ended)
        if (fresh := place.fill()).any():
          current = Jobs(*hardware.placed(step, 1, *jobs.take(place.places())))
          state = programs.renew(fresh, current.keys, current.numbers, state)
    # ------------------------------------------------------------------

  def _result(self, place, ended, state, current: Jobs) -> Result:
    """The result of the jobs in some slots, as they are now."""
    images = self.programs.images(state.params, current.numbers)
    score = self.programs.score(
      self.job.clean.constants, current.objective, images, current.numbers
    )
    take = lambda x: np.asarray(x)[ended]
    images = take(images)
    return Result(
      images=images,
      history=place.history(ended),
      snapshots=place.snapshots(ended, images),
      activation=take(score),
      failed=take(state.failed),
      steps=place.step[ended],
      params=jax.tree.map(take, state.params),
    )


@jax_settings.under_fixed
def batches(
  network: types.Network,
  jobs: Jobs,
  recipe: Recipes,
  batch_size: int | str = 'auto',
  on_step: OnStep = _ignore,
) -> Iterator[tuple[np.ndarray, Result]]:
  """Runs jobs batch by batch, halving the batch when memory runs out.

  Args:
    network: to look into.
    jobs: from `channel_jobs` or `jobs_of`.
    recipe: how.
    batch_size: jobs at once, at most; or 'auto'.
    on_step: progress within a batch.

  Yields:
    (positions of the jobs that ended together, their result); in order where
    no tolerance ends jobs sooner.

  Raises:
    FvizError: one job a device does not fit the memory.
  """
  if batch_size != 'auto':
    checks.check_int("batch_size ('auto', or jobs at once)", batch_size, 1)
  engine = Engine(network, jobs, recipe)
  left, smallest = np.arange(jobs.number), len(engine.devices)
  batch = engine.batch(len(left), batch_size)
  while len(left):
    done = np.array([], int)
    try:
      for where, result in engine.run(jobs.take(left), batch, on_step):
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


@jax_settings.under_fixed
def render(
  network: types.Network,
  objective: types.Objective,
  recipe: Recipe,
  *,
  seed: int = 0,
  variant: int = 0,
  batch_size: int | str = 'auto',
  progress: bool | None = None,
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
    progress: whether to show a bar; by default where somebody looks on, in a
      terminal or a notebook.

  Returns:
    A `Result`: images [jobs, n, h, w, c] in [0, 1], and more.

  Raises:
    FvizError: for unknown layers, channels out of range, wrong sizes.
  """
  fitting.check_types(network, recipe)
  checks.check_seed('seed', seed)
  checks.check_seed('variant', variant)
  jobs = jobs_of(network, objective, seed, variant)
  with progress_bar.of_batches(jobs.number, recipe.steps, progress) as bar:
    parts = batches(network, jobs, recipe, batch_size, bar.on_step)
    where, results = zip(*map(bar.ended, parts), strict=True)
  order = np.argsort(np.concatenate(where))
  return jax.tree.map(lambda *fields: np.concatenate(fields)[order], *results)
