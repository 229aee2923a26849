"""Images as spectra: of free numbers (Fourier), or of free phases (MaCo)."""

import os

import jax
import jax.numpy as jnp

from fviz import checks, natural_images
from fviz import color as colors
from fviz.errors import FvizError
from fviz.media import photo_folders
from fviz.parameterizations import sizes_and_colors
from fviz.parameterizations.sizes_and_colors import Color
from fviz.types import Array, Parameterization, Size


def fourier(
  size: Size,
  channels: int = 3,
  n: int = 1,
  decay: float = 1.0,
  sd: float = 0.01,
  color: Color = None,
  alpha: bool = False,
) -> Parameterization:
  """A spectrum scaled by 1 / frequency^decay (Olah et al. 2017, lucid).

  The parameters z are float32 [n, 2, channels, h, w // 2 + 1], real and
  imaginary part, and start from N(0, sd^2). Before the colour map, the image is
  irfft2(s z) / 4, where s = sqrt(w h) / max(f, 1 / max(w, h))^decay and f is in
  cycles per pixel. This is lucid's, except for odd widths. A decay of 1 is as
  published, more gives larger forms.

  >>> p = fourier((4, 5))
  >>> params = p.init(jax.random.key(0))
  >>> params.shape, p.images(params).shape
  ((1, 2, 3, 4, 3), (1, 4, 5, 3))
  """
  h, w = sizes_and_colors.checked(size, channels, n, sd)
  checks.check_number('decay', decay)
  channels, to_rgb = sizes_and_colors.mapped(color, channels, alpha)
  shape = (n, 2, channels, h, w // 2 + 1)
  init = lambda key: sd * jax.random.normal(key, shape)
  images = lambda z: to_rgb(natural_images.from_spectrum(z, h, w, decay))
  return Parameterization(init, images)


def maco(
  size: Size,
  channels: int = 3,
  n: int = 1,
  photos: str = '',
  color: Color = None,
) -> Parameterization:
  """A spectrum of natural magnitude, of which only the phase is optimized.

  This is MaCo (Fel et al. 2023): x = irfft2(r e^(i phase)). As in its
  libraries, the phase starts from N(0, 1), and phase and image (before the
  colour map) are standardized over each image. The parameters are the phases,
  [n, channels, h, w // 2 + 1].

  `photos` is a folder of photos, whose mean magnitude is r; '' stands for that
  of ImageNet, see `natural_images.spectrum`.

  >>> p = maco((4, 5))
  >>> params = p.init(jax.random.key(0))
  >>> params.shape, p.images(params).shape
  ((1, 3, 4, 3), (1, 4, 5, 3))
  """
  h, w = sizes_and_colors.checked(size, channels, n, 0)
  color = sizes_and_colors.made(color)
  magnitude = natural_images.spectrum((h, w), channels)
  if not isinstance(photos, (str, os.PathLike)):
    raise FvizError(f'photos must be a folder, not {checks.shown(photos)}.')
  if photos:
    magnitude = _spectrum_of(photos, (h, w), channels, color)

  def images(params):
    spectrum = magnitude * jnp.exp(1j * _standardized(params))
    t = jnp.fft.irfft2(spectrum, s=(h, w))
    return color.to_rgb(_standardized(jnp.transpose(t, (0, 2, 3, 1))))

  shape = (n, channels, h, w // 2 + 1)
  return Parameterization(lambda key: jax.random.normal(key, shape), images)


def to_spectrum(t: Array, decay: float) -> Array:
  """The parameters of `fourier` that are [n, h, w, c] before the colour map."""
  h, w = t.shape[1:3]
  spectrum = jnp.fft.rfft2(jnp.transpose(t, (0, 3, 1, 2)))
  params = jnp.stack([spectrum.real, spectrum.imag], 1)
  return 4 * params / natural_images.falloff(h, w, decay)


def _standardized(x: Array) -> Array:
  """x with mean 0 and deviation 1 over each image."""
  axes = tuple(range(1, x.ndim))
  mean = jnp.mean(x, axes, keepdims=True)
  sd = jnp.sqrt(jnp.mean((x - mean) ** 2, axes, keepdims=True) + 1e-12)
  return (x - mean) / (sd + 1e-5)


def _spectrum_of(
  folder: str, size: tuple[int, int], channels: int, color: colors.Color
) -> Array:
  """The mean magnitude of a folder's photos, before the colour map."""
  pictures = photo_folders.statistics(folder).photos
  if channels == 1:
    pictures = pictures.mean(-1, keepdims=True)
  elif channels != 3:
    raise FvizError(
      f'Photos have 3 channels, or 1 as grey, not {channels}: leave photos out.'
    )
  return photo_folders.measured_spectrum(pictures, size, color.from_rgb)
