"""A landscape under clouds: the sample photo for DeepDream."""

import numpy as np
from scipy import ndimage

from scripts.rendering import blocks as bk

_HORIZON = 0.24


def cloudscape(seed, height, width):
  """Renders a sky with fair-weather clouds over hills.

  Args:
    seed: whole number >= 0.
    height: rows, >= 16.
    width: columns, >= 16.

  Returns:
    uint8 [height, width, 3].
  """
  if min(height, width) < 16:
    raise ValueError(f'Expected sides >= 16, got {height=}, {width=}.')
  rng = np.random.default_rng([seed, 0xC10D])
  y, x = np.mgrid[0:height, 0:width].astype(np.float32)
  up, x = 1 - (y + 0.5) / height, (x + 0.5 - width / 2) / height
  warmth = rng.uniform(0.3, 1)
  rgb = _sky(up, warmth)
  rgb = _deck(rng, rgb, x, up)
  # Banks from the far and low to the near and high.
  for base, size, tall in ((0.25, 0.10, 0.13), (0.36, 0.2, 0.24)):
    rgb = _bank(rng, rgb, up, base, size, tall, warmth)
  rgb = _bank(rng, rgb, up, 0.6, 0.36, 0.36, warmth)
  rgb = _hills(rng, rgb, x, up)
  return np.clip(rgb * 255 + 0.5, 0, 255).astype(np.uint8)


def _noise(rng, shape, power, low, flat=1.0):
  """Spectral noise of unit deviation, frequencies in cycles a height.

  Twice as high and wide as asked for and cropped, so that it does not repeat;
  flat > 1 stretches it along x.
  """
  rows, columns = 2 * shape[0], 2 * shape[1]
  fy = np.fft.fftfreq(rows)[:, None] * shape[0]
  fx = np.fft.rfftfreq(columns)[None] * shape[0] * flat
  f = np.hypot(fy, fx)
  n = rng.standard_normal((2, rows, columns // 2 + 1))
  z = (n[0] + 1j * n[1]) * (np.maximum(f, low) ** -power * (f > 0))
  z = np.fft.irfft2(z, s=(rows, columns))
  return (z / z.std()).astype(np.float32)[: shape[0], : shape[1]]


def _rgb(*color):
  return np.array(color, np.float32)


def _sky(up, warmth):
  zenith, middle = _rgb(0.07, 0.24, 0.60), _rgb(0.34, 0.60, 0.90)
  glow = bk.mix(_rgb(0.80, 0.88, 0.94), _rgb(1.0, 0.80, 0.56), warmth)
  t = np.clip((up - _HORIZON) / (1 - _HORIZON), 0, 1)[..., None]
  low = bk.mix(glow, middle, np.clip(t * 2.6, 0, 1) ** 0.8)
  return bk.mix(low, zenith, np.clip(t * 1.3 - 0.3, 0, 1))


def _deck(rng, rgb, x, up):
  """High thin clouds on a plane, in perspective towards the horizon."""
  field = _noise(rng, (512, 512), 1.9, 2, flat=1.8)
  far = 1 / np.clip(up - _HORIZON + 0.10, 0.05, None)
  points = (far * 110 + 40, 256 + x * far * 130)
  veil = ndimage.map_coordinates(field, points, order=1, mode='mirror')
  veil = np.clip(veil * 0.5 + 0.05, 0, 0.75) * np.clip(up * 3 - 0.9, 0, 1)
  return bk.mix(rgb, _rgb(0.98, 0.96, 0.95), veil[..., None] * 0.7)


def _bank(rng, rgb, up, base, size, tall, warmth):
  """Cumulus clouds: flat below `base`, billowing up to `tall` above it."""
  shape, scale = up.shape, 1 / size
  where = _noise(rng, shape, 2.1, 0.5 * scale, flat=1.1)
  heap = np.abs(_noise(rng, shape, 1.55, 0.9 * scale))
  fine = _noise(rng, shape, 1.15, 2.5 * scale)
  t = (up - base) / tall
  # Nothing below the base; thinner and thinner above it.
  room = np.clip(t * 7 + 0.6, -4, 0.55) - np.clip(t - 0.15, 0, None) * 1.9
  density = 0.85 * where + 0.7 * heap + 0.11 * fine + room - 0.8
  cover = np.clip(density * 2.0, 0, 1)
  cover = cover * cover * (3 - 2 * cover)
  step = shape[0] * size * 0.16
  soft = ndimage.gaussian_filter(density, step * 0.4)
  ahead = ndimage.shift(soft, (step, -step * 0.8), order=1, mode='nearest')
  # Lit where the cloud thins out towards the sun; grey at the flat base.
  light = 0.54 + 0.36 * (density - ahead) + 0.28 * np.clip(t, -0.6, 0.8)
  light = np.clip(light, 0, 1)[..., None]
  shade = bk.mix(_rgb(0.50, 0.57, 0.72), _rgb(0.55, 0.50, 0.64), warmth)
  sun = bk.mix(_rgb(1.0, 1.0, 0.99), _rgb(1.0, 0.94, 0.84), warmth)
  color = bk.mix(shade, sun, light)
  haze = np.clip(0.42 - base, 0, 1) * 1.6
  color = bk.mix(color, rgb, haze)
  return bk.mix(rgb, color, cover[..., None])


def _hills(rng, rgb, x, up):
  """Ridges that grow darker and greener towards the viewer."""
  far, near = _rgb(0.52, 0.62, 0.76), _rgb(0.20, 0.31, 0.09)
  haze = _rgb(0.88, 0.84, 0.80)
  meadow = _noise(rng, up.shape, 1.2, 3, flat=2.5)
  woods = _noise(rng, up.shape, 0.7, 20)
  for k in range(6):
    t = k / 5
    ridge = _HORIZON + 0.03 - 0.045 * k + 0 * x
    for j in range(5):
      swing = 0.026 * 0.5**j * (1.2 - 0.4 * t)
      wave = rng.uniform(1.4, 3) * 1.9**j
      ridge = ridge + swing * np.sin(x * wave + rng.uniform(0, 7))
    depth = np.clip((ridge - up) * 8, 0, 1)[..., None]
    cover = 1 + t * (0.16 * meadow + 0.10 * woods)[..., None]
    color = bk.mix(far, near, t**0.8) * cover * (1 - 0.25 * t * depth)
    color = bk.mix(color, haze, 0.5 * (1 - t) * depth)
    mask = np.clip((ridge - up) * up.shape[0] + 0.5, 0, 1)
    rgb = bk.mix(rgb, color, mask[..., None])
  return rgb
