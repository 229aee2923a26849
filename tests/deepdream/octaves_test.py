"""Octaves against scipy."""

import numpy as np
import pytest
from scipy import ndimage

from fviz import errors
from fviz.deepdream import octaves

_RNG = np.random.default_rng(0)


def test_octaves_are_scipys_zooms():
  image = _RNG.random((33, 41, 3)).astype(np.float32)
  for size in ((20, 29), (50, 60), (1, 1), (33, 41)):
    ratio = size[0] / 33, size[1] / 41, 1
    expected = ndimage.zoom(image, ratio, order=1)
    np.testing.assert_allclose(octaves.zoom(image, size), expected, atol=1e-5)
  assert octaves.sizes((7, 9), 2, 1.5) == [(5, 6), (7, 9)]
  with pytest.raises(errors.FvizError, match='octave_scale'):
    octaves.sizes((7, 9), 2, 1.0)
