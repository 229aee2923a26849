"""Borders, crops and shifts move pixels and change none."""

import jax
import jax.numpy as jnp
import numpy as np
import patterns
import pytest

from fviz import transforms
from fviz.errors import FvizError


def test_jitter_is_an_exact_crop():
  x = patterns.noise((4, 9, 10, 3))
  for image, out in zip(
    x, transforms.jitter(2)(jax.random.key(3), x), strict=True
  ):
    crops = [image[i : i + 7, j : j + 8] for i in range(3) for j in range(3)]
    assert min(float(jnp.abs(out - c).max()) for c in crops) < 1e-6


def test_pad_is_grey_and_center_crop_undoes_it():
  x = patterns.noise((1, 4, 5, 3))
  padded = transforms.pad(2)(None, x)
  assert padded[0, 0, 0, 0] == 0.5
  back = transforms.crop((4, 5), random=False)(None, padded)
  np.testing.assert_array_equal(back, x)


def test_too_large_crops_name_the_sizes():
  x = patterns.noise((1, 4, 5, 3))
  with pytest.raises(FvizError, match='4 x 5'):
    transforms.jitter(4)(jax.random.key(0), x)
  with pytest.raises(FvizError, match='6 x 6.*4 x 5'):
    transforms.crop(6)(jax.random.key(0), x)


def test_roll_is_a_roll():
  x = patterns.noise((5, 9, 10, 3))
  out = np.asarray(transforms.roll(2)(jax.random.key(3), x))
  moves = [(i, j) for i in range(-2, 3) for j in range(-2, 3)]
  for image, got in zip(np.asarray(x), out, strict=True):
    rolled = [np.roll(image, move, (0, 1)) for move in moves]
    assert min(np.abs(got - one).max() for one in rolled) < 1e-6


def test_crop_or_pad_keeps_the_middle():
  x = np.asarray(patterns.noise((1, 9, 6, 3)))
  out = np.asarray(transforms.crop_or_pad((5, 9))(None, jnp.asarray(x)))
  np.testing.assert_array_equal(out[:, :, 1:7], x[:, 2:7])
  np.testing.assert_array_equal(out[:, :, [0, 7, 8]], 0.5)
