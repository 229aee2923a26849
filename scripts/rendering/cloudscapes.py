"""A landscape under clouds: the sample photo for DeepDream."""

import numpy as np
from scipy import ndimage

from scripts.rendering import blocks as bk


def cloudscape(seed, height, width):
  """Renders a sky with cumulus clouds over hills.

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
  up = 1 - y / height
  x = x / height
  rgb = _sky(rng, up)
  rgb = _clouds(rng, rgb, up)
  rgb = _hills(rng, rgb, x, up)
  return np.clip(rgb * 255 + 0.5, 0, 255).astype(np.uint8)


def _field(rng, shape, power, squash=1.0):
  """Spectral noise of unit deviation; squash > 1 flattens it."""
  fy = np.fft.fftfreq(shape[0])[:, None] * shape[0]
  fx = np.fft.rfftfreq(shape[1])[None] * shape[0]
  f = np.hypot(fy / squash, fx)
  amplitude = np.maximum(f, 1) ** -power * (f > 0)
  shape2 = (2, shape[0], shape[1] // 2 + 1)
  n = rng.standard_normal(shape2)
  z = np.fft.irfft2((n[0] + 1j * n[1]) * amplitude, s=shape)
  return (z / z.std()).astype(np.float32)


def _rgb(*color):
  return np.array(color, np.float32)


def _sky(rng, up):
  warm = rng.uniform(0.2, 1)
  zenith, middle = _rgb(0.08, 0.26, 0.62), _rgb(0.36, 0.62, 0.90)
  glow = _rgb(0.80, 0.86, 0.92) * (1 - warm) + _rgb(1.0, 0.78, 0.55) * warm
  t = np.clip((up - 0.25) / 0.75, 0, 1)[..., None]
  low = bk.mix(glow, middle, np.clip(t * 3, 0, 1))
  return bk.mix(low, zenith, np.clip(t * 1.3 - 0.25, 0, 1))


def _clouds(rng, rgb, up):
  """Three layers, far and flat to near and billowing, lit from one side."""
  shape = up.shape
  side = rng.choice([-1, 1])
  sun = _rgb(1.0, 0.97, 0.92)
  dusk = _rgb(1.0, 0.80, 0.66)
  for power, squash, base, amount in (
    (1.55, 0.40, 0.34, 0.10),
    (1.60, 0.60, 0.55, 0.22),
    (1.70, 0.80, 0.86, 0.30),
  ):
    billow = _field(rng, shape, power, squash)
    detail = _field(rng, shape, 1.1, squash)
    bank = 1.6 * np.exp(-(((up - base) / 0.16) ** 2)) - 1.5 + amount
    density = billow * 0.8 + detail * 0.16 + bank
    cover = np.clip(density * 1.6, 0, 1)
    cover = cover * cover * (3 - 2 * cover)
    soft = ndimage.gaussian_filter(density, shape[0] / 40)
    step = max(2, shape[0] // 24)
    toward = np.roll(soft, (step, side * step), (0, 1))
    light = np.clip(0.62 + 0.42 * (density - toward), 0, 1.12)[..., None]
    shadow = _rgb(0.46, 0.52, 0.66)
    color = bk.mix(shadow, bk.mix(dusk, sun, np.clip(base, 0, 1)), light)
    rgb = bk.mix(rgb, color, (cover * 0.96)[..., None])
  return rgb


def _hills(rng, rgb, x, up):
  """Ridges that grow darker and greener towards the viewer."""
  far, near = _rgb(0.50, 0.60, 0.74), _rgb(0.16, 0.27, 0.10)
  texture = _field(rng, up.shape, 1.0, 0.4)
  for k in range(5):
    t = k / 4
    phase, waves = rng.uniform(0, 7, 4), rng.uniform(0.7, 1.6, 4)
    ridge = 0.27 - 0.055 * k
    for j in range(4):
      swing = 0.028 / (j + 1) ** 1.2 * (1.2 - 0.4 * t)
      ridge = ridge + swing * np.sin(x * waves[j] * (2.2**j) * 2.2 + phase[j])
    color = bk.mix(far, near, t)
    depth = np.clip((ridge - up) * 9, 0, 1)
    grass = 1 + (0.04 + 0.14 * t) * texture - 0.18 * depth
    mask = np.clip((ridge - up) * up.shape[0] + 0.5, 0, 1)
    haze = _rgb(0.90, 0.84, 0.76)
    color = bk.mix(color, haze, 0.28 * (1 - t) * depth[..., None])
    rgb = bk.mix(rgb, color * grass[..., None], mask[..., None])
  return rgb
