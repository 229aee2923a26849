"""The bookkeeping of slots, against a plain loop over jobs."""

import numpy as np
import pytest

from fviz.engine import slots


def _drive(place, value, chunk=1):
  """Runs objective value(job, step): {job: (steps, history, snapshots)}."""
  found = {}
  while place.busy:
    columns = place.step[:, None] + np.arange(chunk)
    place.advance(
      np.array(
        [
          [value(j, s) for s in row]
          for j, row in zip(place.job, columns, strict=True)
        ],
        np.float32,
      )
    )
    if len(marked := place.marked()):
      # A picture that says which job at which step.
      place.keep(marked, np.stack([place.job, place.step], 1))
    if len(ended := place.ended()):
      now = np.stack([place.job, place.step], 1)[ended]
      shots = place.snapshots(ended, now)
      for i, slot in enumerate(ended):
        found[int(place.job[slot])] = (
          int(place.step[slot]),
          place.history(ended)[i],
          shots[i],
        )
      place.free(ended)
      place.fill()
  return found


def _rising_until(job, step):
  """Rises by 1 a step until a step of the job's own, then stays."""
  return min(step, 10 * job) + 1000.0


@pytest.mark.parametrize('chunk', [1, 4])
def test_every_job_runs_once_and_all_its_steps(chunk):
  value = lambda job, step: 100 * job + step
  found = _drive(slots.Slots(7, 3, 8, (4, 8)), value, chunk)
  assert sorted(found) == list(range(7))
  for job, (steps, history, shots) in found.items():
    assert steps == 8
    np.testing.assert_array_equal(history, 100 * job + np.arange(8))
    np.testing.assert_array_equal(shots, [[job, 4], [job, 8]])


def test_a_job_that_rises_no_more_leaves_its_slot():
  place = slots.Slots(12, 4, 256, (64, 256), tolerance=1e-3)
  found = _drive(place, _rising_until)
  assert sorted(found) == list(range(12))
  for job, (steps, history, shots) in found.items():
    values = np.array([_rising_until(job, s) for s in range(256)])
    expected = 256
    for end in range(2 * slots.WINDOW, 256, slots.WINDOW):  # The definition.
      now = values[end - slots.WINDOW : end].mean()
      before = values[end - 2 * slots.WINDOW : end - slots.WINDOW].mean()
      if now - before < 1e-3 * abs(now):
        expected = end
        break
    assert steps == expected
    np.testing.assert_array_equal(history[:steps], values[:steps])
    np.testing.assert_array_equal(history[steps:], values[steps - 1])
    np.testing.assert_array_equal(shots[1], [job, steps])
  assert found[0][0] < found[11][0]


def test_without_tolerance_nothing_waits_for_values():
  class Unready:
    shape = (2, 1)

    def __array__(self, *args, **kwargs):
      raise AssertionError('asked for a value that is under way')

  place = slots.Slots(2, 2, 3)
  for _ in range(2):
    place.advance(Unready())
    assert not len(place.ended())


def test_slots_without_a_job_repeat_another():
  place = slots.Slots(3, 4, 1)
  assert list(place.job) == [0, 1, 2, -1]
  assert list(place.places()) == [0, 1, 2, 2]
