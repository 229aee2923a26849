import numpy as np
import pytest

from fviz.sweep import shares


@pytest.mark.parametrize('count', [1, 2, 3, 8, 13])
def test_equal_units_are_shared_to_one(count):
  whose = shares.owners(np.ones(100, bool), count)
  sizes = np.bincount(whose, minlength=count)
  assert len(sizes) == count and sizes.max() - sizes.min() <= 1
  assert np.all(np.diff(whose) >= 0)  # Pieces of the row.


def test_finished_units_have_no_owner_and_the_rest_is_shared():
  missing = np.zeros(90, bool)
  missing[60:] = True  # A process was killed.
  whose = shares.owners(missing, 3)
  assert np.all(whose[:60] == shares.DONE)
  assert np.bincount(whose[60:]).tolist() == [10, 10, 10]
  assert np.all(shares.owners(np.zeros(5, bool), 3) == shares.DONE)
  assert shares.owners([], 3).size == 0


def test_unequal_costs_are_balanced():
  rng = np.random.default_rng(0)
  costs = np.repeat(rng.uniform(1, 100, 40), rng.integers(16, 512, 40))
  for count in (2, 8, 64):
    whose = shares.owners(np.ones(len(costs), bool), count, costs)
    loads = np.bincount(whose, costs, count)
    assert loads.mean() / loads.max() > 0.95


def test_fewer_units_than_processes():
  whose = shares.owners([True, True], 5)
  assert len(set(whose.tolist())) == 2
