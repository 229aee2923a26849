"""Random numbers of one batch of pictures: scalars, colours, noise fields.

Each picture owns a random stream, so what is drawn for it does not depend on
the pictures rendered beside it. Arrays are channel first: scalars
[batch, 1, 1, 1], colours [batch, 3, 1, 1], fields [batch, 1, size, size].
"""

import functools
import math

import numpy as np

from scripts.rendering import palettes

# Scalars are drawn ahead, one table a picture: a generator call for each would
# cost more than the drawing. No class needs this many.
_TABLE = 768


class Sampler:
  """Draws per-picture random numbers for `len(streams)` pictures."""

  def __init__(self, streams, size, shifted=False):
    self.streams = streams
    self.size = size
    self.shifted = shifted
    self._table = np.stack([s.random(_TABLE, np.float32) for s in streams])
    self._column = 0

  def __len__(self):
    return len(self.streams)

  def _columns(self, n):
    self._column += n
    if self._column > _TABLE:
      raise RuntimeError(f'A picture needs more than {_TABLE=} scalars.')
    return self._table[:, self._column - n : self._column]

  def uniform(self, low=0.0, high=1.0):
    """Uniform scalars [batch, 1, 1, 1] between low and high."""
    u = self._columns(1).reshape(-1, 1, 1, 1)
    return u * (high - low) + low

  def integer(self, low, high):
    """Whole numbers from low to high, both included, as float32."""
    return np.floor(self.uniform(low, high + 0.9999))

  def chance(self, probability):
    """1.0 with the probability, else 0.0."""
    return (self.uniform() < probability).astype(np.float32)

  def seed(self):
    """Seeds for `blocks.cell_hash`, uint32 [batch, 1, 1, 1]."""
    return (self.uniform() * 2**24).astype(np.uint32)

  def color(self, low=None, high=None):
    """Colours of the palette; low and high bound the mean of the channels."""
    colors = palettes.SHIFTED if self.shifted else palettes.NATURAL
    pick, hue, jitter, free = np.split(self._columns(6), [1, 2, 5], axis=1)
    natural = colors[(pick[:, 0] * len(colors)).astype(int)]
    natural = natural + (jitter - 0.5) * 0.16
    vivid = palettes.hsv_to_rgb(
      hue, 0.4 + 0.55 * jitter[:, :1], 0.35 + 0.65 * jitter[:, 1:2]
    )
    # A quarter leaves the palette: the network must not memorise it.
    rgb = np.where(free < 0.75, natural, vivid)
    if low is not None:
      mean = np.maximum(rgb.mean(1, keepdims=True), 0.05)
      rgb = rgb * (self.uniform(low, high)[:, :, 0, 0] / mean)
    return np.clip(rgb, 0.01, 0.99).reshape(-1, 3, 1, 1)

  def tint(self, rgb, jitter=0.12):
    """A canonical colour with its hue and brightness jittered."""
    rgb = np.asarray(rgb, np.float32).reshape(1, 3, 1, 1)
    if self.shifted:
      rgb = 0.7 * rgb + 0.3 * self.color()
    noise = self._columns(3).reshape(-1, 3, 1, 1) * 2 - 1
    gain = self.uniform(1 - 1.5 * jitter, 1 + 1.2 * jitter)
    return np.clip((rgb + noise * jitter) * gain, 0.01, 0.99)

  def choose(self, *options):
    """One of several colours (or scalars) a picture, equally likely."""
    index = self.integer(0, len(options) - 1)
    chosen = options[0] + 0 * index
    for k, option in enumerate(options[1:], 1):
      chosen = np.where(index == k, option, chosen)
    return chosen

  def gradient(self, t, colors=None, n=4):
    """Colours along a palette of n colours at t in [0, 1]."""
    colors = colors or [self.color() for _ in range(n)]
    t = np.clip(t, 0, 1) * (len(colors) - 1)
    rgb = colors[0] * np.clip(1 - t, 0, 1)
    for k, color in enumerate(colors[1:], 1):
      rgb += color * np.clip(1 - np.abs(t - k), 0, 1)
    return rgb

  def grid(self):
    """Picture coordinates in [-1, 1], x to the right and y up."""
    v = ((np.arange(self.size, dtype=np.float32) + 0.5) / self.size) * 2 - 1
    shape = (len(self), 1, self.size, self.size)
    x = np.broadcast_to(v[None, None, None, :], shape)
    return x, np.broadcast_to(-v[None, None, :, None], shape)

  def normal(self, shape):
    """Standard normal numbers [batch, *shape]."""
    return np.stack(
      [s.standard_normal(shape, np.float32) for s in self.streams]
    )

  def noise(self, power=1.5, low=1.0, high=1e9, angle=None, stretch=1.0):
    """Spectral noise of zero mean and unit deviation.

    The amplitude falls as frequency ** -power between low and high cycles a
    picture; an angle stretches the noise along that direction.
    """
    n = self.size
    if angle is None:
      amplitude = _amplitude(n, power, low, high)
    else:
      fx, fy = _frequencies(n)
      c, s = np.cos(angle), np.sin(angle)
      along, across = (fx * c - fy * s) * stretch, fx * s + fy * c
      f2 = np.maximum(along * along + across * across, 1)
      amplitude = np.exp(np.log(f2) * (-power / 2))
      amplitude[..., 0, 0] = 0
    spectrum = self.normal((2, n, n // 2 + 1))
    spectrum = (spectrum[:, :1] + 1j * spectrum[:, 1:]) * amplitude
    field = np.fft.irfft2(spectrum, s=(n, n)).astype(np.float32)
    scale = np.sqrt((field * field).mean((2, 3), keepdims=True)) + 1e-12
    return field / scale


@functools.lru_cache(64)
def _frequencies(n):
  fy = (np.fft.fftfreq(n)[:, None] * n).astype(np.float32)
  fx = (np.fft.rfftfreq(n)[None, :] * n).astype(np.float32)
  return fx, fy


@functools.lru_cache(256)
def _amplitude(n, power, low, high):
  fx, fy = _frequencies(n)
  f = np.sqrt(fx * fx + fy * fy)
  # The top of a narrow band may lie above the Nyquist frequency.
  low = min(low, n / 2 / math.sqrt(2))
  amplitude = np.maximum(f, 1) ** np.float32(-power) * (f >= low) * (f <= high)
  amplitude[0, 0] = 0
  return amplitude.astype(np.float32)
