"""What many numbers come to: over steps, over candidates, over units."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

_LEVEL = 0.95  # Of confidence intervals.


def steps_to(history: ArrayLike, share: float = 0.95) -> int:
  """Gradient evaluations until the objective is near its final value.

  The history is smoothed by a running mean over 1/16 of the steps; the answer
  is the first step at start + share (final - start) or above. It is the number
  of all steps where the objective did not rise.

  Args:
    history: [steps], the objective at each step.
    share: of the way from the first to the last value.

  >>> steps_to([0., 4., 8., 9., 10., 10.])
  5
  """
  x = np.asarray(history, np.float64)
  width = max(1, len(x) // 16)
  smooth = np.convolve(x, np.ones(width) / width, 'valid')
  start, final = smooth[0], smooth[-1]
  if not final > start:
    return len(x)
  return int(np.argmax(smooth >= start + share * (final - start))) + width


def places(values: ArrayLike, better: int = 1) -> np.ndarray:
  """Ranks of the candidates on each unit, 1 = best, ties at their mean.

  Args:
    values: [candidates, units]; what is not finite comes last.
    better: 1 if more is better, -1 if less.

  Returns:
    [candidates, units].

  >>> print(places([[1.], [3.], [3.], [np.nan]]).T)
  [[3.  1.5 1.5 4. ]]
  """
  from scipy import stats  # Here, as it would slow down `import fviz`.

  x = np.asarray(values, np.float64)
  worse = np.where(np.isfinite(x), -better * x, np.inf)
  return stats.rankdata(worse, axis=0)


def interval(
  values: Iterable[float | None], resamples: int = 2000
) -> tuple[float, float, float]:
  """Mean and 95 % bootstrap interval (percentiles) over units.

  Deterministic. Values that are None or not finite are left out; all three
  numbers are NaN where none is left.

  Args:
    values: [units].
    resamples: how often units are drawn with replacement.

  Returns:
    (mean, low, high).

  >>> interval([1., 1.])
  (1.0, 1.0, 1.0)
  """
  from scipy import stats  # As above.

  x = np.array([v for v in values if v is not None], np.float64)
  x = x[np.isfinite(x)]
  if len(x) < 2:  # Nothing to draw from.
    one = float(x[0]) if len(x) else float('nan')
    return one, one, one
  low, high = stats.bootstrap(
    (x,),
    np.mean,
    n_resamples=resamples,
    confidence_level=_LEVEL,
    method='percentile',
    rng=np.random.default_rng(0),
  ).confidence_interval
  return float(x.mean()), float(low), float(high)
