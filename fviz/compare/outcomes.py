"""What each candidate came to, read from its working directory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from fviz import sweep
from fviz.compare import metrics
from fviz.compare.candidates import Candidate
from fviz.compare.judge import Judge
from fviz.runs import finished_units
from fviz.storage import workdir

Values = dict[str, dict[str, list[float]]]  # candidate -> metric -> [units].


class Outcome(NamedTuple):
  """A candidate, its folder, and what the ledger there says of each unit."""

  candidate: Candidate
  folder: workdir.Workdir
  records: Mapping[sweep.Unit, Mapping[str, Any]]

  @property
  def name(self) -> str:
    """The candidate's."""
    return self.candidate.name

  def failed(self, unit: sweep.Unit) -> bool:
    """Whether the unit met a value that was not finite."""
    return finished_units.has_failed(self.records[unit])

  def picture(self, unit: sweep.Unit) -> np.ndarray:
    """The finished picture, uint8 [h, w, c]."""
    return finished_units.picture(self.folder, unit, self.records[unit])

  def snapshots(self, unit: sweep.Unit) -> list[np.ndarray] | list[None]:
    """The pictures at each snapshot, Nones if the unit failed."""
    count = len(self.candidate.recipe.snapshot_steps)
    return finished_units.snapshots(
      self.folder, unit, self.records[unit], count
    )

  def values(self, metric: str, units: Sequence[sweep.Unit]) -> list[float]:
    """[units], NaN where a unit has no such number."""
    found = [self.records[u].get('metrics', {}).get(metric) for u in units]
    return [np.nan if value is None else value for value in found]


def values_of(
  outcomes: Sequence[Outcome], units: Sequence[sweep.Unit], judge: Judge
) -> Values:
  """Every metric of every unit; diversity is measured here, from the PNGs."""
  values = {
    one.name: {name: one.values(name, units) for name in metrics.METRICS}
    for one in outcomes
  }
  for i, unit in enumerate(units):
    fine = [one for one in outcomes if not one.failed(unit)]
    if len(fine) < 2:
      continue
    activations = judge.activations([one.picture(unit) / 255.0 for one in fine])
    for one, value in zip(fine, metrics.diversity(activations), strict=True):
      values[one.name]['diversity'][i] = float(value)
  return values
