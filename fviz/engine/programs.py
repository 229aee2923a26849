"""The functions of one job, vmapped over a batch, shared and compiled."""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from fviz import types
from fviz.compiler import hardware, rematerialization
from fviz.engine.jobs import Jobs
from fviz.engine.step import OneJob


class Programs:
  """What the loop calls, for batches of any size on some devices.

  `init`, `renew`, `images` and `score` are those of `OneJob`, with an axis of
  jobs; `compilations` counts the steps compiled, one for each size of a batch.

  Args:
    job: the functions of one job.
    like: jobs of the structure that is compiled; their values are not used.
    devices: to share the jobs among.
    chunk: steps in one dispatch.
    remat: whether the step is compiled to use little memory.
  """

  def __init__(
    self,
    job: OneJob,
    like: Jobs,
    devices: list[types.Device],
    chunk: int,
    remat: bool = False,
  ):
    self._job, self._like, self._devices = job, like, devices
    self._remat, self._steps = remat, {}
    self.chunk, self.compilations = chunk, 0
    self.init = self._batched(job.init, 2)
    self.renew = self._batched(job.renew, 4)
    self.images = self._batched(job.images, 2)
    self.score = self._batched(job.score, 3, weights=True)

  def step(self, batch: int) -> Any:
    """The compiled step of a batch: one compilation a static shape.

    It takes (constants, objective, keys, numbers, states, step [batch]) and
    returns (states, objectives [batch, chunk]); the states are donated.
    """
    if batch not in self._steps:
      self.compilations += 1
      lowered, late = self._lowered(batch), rematerialization.compiled
      made = late(lowered) if self._remat else lowered.compile()
      self._steps[batch] = made
    return self._steps[batch]

  def forget(self, batch: int) -> None:
    """Gives the memory of a batch's compiled step back."""
    del self._steps[batch]

  def memory(self, batch: int) -> int:
    """Bytes that the step of a batch needs on one device, with the weights."""
    return hardware.bytes_used(self.step(batch))

  def _lowered(self, batch: int) -> Any:
    jobs = jax.tree.map(lambda x: _filled(x, batch), self._like)
    state = jax.eval_shape(jax.vmap(self._job.init), jobs.keys, jobs.numbers)
    function = hardware.shared(self._chunk_of_steps, self._devices, 5, True)
    sharding = hardware.sharding(self._devices)
    steps = jax.ShapeDtypeStruct((batch,), jnp.int32)
    state, steps = jax.tree.map(
      lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=sharding),
      (state, steps),
    )
    return jax.jit(function, donate_argnums=4).lower(
      self._job.seen.constants, *jobs, state, steps
    )

  def _chunk_of_steps(self, constants, objective, keys, numbers, state, start):
    many = jax.vmap(self._job.step, (None, 0, 0, 0, 0, 0))
    step = functools.partial(many, constants, objective, keys, numbers)
    if self.chunk == 1:
      state, value = step(state, start)
      return state, value[:, None]
    body = lambda state, i: step(state, start + i)
    state, values = jax.lax.scan(body, state, jnp.arange(self.chunk))
    return state, values.T

  def _batched(
    self, function: Callable, arguments: int, weights: bool = False
  ) -> Callable:
    axes = (None,) * weights + (0,) * arguments
    function = jax.vmap(function, axes)
    return jax.jit(hardware.shared(function, self._devices, arguments, weights))


def _filled(x: types.Array, batch: int) -> types.Array:
  """The first jobs of a batch; the last one again until it is full."""
  missing = batch - x.shape[0]
  if missing < 0:
    return x[:batch]
  return jnp.concatenate([x, jnp.repeat(x[-1:], missing, axis=0)])
