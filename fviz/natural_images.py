"""Statistics of natural images: their spectrum and their colours.

The spectrum is the mean |F| in lucid's decorrelated colours, which MaCo (Fel et
al. 2023) fixes. A closed formula fits the published spectrum (ImageNet at 512
pixels) to an RMS error of .14 in the logarithm. That of a folder of photos is
measured in `fviz.media.photo_folders`.
"""

import jax
import jax.numpy as jnp
import numpy as np

from fviz.types import Array

# Rows are the axes of lucid's colours: (a, alpha, f0, constant term) of
# |F(f)| = a f^-alpha exp(-(f / f0)^2.4), where f is in cycles per pixel. Fitted
# to the spectrum of MaCo's authors, of 512 pixels in the scale of rfft2.
_FITS = (
  (32.72, 1.283, 0.310, 255052.0),
  (28.13, 1.321, 0.290, 269511.0),
  (29.35, 1.268, 0.300, 227829.0),
)
_POWER = 2.4
_FITTED_AT = 512


def spectrum(size: tuple[int, int], channels: int = 3) -> Array:
  """The mean magnitude of natural images at each frequency.

  It is [channels, h, w // 2 + 1], in the order of rfft2; only ratios matter.
  Images that have not 3 channels have no colour axes; all their channels get
  the magnitude of luminance.

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
    # The constant term keeps its ratio to the lowest frequency.
    dc *= (max(h, w) / _FITTED_AT) ** alpha
    planes.append(np.where(f > 0, plane, dc))
  return jnp.asarray(np.stack(planes), jnp.float32)


def frequencies(h: int, w: int) -> np.ndarray:
  """The frequencies of rfft2's bins in cycles per pixel, [h, w // 2 + 1].

  >>> frequencies(2, 2).round(2).tolist()
  [[0.0, 0.5], [0.5, 0.71]]
  """
  return np.hypot(np.fft.fftfreq(h)[:, None], np.fft.rfftfreq(w))


def falloff(h: int, w: int, decay: float) -> Array:
  """sqrt(w h) / f^decay; frequency zero counts as the lowest one above it."""
  f = np.maximum(frequencies(h, w), 1 / max(w, h))
  return np.float32(np.sqrt(w * h)) / jnp.float32(f) ** decay


def from_spectrum(z: Array, h: int, w: int, decay: float) -> Array:
  """irfft2(z falloff) / 4, from [n, 2, c, h, w // 2 + 1] to [n, h, w, c]."""
  z = z * falloff(h, w, decay)
  # irfft2 cannot tell odd widths from the spectrum alone.
  t = jnp.fft.irfft2(jax.lax.complex(z[:, 0], z[:, 1]), s=(h, w)) / 4
  return jnp.transpose(t, (0, 2, 3, 1))


def axes(covariance: np.ndarray) -> np.ndarray:
  """The colour axes of a covariance: its square root, scaled as lucid's.

  Of [c, c], an axis in each row, by falling variance; the longest has length
  one.

  >>> axes(np.diag([1.0, 4.0, 1e-2])).round(2).tolist()
  [[0.0, 1.0, 0.0], [0.5, 0.0, 0.0], [0.0, 0.0, 0.05]]
  """
  values, vectors = np.linalg.eigh(covariance)
  order = np.argsort(values)[::-1]
  vectors = vectors[:, order]
  # The sign of an axis is arbitrary: its largest part is made positive.
  largest = np.abs(vectors).argmax(0)
  vectors = vectors * np.sign(vectors[largest, range(len(values))])
  rows = (vectors * np.sqrt(np.maximum(values[order], 0))).T
  return rows / np.linalg.norm(rows, axis=1).max() + 0.0
