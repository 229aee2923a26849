"""The units that one layer still lacks, rendered batch by batch."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from fviz import engine
from fviz.sweep import preemption
from fviz.sweep.sweep_plan import SweepPlan
from fviz.sweep.units import Unit


class Batch(NamedTuple):
  """Units that were finished together.

  Attributes:
    units: as many as the result has jobs.
    result: of the engine.
    seconds: since the batch before.
  """

  units: list[Unit]
  result: engine.Result
  seconds: float


def batches(
  plan: SweepPlan, units: Sequence[Unit], stop: preemption.Stop
) -> Iterator[Batch]:
  """Renders units of one layer and shows a bar of the progress.

  Args:
    plan: of the sweep.
    units: of one layer, all to be rendered.
    stop: asked before each batch whether to leave the rest.
  """
  if not units or stop():
    return
  layer = units[0][0]
  channels = np.array([unit[1] for unit in units])
  variants = np.array([unit[2] for unit in units])
  keys = engine.job_keys(plan.seed, channels, variants)
  jobs = engine.channel_jobs(plan.network, layer, channels, keys)
  steps = plan.recipe.steps
  every = max(1, steps // 8)
  with tqdm(
    total=len(units), unit='unit', desc=layer, dynamic_ncols=True
  ) as bar:

    def on_step(step: int) -> None:
      if step % every == 0:
        bar.set_postfix_str(f'step {step}/{steps}')

    begin = time.monotonic()
    for where, result in engine.batches(
      plan.network, jobs, plan.recipe, plan.batch_size, on_step
    ):
      seconds, begin = time.monotonic() - begin, time.monotonic()
      yield Batch([units[i] for i in where], result, seconds)
      bar.update(len(where))
      if stop():
        return
