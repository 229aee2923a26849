"""Statistics of natural images, and what is made of them, in NumPy float64."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fviz import color, parameterizations
from fviz.errors import FvizError
from fviz.media import photo_folders, png


@pytest.fixture
def folder(tmp_path):
  """Two photos of 256 x 256, so that nothing is resized."""
  rng = np.random.default_rng(0)
  mix = rng.uniform(size=[3, 3])
  for name in 'ab':
    noise = rng.normal(size=[256, 256, 3]) @ mix
    png.save(tmp_path / f'{name}.png', np.clip(0.5 + noise / 8, 0, 1))
  return tmp_path


def _photos(folder):
  files = sorted(folder.glob('*.png'))
  return np.stack([png.read(f)[0] / 255.0 for f in files])


def test_learned_colours_are_a_root_of_the_covariance(folder):
  pixels = _photos(folder).reshape(-1, 3)
  covariance = np.cov(pixels.T)
  # Colours of white noise, before the sigmoid.
  t = np.eye(3)
  rgb = np.float64(color.learned(str(folder)).to_rgb(jnp.float32(t)))
  axes = np.log(rgb / (1 - rgb))
  got = axes.T @ axes
  want = covariance * np.trace(got) / np.trace(covariance)
  np.testing.assert_allclose(got, want, rtol=1e-3, atol=1e-5)
  lengths = np.linalg.norm(axes, axis=1)
  np.testing.assert_allclose(lengths.max(), 1, rtol=1e-5)
  np.testing.assert_array_equal(lengths, np.sort(lengths)[::-1])


def test_a_measured_spectrum_is_a_mean_of_magnitudes(folder):
  photos = np.clip(_photos(folder)[:, :12, :9], 0.01, 0.99)
  matrix = np.array([[0.26, 0.09, 0.02], [0.27, 0, -0.05], [0.27, -0.09, 0.03]])
  inverse = np.linalg.inv((matrix / 0.461952).T)
  t = np.log(photos / (1 - photos)) @ inverse
  want = np.abs(np.fft.rfft2(t, axes=(1, 2))).mean(0).transpose(2, 0, 1)
  from_rgb = color.decorrelated().from_rgb
  got = photo_folders.measured_spectrum(np.float32(photos), (12, 9), from_rgb)
  np.testing.assert_allclose(got, want, rtol=1e-3, atol=1e-3)


def test_maco_keeps_the_magnitude_of_the_photos(folder):
  p = parameterizations.maco(16, photos=str(folder), color='sigmoid')
  images = np.float64(p.images(p.init(jax.random.key(0))))
  t = np.log(images / (1 - images))[0].transpose(2, 0, 1)
  pictures = photo_folders.statistics(str(folder)).photos
  wanted = np.float64(
    photo_folders.measured_spectrum(
      pictures, (16, 16), color.sigmoid().from_rgb
    )
  )
  # Without the constant, which is standardized, and self-conjugate bins.
  ratio = np.abs(np.fft.rfft2(t))[:, 1:8, 1:8] / wanted[:, 1:8, 1:8]
  np.testing.assert_allclose(ratio / ratio.mean(), 1, rtol=1e-3)


def test_grey_photos_have_no_axes(tmp_path):
  grey = np.random.default_rng(0).random([256, 256, 1]).repeat(3, -1)
  png.save(tmp_path / 'grey.png', grey)
  with pytest.raises(FvizError, match='too few colours'):
    color.learned(str(tmp_path))
  with pytest.raises(FvizError, match='No folder'):
    parameterizations.maco(16, photos=str(tmp_path / 'none'))
