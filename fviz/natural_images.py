"""Statistics of natural images: their spectrum and their colours.

The spectrum is that of mean |F| in lucid's decorrelated colours, which MaCo
(Fel et al. 2023) fixes; a closed formula fits the published one (ImageNet, 512
px) to an RMS error of .14 in the logarithm, and a folder of photos will do too.
"""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np

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
