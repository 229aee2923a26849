"""Panoramas: the meridian of the ends, and the poles in perspective."""

import jax.numpy as jnp
import numpy as np
import optax
import small

from fviz import deepdream, gradients, objectives, panorama

_RNG = np.random.default_rng(0)


def _sphere(height=64):
  """A smooth pattern of directions, equirectangular [h, 2 h, 3]."""
  latitude = (0.5 - (np.arange(height) + 0.5) / height) * np.pi
  longitude = ((np.arange(2 * height) + 0.5) / (2 * height) - 0.5) * 2 * np.pi
  return _pattern(*np.meshgrid(latitude, longitude, indexing='ij'))


def _pattern(latitude, longitude):
  x = np.cos(latitude) * np.cos(longitude)
  y = np.cos(latitude) * np.sin(longitude)
  z = np.sin(latitude)
  waves = (x + 0.3 * y, y * z, z - 0.5 * x)
  return np.float32(0.5 + 0.4 * np.sin(3 * np.stack(waves, -1)))


def test_views_show_directions_where_they_are():
  image = _sphere(256)
  for yaw, pitch in ((0, 0), (90, 0), (180, 30), (-90, -45), (0, 90)):
    centre = panorama.view(image, yaw, pitch, 60, 65)[32, 32]
    expected = _pattern(np.deg2rad(pitch), np.deg2rad(yaw))
    np.testing.assert_allclose(centre, expected, atol=2e-2)
  right = panorama.view(image, 0, 0, 90, 201)[100, -1]
  np.testing.assert_allclose(right, _pattern(0, np.deg2rad(44.8)), atol=2e-2)
  top = panorama.view(image, 0, 0, 90, 201)[0, 100]
  np.testing.assert_allclose(top, _pattern(np.deg2rad(44.8), 0), atol=2e-2)


def test_polar_views_there_and_back():
  image = jnp.asarray(_sphere(128))
  maps = panorama.caps(128, 256)
  back = panorama.blended(image * 0, panorama.views(image, maps), maps)
  assert not np.any(back)  # The scale is the band's, which has nothing.
  views = panorama.views(image, maps)
  again = np.asarray(panorama.blended(image, views, maps))
  # Up to the scale of each view, the caps are as they were.
  for rows in (np.s_[:24], np.s_[-24:]):
    ratio = again[rows] / np.asarray(image[rows])
    assert ratio.std() / ratio.mean() < 0.02
  np.testing.assert_array_equal(again[48:80], image[48:80])


def _dream(image, border):
  settings = deepdream.Settings(
    octaves=2,
    iterations=6,
    jitter=4,
    border=border,
    strength=4.0,
    gradient=optax.chain(gradients.smooth((2.0,)), gradients.normalize()),
  )
  network = small.network()
  return deepdream.dream(
    network, image, objectives.deepdream('conv_1'), settings
  )


def test_no_seam_and_no_smeared_poles():
  image = _sphere(64) * 0.5 + 0.25
  image = np.clip(image + 0.05 * _RNG.standard_normal(image.shape), 0, 1)
  image = np.float32(image)
  plain, round_ = _dream(image, 'reflect'), _dream(image, 'panorama')
  change = round_ - image
  steps = np.abs(np.diff(change, axis=1)).mean((0, 2))
  seam = np.abs(change[:, 0] - change[:, -1]).mean()
  assert seam < 1.3 * steps.mean()
  # The plain dream breaks at the ends.
  plain_change = plain - image
  ends = np.abs(plain_change[:, 0] - plain_change[:, -1]).mean()
  assert ends > 1.3 * np.abs(np.diff(plain_change, axis=1)).mean()
  # Around the pole, a circle's change varies with longitude as slowly as a
  # small circle can: the plain dream has the equator's detail there, which
  # perspective squeezes into spokes.
  spokes = lambda c: np.abs(np.diff(c[1], axis=0)).mean() / np.abs(c[1]).mean()
  assert spokes(change) < 0.6 * spokes(plain_change)
