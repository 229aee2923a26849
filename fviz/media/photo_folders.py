"""Folders of photos: the middle square of each, and statistics of all."""

import os
from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from fviz.errors import FvizError
from fviz.media import photos
from fviz.types import Array

# Enough for three decimals of a covariance, and a bound on memory and time.
_MOST_PHOTOS = 200
_SIDE = 256
_SUFFIXES = ('.png', '.jpg', '.jpeg', '.webp', '.tif', '.tiff', '.bmp', '.ppm')


class Statistics(NamedTuple):
  """What a folder of photos has in common."""

  covariance: np.ndarray  # [3, 3], of RGB over all pixels.
  photos: np.ndarray  # [m, 256, 256, 3] float32 in [0, 1], the middle squares.


def measured_spectrum(
  images: np.ndarray, size: tuple[int, int], from_rgb: Callable[[Array], Array]
) -> Array:
  """The mean magnitude of Fourier spectra, [c, height, width // 2 + 1].

  Args:
    images: [m, h, w, c] in [0, 1].
    size: (height, width) that they are resized to.
    from_rgb: a colour map's inverse.
  """
  total = np.zeros(())
  for image in images:
    t = np.asarray(from_rgb(jnp.asarray(photos.resized(image, size))))
    total = total + np.abs(np.fft.rfft2(t, axes=(0, 1)))
  return jnp.asarray((total / len(images)).transpose(2, 0, 1), jnp.float32)


def statistics(folder: str) -> Statistics:
  """Reads the photos of a folder, at most 200 of them in order of their names.

  Raises:
    FvizError: no such folder, no photos in it, or one that cannot be read.
  """
  pictures = images(folder)
  covariance = np.cov(pictures.reshape(-1, 3).astype(np.float64), rowvar=False)
  if np.linalg.matrix_rank(covariance, tol=1e-9) < 3:
    raise FvizError(
      f'The photos in {folder} have too few colours for axes of their own: '
      'they are grey or flat.'
    )
  return Statistics(covariance, pictures)


def images(folder: str, side: int = _SIDE) -> np.ndarray:
  """The middle squares of a folder's photos, [m, side, side, 3] in [0, 1]."""
  found = (photos.read(path).over_grey() for path in _files(folder))
  return np.stack([photos.middle_square(image, side) for image in found])


def _files(folder: str) -> list[str]:
  if not os.path.isdir(folder):
    raise FvizError(f'No folder {folder!r}: give one that holds photos.')
  names = sorted(os.listdir(folder))
  names = [n for n in names if n.lower().endswith(_SUFFIXES)]
  if not names:
    raise FvizError(
      f'No photos in {folder!r}; known endings: {", ".join(_SUFFIXES)}.'
    )
  return [os.path.join(folder, n) for n in names[:_MOST_PHOTOS]]
