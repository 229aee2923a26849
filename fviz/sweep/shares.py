"""Who renders what: the row of units is cut into shares of about equal cost.

A share is one piece of the row, not every n-th unit, so that a process compiles
few layers.
"""

import numpy as np
from numpy.typing import ArrayLike

DONE = -1  # The owner of a unit that is finished.


def owners(
  missing: ArrayLike, count: int, costs: ArrayLike | None = None
) -> np.ndarray:
  """Which process renders each unit.

  Args:
    missing: [units] booleans, in the order of the work.
    count: of processes.
    costs: [units] above 0, in any unit of time; all alike by default.

  Returns:
    [units] int32, `DONE` where nothing is missing.

  >>> owners([True, True, False, True, True], 2).tolist()
  [0, 0, -1, 1, 1]
  >>> owners([True, True, True], 2, [1.0, 1.0, 2.0]).tolist()
  [0, 0, 1]
  """
  missing = np.asarray(missing, bool)
  costs = np.ones(len(missing)) if costs is None else np.asarray(costs, float)
  costs = np.where(missing, costs, 0.0)
  # A unit goes where its middle lies.
  middle = np.cumsum(costs) - costs / 2
  place = middle * count / max(costs.sum(), np.finfo(float).tiny)
  whose = np.minimum(place.astype(np.int32), count - 1)
  return np.where(missing, whose, DONE).astype(np.int32)
