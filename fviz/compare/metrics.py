"""Numbers that say how good a picture is: of the picture, and of its unit.

`METRICS` lists what reports and TensorBoard show. The functions here need only
the pictures, or activations: plain NumPy in float64, images [n, h, w, c] in
[0, 1] -> [n]. Numbers that need a network are in `fviz.compare.judge`.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from fviz import checks, color, natural_images

_DARK, _BRIGHT = 0.02, 0.98  # What counts as saturated: 5 of 255 levels.


class Metric(NamedTuple):
  """How to read a number."""

  better: int  # 1 if more is better, -1 if less, 0 if it depends.
  text: str  # What it is, for tables.


METRICS = {
  'activation': Metric(1, 'activation on the clean picture'),
  'heldout_mean': Metric(1, 'mean activation under 16 held-out transforms'),
  'heldout_worst': Metric(1, 'least activation under 16 held-out transforms'),
  'rank': Metric(-1, "place of the unit among its layer's, 1 = strongest"),
  'class_probability': Metric(1, "softmax of the unit's (else the top) class"),
  'transfer': Metric(1, 'probability another network gives to that class'),
  'natural_path': Metric(1, 'Spearman of layer means with natural images'),
  'total_variation': Metric(-1, 'mean |dx| + |dy| a pixel'),
  'high_frequency': Metric(-1, 'share of energy above half Nyquist'),
  'spectrum_distance': Metric(-1, 'RMS log distance to the natural spectrum'),
  'color_distance': Metric(-1, 'distance to the natural colour covariance'),
  'saturation': Metric(-1, f'share of values below {_DARK} or over {_BRIGHT}'),
  'diversity': Metric(0, '1 - Gram cosine to the other candidates'),
  'steps_to_95': Metric(-1, 'gradient evaluations to 95 % of the final value'),
  'seconds_to_95': Metric(-1, 'seconds to it, its share of the batch'),
}


def total_variation(images: ArrayLike) -> np.ndarray:
  """Mean |dx| + |dy| over all pixels and channels, in [0, 2].

  >>> print(total_variation([[[[0.], [1.]]]]))
  [0.5]
  """
  x = _pictures(images)
  dy = np.abs(np.diff(x, axis=1)).sum((1, 2, 3))
  dx = np.abs(np.diff(x, axis=2)).sum((1, 2, 3))
  return (dx + dy) / x[0].size


def high_frequency(images: ArrayLike) -> np.ndarray:
  """Share of the energy at more than 1/4 cycles per pixel, in [0, 1].

  Half of the Nyquist frequency, measured radially; the mean does not count.
  NaN for a picture of one colour.

  >>> stripes = np.arange(8).reshape(1, 1, 8, 1) % 2 + np.zeros([1, 8, 8, 1])
  >>> print(high_frequency(stripes))
  [1.]
  """
  x = _pictures(images)
  power = np.abs(np.fft.fft2(x, axes=(1, 2))) ** 2
  frequency = _frequency(*x.shape[1:3])
  total = power[:, frequency > 0].sum((1, 2))
  total = np.where(total > 1e-20, total, np.nan)
  return power[:, frequency > 0.25].sum((1, 2)) / total


def spectrum_distance(images: ArrayLike) -> np.ndarray:
  """RMS difference of log radial amplitudes to natural images, >= 0.

  The luminance (first axis of the decorrelated colours) against the closed form
  of `fviz.natural_images`, f^-1.283 exp(-(f / .31)^2.4). Both are averaged over
  rings one cycle per image wide, up to the Nyquist frequency, and the best
  common factor is removed. In nats: 0.7 is a typical factor of 2. NaN for a
  picture of one colour.
  """
  from scipy import ndimage  # Here, as it would slow down `import fviz`.

  x = _pictures(images)
  h, w = x.shape[1:3]
  frequency = _frequency(h, w)
  ring = np.rint(np.where(frequency <= 0.5, frequency, 0) * min(h, w))
  rings = np.unique(ring[ring > 0])
  profile = lambda amplitude: ndimage.mean(amplitude, ring, rings)
  expected = np.log(profile(natural_amplitude(h, w)))
  distances = []
  for picture in _luminance(x):
    if picture.std() < 1e-9:
      distances.append(np.nan)
      continue
    amplitude = profile(np.abs(np.fft.fft2(picture)))
    # Rings of nothing but rounding count as a millionth of the strongest.
    logs = np.log(np.maximum(amplitude, 1e-6 * amplitude.max()))
    distances.append(np.std(logs - expected))
  return np.array(distances)


def natural_amplitude(height: int, width: int) -> np.ndarray:
  """Natural luminance on the grid of np.fft.fft2, up to a factor; 0 at DC.

  >>> natural_amplitude(4, 5).shape
  (4, 5)
  """
  half = _float64(natural_images.spectrum((height, width), channels=1))[0]
  column = np.arange(width)  # It depends on |f| alone: mirror the columns.
  amplitude = half[:, np.minimum(column, width - column)]
  amplitude[0, 0] = 0.0
  return amplitude


def color_distance(images: ArrayLike) -> np.ndarray:
  """Frobenius distance of colour covariances, each divided by its trace.

  Natural covariance: that of lucid's decorrelated colours. 0 is natural; a
  picture of pure red is at 0.97. NaN for other than 3 channels and for
  pictures of one colour.
  """
  x = _pictures(images)
  if x.shape[-1] != 3:
    return np.full(len(x), np.nan)
  wanted = color.AXES @ color.AXES.T
  distances = []
  for picture in x.reshape(len(x), -1, 3):
    covariance = np.cov(picture.T, bias=True)
    trace = np.trace(covariance)
    trace = trace if trace >= 1e-12 else np.nan
    difference = covariance / trace - wanted / np.trace(wanted)
    distances.append(np.linalg.norm(difference))
  return np.array(distances)


def saturation(images: ArrayLike) -> np.ndarray:
  """Share of values below .02 or above .98, in [0, 1].

  >>> print(saturation([[[[0.], [0.5], [1.], [0.02]]]]))
  [0.5]
  """
  x = _pictures(images)
  return ((x < _DARK) | (x > _BRIGHT)).mean((1, 2, 3))


def of_pictures(images: ArrayLike) -> dict[str, np.ndarray]:
  """Every number that needs only the pictures: name -> [n]."""
  sharpness = total_variation, high_frequency
  naturalness = spectrum_distance, color_distance, saturation
  return {f.__name__: f(images) for f in sharpness + naturalness}


def diversity(activations: Iterable[ArrayLike]) -> np.ndarray:
  """1 - the mean Gram cosine of each picture to the others, in [0, 1].

  The Gram matrix [channels, channels] is that of lucid's diversity objective;
  it does not see where things are. NaN for a picture without activation, and
  where there is no other picture.

  Args:
    activations: n arrays [..., channels], the positions may differ.

  >>> print(diversity([[[1., 0.]], [[3., 0.]], [[0., 1.]]]))
  [0.5 0.5 1. ]
  """
  grams = []
  for a in activations:
    a = np.asarray(a, np.float32)
    a = a.reshape(-1, a.shape[-1])
    gram = (a.T @ a).ravel()
    norm = np.linalg.norm(gram)
    grams.append(gram / norm if norm > 0 else np.full_like(gram, np.nan))
  grams = np.stack(grams)
  distance = 1 - grams @ grams.T
  np.fill_diagonal(distance, np.nan)
  count = np.isfinite(distance).sum(1)
  total = np.nansum(distance, 1)
  return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def steps_to_95(history: ArrayLike) -> int:
  """Gradient evaluations until the objective is near its final value.

  The history [steps] is smoothed by a running mean over 1/16 of the steps; the
  answer is the first step at start + 0.95 (final - start) or above. It is the
  number of all steps where the objective did not rise.

  >>> steps_to_95([0., 4., 8., 9., 10., 10.])
  5
  """
  x = np.asarray(history, np.float64)
  width = max(1, len(x) // 16)
  smooth = np.convolve(x, np.ones(width) / width, 'valid')
  start, final = smooth[0], smooth[-1]
  if not final > start:
    return len(x)
  return int(np.argmax(smooth >= start + 0.95 * (final - start))) + width


def _pictures(images: ArrayLike) -> np.ndarray:
  """Pictures in [0, 1], also of uint8, in float64."""
  checked = checks.images('images', images, finite=False)
  given = np.asarray(images)
  return (checked if given.dtype == np.uint8 else given).astype(np.float64)


def _float64(x: ArrayLike) -> np.ndarray:
  return np.asarray(x).astype(np.float64)


def _frequency(height: int, width: int) -> np.ndarray:
  """Radial, in cycles per pixel, [height, width] as np.fft.fft2 has it."""
  return np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width))


def _luminance(images: np.ndarray) -> np.ndarray:
  """[n, h, w, c] -> [n, h, w], the mean where there are no known colours."""
  if images.shape[-1] != 3:
    return images.mean(-1)
  return images @ np.asarray(color.FROM_RGB, np.float64)[:, 0]
