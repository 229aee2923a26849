"""What many numbers come to, over units and candidates, restated in NumPy."""

import numpy as np
import pytest

from fviz.compare import ranking


def test_interval():
  values = np.random.default_rng(0).normal(3.0, 2.0, 400)
  mean, low, high = ranking.interval(values)
  assert mean == pytest.approx(values.mean())
  # For many units the bootstrap is the normal approximation.
  half = 1.96 * values.std() / np.sqrt(len(values))
  assert low == pytest.approx(mean - half, abs=0.15 * half)
  assert high == pytest.approx(mean + half, abs=0.15 * half)
  assert ranking.interval([2.0, None, np.nan, 4.0])[0] == 3.0
  assert np.isnan(ranking.interval([None, np.nan])).all()
  assert ranking.interval(values) == ranking.interval(values)
  few = values[:7]
  draws = np.random.default_rng(0).integers(7, size=(2000, 7))
  wanted = np.percentile(few[draws].mean(1), [2.5, 97.5])
  np.testing.assert_allclose(ranking.interval(few)[1:], wanted)
  assert ranking.interval([4.0, None]) == (4.0, 4.0, 4.0)


def test_places():
  values = [[5.0, 1.0, np.nan], [4.0, 2.0, 1.0], [3.0, 2.0, 0.0]]
  np.testing.assert_array_equal(
    ranking.places(values), [[1, 3, 3], [2, 1.5, 1], [3, 1.5, 2]]
  )
  np.testing.assert_array_equal(
    ranking.places(values, -1), [[3, 1, 3], [2, 2.5, 2], [1, 2.5, 1]]
  )
