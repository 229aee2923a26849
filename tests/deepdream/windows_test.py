"""How images are cut into windows, and joined."""

import jax.numpy as jnp
import numpy as np
import pytest

from fviz.deepdream import windows


def test_a_window_moving_over_an_edge_counts_every_pixel_once():
  axis = windows.cut(20, 100, 8, windows.REFLECT, 6)
  other = windows.cut(20, 100, 8, windows.WRAP, 0)
  total = np.zeros(20)
  for move in range(-6, 7):
    canvas = jnp.zeros((20 + 2 * axis.margin, 20))
    start = int(windows.starts(axis, move)[0])
    canvas = canvas.at[start : start + 20].set(1.0)
    total += np.asarray(windows.gather(canvas, (axis, other)))[:, 3]
  np.testing.assert_array_equal(total, 13)


@pytest.mark.parametrize('border', ['wrap', 'reflect', 'around'])
def test_windows_add_up_to_one_everywhere(border):
  for size, largest in ((100, 64), (131, 50), (90, 90)):
    axis = windows.cut(size, largest, 12, border, 5)
    for move in (-axis.jitter, 0, axis.jitter):
      line = np.zeros(size + 2 * axis.margin)
      for k in range(axis.count):
        start = int(windows.starts(axis, move)[k])
        assert 0 <= start and start + axis.window <= len(line)
        line[start : start + axis.window] += windows.weights(axis, k)
      inner = line[axis.margin : axis.margin + size]
      if not axis.folds:
        np.testing.assert_allclose(inner, 1, atol=1e-6)
