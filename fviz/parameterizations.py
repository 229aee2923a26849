"""Images as functions of what is optimized.

A parameterization is a preconditioner: the same images are reachable from
all, but the steepest way differs (Olah et al. 2017).
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from fviz import color as colors
from fviz.errors import FvizError, unknown
from fviz.types import Array, Parameterization

__all__ = ['pixels', 'fourier']

Size = int | tuple[int, int]


def pixels(
  size: Size,
  channels: int = 3,
  n: int = 1,
  sd: float = 0.01,
  color: colors.Color | str | None = None,
) -> Parameterization:
  """One number a pixel and channel, [n, h, w, channels], from N(0, sd^2).

  Args:
    size: side, or (height, width).
    channels: of the images.
    n: images.
    sd: standard deviation of the start.
    color: a colour map or its name; decorrelated by default.

  >>> p = pixels((4, 5), n=2)
  >>> p.images(p.init(jax.random.key(0))).shape
  (2, 4, 5, 3)
  """
  h, w = _checked(size, channels, n, sd)
  shape = (n, h, w, channels)
  return Parameterization(
    lambda key: sd * jax.random.normal(key, shape), _color(color).to_rgb
  )


def fourier(
  size: Size,
  channels: int = 3,
  n: int = 1,
  decay: float = 1.0,
  sd: float = 0.01,
  color: colors.Color | str | None = None,
) -> Parameterization:
  """A spectrum scaled by 1 / frequency^decay (Olah et al. 2017, lucid).

  The parameters are float32 [n, 2, channels, h, w // 2 + 1], real and
  imaginary part, from N(0, sd^2). Before the colour map, the image is
  irfft2(s z) / 4, s = sqrt(w h) / max(f, 1 / max(w, h))^decay, f in cycles
  per pixel: lucid's, up to lucid's way with odd widths.

  >>> p = fourier((4, 5))
  >>> params = p.init(jax.random.key(0))
  >>> params.shape, p.images(params).shape
  ((1, 2, 3, 4, 3), (1, 4, 5, 3))
  """
  h, w = _checked(size, channels, n, sd)
  shape = (n, 2, channels, h, w // 2 + 1)
  to_rgb = _color(color).to_rgb
  return Parameterization(
    lambda key: sd * jax.random.normal(key, shape),
    lambda params: to_rgb(_from_spectrum(params, h, w, decay)),
  )


def from_images(
  images: Array,
  kind: str = 'fourier',
  decay: float = 1.0,
  sd: float = 0.0,
  color: colors.Color | str | None = None,
) -> Parameterization:
  """A parameterization that starts from images [n, h, w, c] in [0, 1].

  Colours come back to within the 1e-3 that keeps the logit finite. `sd` is
  noise on the parameters.

  >>> p = from_images(jnp.full([1, 4, 5, 3], 0.25), 'pixels')
  >>> print(p.images(p.init(jax.random.key(0)))[0, 0, 0].round(3))
  [0.25 0.25 0.25]
  """
  if kind not in __all__:
    raise unknown('parameterization', kind, __all__)
  images = jnp.asarray(images, jnp.float32)
  n, h, w, channels = images.shape
  start = _color(color).from_rgb(images)
  if kind == 'fourier':
    start = _to_spectrum(start, decay)
    base = fourier((h, w), channels, n, decay, sd, color)
  else:
    base = pixels((h, w), channels, n, sd, color)
  return Parameterization(lambda key: start + base.init(key), base.images)


def _from_spectrum(params: Array, h: int, w: int, decay: float) -> Array:
  """[n, 2, c, h, w // 2 + 1] -> [n, h, w, c], before the colour map."""
  params = params * _scale(h, w, decay)
  spectrum = jax.lax.complex(params[:, 0], params[:, 1])
  # s= keeps odd widths, which irfft2 cannot tell from the spectrum.
  t = jnp.fft.irfft2(spectrum, s=(h, w)) / 4
  return jnp.transpose(t, (0, 2, 3, 1))


def _to_spectrum(t: Array, decay: float) -> Array:
  h, w = t.shape[1:3]
  spectrum = jnp.fft.rfft2(jnp.transpose(t, (0, 3, 1, 2)))
  params = jnp.stack([spectrum.real, spectrum.imag], 1)
  return 4 * params / _scale(h, w, decay)


def _scale(h: int, w: int, decay: float) -> Array:
  """[h, w // 2 + 1]; the mean counts as the lowest frequency."""
  f = np.hypot(np.fft.fftfreq(h)[:, None], np.fft.rfftfreq(w))
  s = np.sqrt(w * h) / np.maximum(f, 1 / max(w, h)) ** decay
  return jnp.asarray(s, jnp.float32)


def _color(color: colors.Color | str | None) -> colors.Color:
  if color is None:
    return colors.decorrelated()
  if not isinstance(color, str):
    return color
  if color not in colors.__all__:
    raise unknown('color', color, colors.__all__)
  return getattr(colors, color)()


def _checked(size, channels, n, sd) -> tuple[int, int]:
  h, w = size if isinstance(size, (tuple, list)) else (size, size)
  for name, value in dict(h=h, w=w, channels=channels, n=n).items():
    if not isinstance(value, (int, np.integer)) or value < 1:
      raise FvizError(f'{name} must be an integer from 1 on, not {value!r}.')
  if sd < 0:
    raise FvizError(f'sd must not be negative: {sd}.')
  return int(h), int(w)
