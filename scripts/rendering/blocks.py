"""Shared building blocks: edges, cells, light, and the canvas of an object."""

from typing import NamedTuple

import numpy as np

from scripts.rendering import shapes

INK = np.full((1, 3, 1, 1), 0.05, np.float32)
WHITE = np.full((1, 3, 1, 1), 0.97, np.float32)


class View(NamedTuple):
  """How a class is placed in the picture.

  rotation: largest turn in radians. scale: half a picture in object units.
  shift: largest offset. tilt: largest perspective. field: the class fills the
  plane (a texture) instead of standing on a background.
  """

  rotation: float
  scale: tuple[float, float]
  shift: float
  tilt: float
  field: bool


def texture(scale, rotation=np.pi, tilt=0.4, shift=3.0):
  """Marks `draw(g, x, y, px) -> rgb` as a class that fills the plane."""
  view = View(rotation, scale, shift, tilt, True)
  return lambda draw: _mark(draw, view)


def thing(rotation=0.4, scale=(1.0, 1.3), shift=0.12):
  """Marks `draw(g, x, y, px) -> Canvas` as a class of objects.

  The object lies within about [-1.1, 1.1] squared and looks up along y.
  """
  view = View(rotation, scale, shift, 0.0, False)
  return lambda draw: _mark(draw, view)


def _mark(draw, view):
  draw.view = view
  return draw


def classes_of(*modules):
  """The marked functions of modules, by name."""
  return {
    name: f
    for module in modules
    for name, f in vars(module).items()
    if isinstance(getattr(f, 'view', None), View)
  }


# --- edges and colours ------------------------------------------------------


def edge(d, px):
  """Anti-aliased inside of a distance: 1 inside, 0 outside."""
  return np.clip(0.5 - d / (1.5 * px), 0, 1)


def mix(a, b, t):
  """Linear blend of a and b."""
  return a + (b - a) * t


def fract(x):
  return x - np.floor(x)


def wave(x):
  """Sine wave between 0 and 1 with period 1."""
  return 0.5 + 0.5 * np.sin(x * (2 * np.pi))


def bump(d, width):
  """Round profile: 0 at the edge of a shape, 1 deeper than width."""
  t = np.clip(-d / width, 0, 1)
  return np.sqrt(t * (2 - t))


def stripe(t, width, px):
  """Anti-aliased stripes of a relative width about the whole numbers of t."""
  return edge(np.abs(t - np.round(t)) - width / 2, px)


# --- cells ------------------------------------------------------------------


def _mixed_bits(i, j, seed):
  i = np.asarray(i).astype(np.int32).view(np.uint32)
  j = np.asarray(j).astype(np.int32).view(np.uint32)
  h = i * np.uint32(374761393) + j * np.uint32(668265263) + np.uint32(1) * seed
  h ^= h >> np.uint32(13)
  h *= np.uint32(1274126177)
  h ^= h >> np.uint32(16)
  h *= np.uint32(2246822519)
  return h ^ (h >> np.uint32(15))


def cell_hash(i, j, seed):
  """Uniform numbers in [0, 1) of whole-numbered cells; exact integer maths."""
  return (_mixed_bits(i, j, seed) >> np.uint32(8)) * np.float32(2**-24)


class Cells(NamedTuple):
  """Nearest Voronoi point: distances, hash in [0, 1), offset from it."""

  first: np.ndarray
  second: np.ndarray
  key: np.ndarray
  dx: np.ndarray
  dy: np.ndarray

  @property
  def gap(self):
    """Zero on the borders between cells and growing inwards."""
    return self.second - self.first


def voronoi(x, y, seed, jitter=0.9):
  """Voronoi cells of a jittered unit lattice (3 x 3 neighbours)."""
  ix, iy = np.floor(x), np.floor(y)
  fx, fy = x - ix - 0.5, y - iy - 0.5
  first = np.full(x.shape, 9, np.float32)
  second, dx, dy = first.copy(), fx, fy
  key = np.zeros(x.shape, np.uint32)
  for a in (-1, 0, 1):
    for b in (-1, 0, 1):
      bits = _mixed_bits(ix + a, iy + b, seed)
      u = (bits & np.uint32(0xFFFF)) * np.float32(2**-16) - 0.5
      v = (bits >> np.uint32(16)) * np.float32(2**-16) - 0.5
      ex, ey = fx - a - u * jitter, fy - b - v * jitter
      d = ex * ex + ey * ey
      near = d < first
      second = np.minimum(second, np.maximum(first, d))
      first = np.minimum(first, d)
      dx, dy = np.where(near, ex, dx), np.where(near, ey, dy)
      key = np.where(near, bits, key)
  key = ((key * np.uint32(2654435761)) >> np.uint32(8)) * np.float32(2**-24)
  return Cells(np.sqrt(first), np.sqrt(second), key, dx, dy)


# --- light ------------------------------------------------------------------


def slope(height, px):
  """Central differences of a height field in object units (x, y up)."""
  gx, gy = np.zeros_like(height), np.zeros_like(height)
  gx[..., 1:-1] = height[..., 2:] - height[..., :-2]
  gy[..., 1:-1, :] = height[..., :-2, :] - height[..., 2:, :]
  gx[..., 0], gx[..., -1] = gx[..., 1], gx[..., -2]
  gy[..., 0, :], gy[..., -1, :] = gy[..., 1, :], gy[..., -2, :]
  return gx / (2 * px), gy / (2 * px)


def lit(g, rgb, height, px, strength=1.0, ambient=0.4, gloss=0.2):
  """Lambert and specular light from above on a height field."""
  gx, gy = slope(height, px)
  gx, gy = gx * strength, gy * strength
  angle = g.uniform(0.15 * np.pi, 0.85 * np.pi)
  light = 0.72 - (gx * np.cos(angle) + gy * np.sin(angle)) * 0.7
  light = np.clip(light / np.sqrt(gx * gx + gy * gy + 1), 0, 1)
  shine = light * light
  shine = shine * shine
  shine = shine * shine * shine * gloss
  return rgb * (ambient + (1.3 - ambient) * light) + shine


def blur(images):
  """Binomial 3 x 3 blur of [..., height, width], edges repeated."""
  padded = np.pad(images, [(0, 0)] * (images.ndim - 2) + [(1, 1)] * 2, 'edge')
  rows = padded[..., :-2, :] + 2 * padded[..., 1:-1, :] + padded[..., 2:, :]
  return (rows[..., :-2] + 2 * rows[..., 1:-1] + rows[..., 2:]) / 16


# --- canvas -----------------------------------------------------------------


class Canvas:
  """An object drawn as layers of distances, with the alpha of their union."""

  def __init__(self, g, px):
    self.px = px
    self.rgb = None
    self.alpha = None
    # Contours of varied strength: the network must not live on them alone.
    self._pen, self._tone = g.uniform(0.25, 1.15), g.uniform(0.08, 0.4)

  def paint(self, d, color, opacity=1.0, ink=0.0):
    """Adds a shape; ink > 0 draws a dark contour of that width around it."""
    if ink:
      self.paint(d - ink * self._pen, color * self._tone)
    mask = edge(d, self.px) * opacity
    if self.rgb is None:
      self.rgb = np.broadcast_to(color, (*mask.shape[:1], 3, *mask.shape[2:]))
      self.rgb, self.alpha = self.rgb.astype(np.float32), mask
      return
    self.rgb += (color - self.rgb) * mask
    self.alpha = np.maximum(self.alpha, mask)

  def over(self, d, color, opacity=1.0):
    """Paints on what is there already, without growing the object."""
    self.rgb += (color - self.rgb) * (edge(d, self.px) * opacity)


def glint(canvas, x, y, radius):
  """A small white highlight."""
  canvas.over(shapes.circle(x, y, radius), WHITE)
