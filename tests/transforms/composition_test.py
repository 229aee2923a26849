"""Chains of transforms equal one transform after the other."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fviz import transforms


@pytest.mark.parametrize(
  'names',
  [
    ('pad', 'jitter', 'scale'),
    ('jitter', 'scale', 'jitter', 'scale'),
    ('scale', 'jitter', 'jitter', 'pad'),
    ('pad', 'crop', 'flip', 'zooms', 'pad', 'middle', 'scale'),
  ],
)
def test_joint_grids_equal_one_after_the_other(names):
  made = {
    'pad': transforms.pad(3),
    'jitter': transforms.jitter(2),
    'scale': transforms.scale(0.8, 1.2),
    'crop': transforms.crop((9, 8)),
    'middle': transforms.crop(9, random=False),
    'zooms': transforms.zooms(0.9, 1.1),
    'flip': transforms.flip(),
  }
  key, images = (
    jax.random.key(5),
    jax.random.uniform(jax.random.key(0), (3, 11, 14, 2)),
  )
  one_by_one = images
  for i, name in enumerate(names):
    one_by_one = made[name](jax.random.fold_in(key, i), one_by_one)
  joint = transforms.compose(*(made[name] for name in names))(key, images)
  np.testing.assert_allclose(joint, one_by_one, atol=2e-6)


def test_a_pad_a_crop_and_a_zoom_are_one_resampling():
  joint = transforms.compose(
    transforms.pad(2), transforms.jitter(2), transforms.scale(0.9, 1.1)
  )
  text = str(jax.make_jaxpr(joint)(jax.random.key(0), jnp.zeros([1, 8, 8, 3])))
  assert text.count('scan') == 2  # Two neighbours a pixel, an axis each.
