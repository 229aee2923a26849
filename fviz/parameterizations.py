"""Images as functions of what is optimized.

A parameterization is a preconditioner: the same images are reachable from
all, but the steepest way differs (Olah et al. 2017).
"""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from fviz import checks, natural, parsing
from fviz import color as colors
from fviz.errors import FvizError, unknown
from fviz.types import Array, Parameterization

__all__ = ['pixels', 'fourier', 'laplacian', 'shared', 'cppn', 'maco']

Size = int | tuple[int, int]
Map = colors.Color | str | None


def pixels(
  size: Size,
  channels: int = 3,
  n: int = 1,
  sd: float = 0.01,
  color: Map = None,
  alpha: bool = False,
) -> Parameterization:
  """One number a pixel and channel, [n, h, w, channels], from N(0, sd^2).

  Args:
    size: side, or (height, width).
    channels: of the images.
    n: images.
    sd: standard deviation of the start.
    color: a colour map or its name; decorrelated by default.
    alpha: one channel more, the opacity; for `transforms.composite`.

  >>> p = pixels((4, 5), n=2)
  >>> p.images(p.init(jax.random.key(0))).shape
  (2, 4, 5, 3)
  """
  h, w = _checked(size, channels, n, sd)
  channels, to_rgb = _mapped(color, channels, alpha)
  shape = (n, h, w, channels)
  return Parameterization(
    lambda key: sd * jax.random.normal(key, shape), to_rgb
  )


def fourier(
  size: Size,
  channels: int = 3,
  n: int = 1,
  decay: float = 1.0,
  sd: float = 0.01,
  color: Map = None,
  alpha: bool = False,
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
  channels, to_rgb = _mapped(color, channels, alpha)
  shape = (n, 2, channels, h, w // 2 + 1)
  return Parameterization(
    lambda key: sd * jax.random.normal(key, shape),
    lambda params: to_rgb(_from_spectrum(params, h, w, decay)),
  )


def laplacian(
  size: Size,
  channels: int = 3,
  n: int = 1,
  levels: int = 4,
  sd: float = 0.01,
  color: Map = None,
  alpha: bool = False,
) -> Parameterization:
  """A sum of pixels at 1, 1/2, 1/4, ... of the size (lucid).

  The parameters are a tuple of [n, h / 2^k, w / 2^k, channels], rounded up,
  from N(0, sd^2); each is made larger bilinearly.

  >>> p = laplacian((4, 5), levels=2)
  >>> [x.shape for x in p.init(jax.random.key(0))]
  [(1, 4, 5, 3), (1, 2, 3, 3)]
  """
  if not isinstance(levels, int) or levels < 1:
    raise FvizError(f'levels must be an integer from 1 on, not {levels!r}.')
  h, w = _checked(size, channels, n, sd)
  channels, to_rgb = _mapped(color, channels, alpha)
  tensors = [(n, 2**k) for k in range(levels)]
  raw = _sum((h, w), channels, n, tensors, sd)
  return Parameterization(raw.init, lambda params: to_rgb(raw.images(params)))


def shared(
  size: Size,
  channels: int = 3,
  n: int = 6,
  decay: float = 1.0,
  tensors: Sequence[tuple[int, int]] = (
    (1, 2),
    (1, 4),
    (1, 8),
    (2, 8),
    (1, 16),
    (2, 16),
  ),
  sd: float = 0.01,
  color: Map = None,
  alpha: bool = False,
) -> Parameterization:
  """Fourier images that share tensors of low resolution (lucid).

  For series that belong together (Mordvintsev et al. 2018, aligned
  interpolation): what the images have in common is learned once. Gradient
  conditioning per image does not apply, as not all leaves have n images.

  Args:
    size: as for `fourier`, and so are channels, decay, sd, color, alpha.
    n: images.
    tensors: (b, k) each: [b, h / k, w / k, channels], made [n, h, w, channels]
      bilinearly, along the images too.

  >>> p = shared(16, n=3, tensors=((1, 2),))
  >>> p.images(p.init(jax.random.key(0))).shape
  (3, 16, 16, 3)
  """
  h, w = _checked(size, channels, n, sd)
  channels, to_rgb = _mapped(color, channels, alpha)
  own = fourier((h, w), channels, n, decay, sd, _RAW)
  common = _sum((h, w), channels, n, tensors, sd)

  def init(key):
    first, second = jax.random.split(key)
    return own.init(first), common.init(second)

  return Parameterization(
    init,
    lambda params: to_rgb(own.images(params[0]) + common.images(params[1])),
  )


def cppn(
  size: Size,
  channels: int = 3,
  n: int = 1,
  layers: int = 8,
  width: int = 24,
  color: Map = 'sigmoid',
  alpha: bool = False,
) -> Parameterization:
  """A small network from coordinates to colours (Mordvintsev et al. 2018).

  The shorter side runs from -sqrt(3) to sqrt(3). `layers` layers of `width`
  channels, each with [atan(x) / .67, atan(x)^2 / .6] behind it; the last one,
  to the colours, starts at zero. The parameters, (weights [n, in, out], bias
  [n, out]) a layer, do not know the size: draw them at another one.

  >>> small, large = cppn(8), cppn((16, 24))
  >>> large.images(small.init(jax.random.key(0))).shape
  (1, 16, 24, 3)
  """
  h, w = _checked(size, channels, n, 0)
  for name, value in dict(layers=layers, width=width).items():
    if not isinstance(value, int) or value < 1:
      raise FvizError(f'{name} must be an integer from 1 on, not {value!r}.')
  channels, to_rgb = _mapped(color, channels, alpha)
  inputs = (2, *(2 * width,) * (layers - 1))

  def init(key):
    params = []
    for i, fan_in in enumerate(inputs):
      k1, k2 = jax.random.split(jax.random.fold_in(key, i))
      weights = jax.random.normal(k1, (n, fan_in, width)) / np.sqrt(fan_in)
      params.append((weights, 0.1 * jax.random.normal(k2, (n, width))))
    last = jnp.zeros([n, 2 * width, channels]), jnp.zeros([n, channels])
    return (*params, last)

  def images(params):
    x = _coordinates(h, w)
    x = jnp.broadcast_to(x, (n, h * w, 2))
    for weights, bias in params[:-1]:
      x = jnp.arctan(_dense(x, weights, bias))
      x = jnp.concatenate([x / 0.67, x**2 / 0.6], -1)
    return to_rgb(_dense(x, *params[-1]).reshape(n, h, w, channels))

  return Parameterization(init, images)


def maco(
  size: Size,
  channels: int = 3,
  n: int = 1,
  photos: str = '',
  color: Map = None,
) -> Parameterization:
  """A spectrum of natural magnitude, of which only the phase is optimized.

  MaCo (Fel et al. 2023): x = irfft2(r e^(i phase)). As in its libraries, the
  phase starts from N(0, 1) and is standardized over the image, and so is the
  image before the colour map; both per image. The parameters are phases,
  [n, channels, h, w // 2 + 1].

  Args:
    size: side, or (height, width).
    channels: of the images.
    n: images.
    photos: a folder whose photos' mean magnitude is r; '' for ImageNet's, in
      the closed form of `natural.spectrum`.
    color: a colour map or its name; decorrelated by default.

  >>> p = maco((4, 5))
  >>> params = p.init(jax.random.key(0))
  >>> params.shape, p.images(params).shape
  ((1, 3, 4, 3), (1, 4, 5, 3))
  """
  h, w = _checked(size, channels, n, 0)
  color = _color(color)
  magnitude = natural.spectrum((h, w), channels)
  if photos:
    magnitude = _spectrum_of(photos, (h, w), channels, color)

  def images(params):
    phase = _standardized(params)
    spectrum = magnitude * jnp.exp(1j * phase)
    t = jnp.fft.irfft2(spectrum, s=(h, w))
    return color.to_rgb(_standardized(jnp.transpose(t, (0, 2, 3, 1))))

  shape = (n, channels, h, w // 2 + 1)
  return Parameterization(lambda key: jax.random.normal(key, shape), images)


def from_images(
  images: Array,
  kind: str = 'fourier',
  decay: float = 1.0,
  sd: float = 0.0,
  color: Map = None,
) -> Parameterization:
  """A parameterization that starts from images [n, h, w, c] in [0, 1].

  Colours come back to within the 1e-3 that keeps the logit finite. `sd` is
  noise on the parameters.

  Args:
    images: [n, h, w, c].
    kind: 'fourier' or 'pixels', those with an inverse.
    decay: as for `fourier`.
    sd: as for both.
    color: as for both.

  >>> p = from_images(jnp.full([1, 4, 5, 3], 0.25), 'pixels')
  >>> print(p.images(p.init(jax.random.key(0)))[0, 0, 0].round(3))
  [0.25 0.25 0.25]
  """
  if kind not in ('fourier', 'pixels'):
    raise unknown('parameterization', kind, ('fourier', 'pixels'))
  images = jnp.asarray(images, jnp.float32)
  n, h, w, channels = images.shape
  start = _color(color).from_rgb(images)
  if kind == 'fourier':
    start = _to_spectrum(start, decay)
    base = fourier((h, w), channels, n, decay, sd, color)
  else:
    base = pixels((h, w), channels, n, sd, color)
  return Parameterization(lambda key: start + base.init(key), base.images)


def masked(
  base: Parameterization, images: Array, free: Array
) -> Parameterization:
  """Images some of whose pixels are clamped (Lewis 1988).

  Args:
    base: what is optimized.
    images: [n, h, w, c] in [0, 1], what the clamped pixels are.
    free: where base shows, in [0, 1], broadcasts to images.

  >>> p = masked(pixels(4), jnp.ones([1, 4, 4, 3]), jnp.zeros([4, 4, 1]))
  >>> print(p.images(p.init(jax.random.key(0))).min())
  1.0
  """
  return Parameterization(
    base.init,
    lambda params: free * base.images(params) + (1 - free) * images,
  )


_RAW = colors.Color(lambda t: t, lambda rgb: rgb)


def _sum(size, channels, n, tensors, sd) -> Parameterization:
  """The sum of [b, h / k, w / k, c] made [n, h, w, c], before any colours."""
  h, w = size
  shapes = [(b, -(-h // k), -(-w // k), channels) for b, k in tensors]

  def init(key):
    keys = jax.random.split(key, len(shapes))
    return tuple(
      sd * jax.random.normal(k, s) for k, s in zip(keys, shapes, strict=True)
    )

  def images(params):
    shape = (n, h, w, channels)
    return sum(jax.image.resize(p, shape, 'linear') for p in params)

  return Parameterization(init, images)


def _dense(x: Array, weights: Array, bias: Array) -> Array:
  x = jnp.einsum('npi,nio->npo', x, weights, precision='highest')
  return x + bias[:, None]


def _coordinates(h: int, w: int) -> Array:
  """[h * w, 2]; the shorter side has unit variance."""
  least = max(min(h, w), 2)
  step = 2 * np.sqrt(3) / (least - 1)
  y, x = ((np.arange(m) - (m - 1) / 2) * step for m in (h, w))
  grid = np.stack(np.meshgrid(y, x, indexing='ij'), -1).reshape(-1, 2)
  return jnp.asarray(grid, jnp.float32)


def _standardized(x: Array) -> Array:
  axes = tuple(range(1, x.ndim))
  mean = jnp.mean(x, axes, keepdims=True)
  sd = jnp.sqrt(jnp.mean((x - mean) ** 2, axes, keepdims=True) + 1e-12)
  return (x - mean) / (sd + 1e-5)


def _spectrum_of(folder, size, channels, color) -> Array:
  pictures = natural.statistics(folder).photos
  if channels == 1:
    pictures = pictures.mean(-1, keepdims=True)
  elif channels != 3:
    raise FvizError(
      f'Photos have 3 channels, or 1 as grey, not {channels}: leave photos out.'
    )
  return natural.measured_spectrum(pictures, size, color.from_rgb)


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
  f = np.maximum(natural.frequencies(h, w), 1 / max(w, h))
  return np.float32(np.sqrt(w * h)) / jnp.float32(f) ** decay


def _color(color: Map) -> colors.Color:
  if color is None:
    return colors.decorrelated()
  if not isinstance(color, str):
    return color
  (made,) = parsing.parse(color, colors)
  return made


def _mapped(color: Map, channels: int, alpha: bool):
  """(channels with alpha, colours of them)."""
  color = _color(color)
  if not alpha:
    return channels, color.to_rgb
  return channels + 1, colors.with_alpha(color).to_rgb


def _checked(size, channels, n, sd) -> tuple[int, int]:
  h, w = size if isinstance(size, (tuple, list)) else (size, size)
  for name, value in dict(h=h, w=w, channels=channels, n=n).items():
    if not isinstance(value, (int, np.integer)) or value < 1:
      raise FvizError(f'{name} must be an integer from 1 on, not {value!r}.')
  checks.check('sd', sd, 0)
  return int(h), int(w)
