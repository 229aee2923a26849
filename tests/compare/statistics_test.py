"""What many numbers come to, restated in NumPy."""

import numpy as np
import pytest

from fviz.compare import statistics


def test_steps_to_95_percent():
  ramp = np.arange(200.0)
  # Smoothing over 12 steps: the first mean is that of steps 1 to 12.
  smooth = np.array([ramp[i : i + 12].mean() for i in range(189)])
  wanted = np.flatnonzero(
    smooth >= smooth[0] + 0.95 * (smooth[-1] - smooth[0])
  )[0]
  assert statistics.steps_to(ramp) == wanted + 12
  fast = 1 - np.exp(-np.arange(200) / 5)
  slow = 1 - np.exp(-np.arange(200) / 40)
  assert statistics.steps_to(fast) < statistics.steps_to(slow) < 200
  assert statistics.steps_to(np.zeros(50)) == 50
  assert statistics.steps_to(-ramp) == 200
  assert statistics.steps_to([3.0]) == 1


def test_interval():
  values = np.random.default_rng(0).normal(3.0, 2.0, 400)
  mean, low, high = statistics.interval(values)
  assert mean == pytest.approx(values.mean())
  # For many units the bootstrap is the normal approximation.
  half = 1.96 * values.std() / np.sqrt(len(values))
  assert low == pytest.approx(mean - half, abs=0.15 * half)
  assert high == pytest.approx(mean + half, abs=0.15 * half)
  assert statistics.interval([2.0, None, np.nan, 4.0])[0] == 3.0
  assert np.isnan(statistics.interval([None, np.nan])).all()
  assert statistics.interval(values) == statistics.interval(values)
  few = values[:7]
  draws = np.random.default_rng(0).integers(7, size=(2000, 7))
  wanted = np.percentile(few[draws].mean(1), [2.5, 97.5])
  np.testing.assert_allclose(statistics.interval(few)[1:], wanted)
  assert statistics.interval([4.0, None]) == (4.0, 4.0, 4.0)


def test_places():
  values = [[5.0, 1.0, np.nan], [4.0, 2.0, 1.0], [3.0, 2.0, 0.0]]
  np.testing.assert_array_equal(
    statistics.places(values), [[1, 3, 3], [2, 1.5, 1], [3, 1.5, 2]]
  )
  np.testing.assert_array_equal(
    statistics.places(values, -1), [[3, 1, 3], [2, 2.5, 2], [1, 2.5, 1]]
  )
