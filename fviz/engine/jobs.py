"""Jobs: which objectives are optimized, from which keys. All lists start here.

A job's key is folded from the seed, its unit and its variant: from what the job
is, and not from where it stands in a list.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from fviz import jax_settings, objectives, types


class Jobs(NamedTuple):
  """Jobs that one compiled program can do.

  Attributes:
    objective: bound to the network and batched: leaves [jobs, ...].
    keys: [jobs].
    numbers: what recipes that are functions of numbers take: leaves [jobs].
  """

  objective: types.Objective
  keys: types.Key
  numbers: types.PyTree = ()

  @property
  def number(self) -> int:
    """How many jobs there are."""
    return self.keys.shape[0]

  def take(self, positions: ArrayLike) -> Jobs:
    """The jobs at some positions."""
    where = np.asarray(positions)
    return jax.tree.map(lambda x: jnp.asarray(x)[where], self)


@jax_settings.under_fixed
def job_keys(seed: int, units: ArrayLike, variants: ArrayLike) -> types.Key:
  """A key for each job.

  Args:
    seed: of the run.
    units: [jobs] what names each job's unit: the channel where there is one.
    variants: [jobs] which of the unit's pictures it is.
  """
  one = lambda u, v: jax.random.fold_in(
    jax.random.fold_in(jax.random.key(seed), u), v
  )
  return jax.vmap(one)(jnp.asarray(units), jnp.asarray(variants))


@jax_settings.under_fixed
def channel_jobs(
  network: types.Network,
  layer: str,
  channels: ArrayLike,
  keys: types.Key,
  numbers: types.PyTree = (),
) -> Jobs:
  """A job for each of the channels [jobs] of a layer, with keys [jobs].

  Raises:
    FvizError: for an unknown layer or channels out of range.
  """
  objective = objectives.channel(layer, jnp.asarray(channels))
  _, objective = objectives.batch(objectives.bind(objective, network))
  return Jobs(objective, keys, jax.tree.map(jnp.asarray, numbers))


@jax_settings.under_fixed
def jobs_of(
  network: types.Network,
  objective: types.Objective,
  seed: int = 0,
  variants: ArrayLike = 0,
) -> Jobs:
  """Every objective in every variant; the variants of a unit stand together.

  Args:
    network: to look into.
    objective: one, or many at once: leaves with a leading axis.
    seed: of all randomness.
    variants: the numbers of the pictures of each unit.

  Raises:
    FvizError: for unknown layers, or channels out of range.
  """
  many, objective = objectives.batch(objectives.bind(objective, network))
  if many is None:
    objective = jax.tree.map(lambda x: jnp.asarray(x)[None], objective)
  names = units(objective, many or 1)
  variants = np.atleast_1d(variants)
  repeat = lambda x: jnp.repeat(jnp.asarray(x), len(variants), axis=0)
  keys = job_keys(
    seed, np.repeat(names, len(variants)), np.tile(variants, len(names))
  )
  return Jobs(jax.tree.map(repeat, objective), keys)


def units(objective: types.Objective, jobs: int) -> np.ndarray:
  """What names each job: its channel where there is one, else its position."""
  for leaf in objective.leaves:
    if leaf.kind in (types.Kind.INDEX, types.Kind.LABEL):
      return np.asarray(leaf.value)
    if leaf.kind is types.Kind.OBJECTIVE:
      return units(leaf.value, jobs)
  return np.arange(jobs)
