"""Statistics of natural images: their spectrum and their colours.

The spectrum is that of mean |F| in lucid's decorrelated colours, which MaCo
(Fel et al. 2023) fixes; a closed formula fits the published one (ImageNet, 512
px) to an RMS error of .14 in the logarithm, and a folder of photos will do too.
"""

from __future__ import annotations

import os
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from fviz import photos
from fviz.errors import FvizError
from fviz.types import Array

# |F_c(f)| = a f^-alpha exp(-(f / f0)^2.4), f in cycles a pixel, of 512 px
# images in numpy's rfft2 scale; the constant term apart. Rows: the axes of
# lucid's colours; fitted to the spectrum that MaCo's authors published.
_FITS = (
  (32.72, 1.283, 0.310, 255052.0),
  (28.13, 1.321, 0.290, 269511.0),
  (29.35, 1.268, 0.300, 227829.0),
)
_POWER = 2.4
_FITTED_AT = 512
# Enough for three decimals of a covariance, and a bound on memory and time.
_MOST_PHOTOS = 200
_SIDE = 256
_SUFFIXES = ('.png', '.jpg', '.jpeg', '.webp', '.tif', '.tiff', '.bmp', '.ppm')


class Statistics(NamedTuple):
  """What a folder of photos has in common.

  Attributes:
    covariance: [3, 3] of RGB over all pixels.
    photos: [m, 256, 256, 3] float32 in [0, 1], the middle squares.
  """

  covariance: np.ndarray
  photos: np.ndarray


def spectrum(size: tuple[int, int], channels: int = 3) -> Array:
  """The mean magnitude of natural images, [channels, h, w // 2 + 1].

  Only ratios matter. Channels beyond three, and those of images without lucid's
  colour axes, get the first: luminance.

  >>> spectrum((4, 5)).shape
  (3, 4, 3)
  """
  h, w = size
  f = frequencies(h, w)
  planes = []
  for c in range(channels):
    a, alpha, f0, dc = _FITS[c if channels == 3 else 0]
    safe = np.where(f > 0, f, 1)
    plane = a * safe**-alpha * np.exp(-((safe / f0) ** _POWER))
    # The constant keeps its ratio to the lowest frequency of the grid.
    dc *= (max(h, w) / _FITTED_AT) ** alpha
    planes.append(np.where(f > 0, plane, dc))
  return jnp.asarray(np.stack(planes), jnp.float32)


def frequencies(h: int, w: int) -> np.ndarray:
  """Cycles a pixel of rfft2's bins, [h, w // 2 + 1]."""
  return np.hypot(np.fft.fftfreq(h)[:, None], np.fft.rfftfreq(w))


def measured_spectrum(
  images: np.ndarray, size: tuple[int, int], from_rgb
) -> Array:
  """The mean magnitude of given images, resized to `size`.

  Args:
    images: [m, h, w, c] in [0, 1].
    size: (height, width) of the spectrum.
    from_rgb: a colour map's inverse.

  Returns:
    [c, height, width // 2 + 1].
  """
  total = 0.0
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
  colors = pictures.reshape(-1, 3).astype(np.float64)
  covariance = np.cov(colors, rowvar=False)
  if np.linalg.matrix_rank(covariance, tol=1e-9) < 3:
    raise FvizError(
      f'The photos in {folder} have too few colours for axes of their own: '
      'they are grey or flat.'
    )
  return Statistics(covariance, pictures)


def images(folder: str, side: int = _SIDE) -> np.ndarray:
  """The middle squares of a folder's photos, [m, side, side, 3] in [0, 1].

  Raises:
    FvizError: as `statistics`.
  """
  return np.stack([_square(path, side) for path in _files(folder)])


def axes(covariance: np.ndarray) -> np.ndarray:
  """A square root of a covariance, its rows by falling variance.

  Scaled as lucid's: the longest row has length one.

  >>> axes(np.diag([1.0, 4.0, 1e-2])).round(2).tolist()
  [[0.0, 1.0, 0.0], [0.5, 0.0, 0.0], [0.0, 0.0, 0.05]]
  """
  values, vectors = np.linalg.eigh(covariance)
  order = np.argsort(values)[::-1]
  # Signs are free: the largest part of each axis is made positive.
  vectors = vectors[:, order]
  largest = np.abs(vectors).argmax(0)
  vectors = vectors * np.sign(vectors[largest, range(len(values))])
  rows = (vectors * np.sqrt(np.maximum(values[order], 0))).T
  return rows / np.linalg.norm(rows, axis=1).max() + 0.0


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


def _square(path: str, size: int) -> np.ndarray:
  image = photos.read(path).image
  h, w = image.shape[:2]
  side = min(h, w)
  y, x = (h - side) // 2, (w - side) // 2
  return photos.resized(image[y : y + side, x : x + side], (size, size))
