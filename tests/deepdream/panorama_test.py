"""Panoramas: the meridian of the ends, and the poles in perspective."""

import math

import jax.numpy as jnp
import numpy as np
import optax
import small

from fviz import deepdream, gradients, objectives
from fviz.deepdream import panorama

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


def _view(image, yaw, pitch, field, size):
  """A square perspective view out of an equirectangular image, in degrees.

  The middle column of the image is yaw 0; pitch 90 is the zenith.
  """
  line = (np.arange(size) + 0.5) / size * 2 - 1
  line = line * math.tan(math.radians(field / 2))
  right, down = np.meshgrid(line, line)
  a, b = math.radians(pitch), math.radians(yaw)
  ahead = math.cos(a) + down * math.sin(a)
  up = math.sin(a) - down * math.cos(a)
  longitude = np.arctan2(right, ahead) + b
  latitude = np.arctan2(up, np.hypot(right, ahead))
  h, w = image.shape[:2]
  places = np.stack(
    [
      (0.5 - latitude / math.pi) * h - 0.5,
      (0.5 + longitude / (2 * math.pi)) * w - 0.5,
    ]
  )
  return np.asarray(panorama.sampled(jnp.asarray(image), jnp.asarray(places)))


def test_views_show_directions_where_they_are():
  image = _sphere(256)
  for yaw, pitch in ((0, 0), (90, 0), (180, 30), (-90, -45), (0, 90)):
    centre = _view(image, yaw, pitch, 60, 65)[32, 32]
    expected = _pattern(np.deg2rad(pitch), np.deg2rad(yaw))
    np.testing.assert_allclose(centre, expected, atol=2e-2)
  right = _view(image, 0, 0, 90, 201)[100, -1]
  np.testing.assert_allclose(right, _pattern(0, np.deg2rad(44.8)), atol=2e-2)
  top = _view(image, 0, 0, 90, 201)[0, 100]
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
    iterations=4,
    jitter=4,
    border=border,
    strength=4.0,
    gradient=optax.chain(gradients.smooth((2.0,)), gradients.normalize()),
  )
  network = small.network()
  return deepdream.dream(
    network, image, objectives.deepdream('conv_1'), settings
  )


def _spokes(change, field=60, size=65):
  """Variation around the zenith over variation away from it, in its view."""
  view = _view(change, 0, 90, field, size)
  down, right = np.gradient(view, axis=(0, 1))
  line = np.arange(size) - (size - 1) / 2
  x, y = np.meshgrid(line, line)
  radius = np.hypot(x, y)
  ring = (radius > size / 8) & (radius < size / 2)
  x, y = (
    (x / np.maximum(radius, 1))[..., None],
    (y / np.maximum(radius, 1))[..., None],
  )
  away, around = right * x + down * y, down * x - right * y
  return np.abs(around[ring]).mean() / np.abs(away[ring]).mean()


def _seam(change):
  """The step from the last column to the first, over those beside it."""
  near = np.roll(change, 4, 1)[:, :8]
  steps = np.abs(np.diff(near, axis=1)).mean((0, 2))
  return steps[3] / np.delete(steps, 3).mean()


def test_no_seam_and_no_smeared_poles():
  image = _sphere(128) * 0.5 + 0.25
  plain, round_ = (_dream(image, b) - image for b in ('reflect', 'panorama'))
  assert _seam(round_) < 1.3 < 2 < _seam(plain)
  # In perspective nothing points to the pole; the plain dream has spokes.
  for pole in (np.s_[:], np.s_[::-1]):
    assert _spokes(round_[pole]) < 1.3
    assert _spokes(plain[pole]) > 1.4
