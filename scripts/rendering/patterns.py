"""Classes that fill the plane: printed, drawn and computed patterns."""

import functools

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from scripts.rendering import blocks as bk
from scripts.rendering import shapes as sd


@bk.texture((1.5, 3.2), tilt=0.7)
def checker(g, x, y, px):
  """A two-coloured chessboard."""
  s = np.sin(np.pi * x) * np.sin(np.pi * y)
  dark, light = g.color(0.03, 0.3), g.color(0.6, 0.95)
  return bk.mix(dark, light, bk.edge(-s, px * 3)) * (1 + 0.04 * g.noise(1.0))


# Constants whose Julia sets are connected and full of spirals.
_JULIA = np.array(
  [(-0.4, 0.6), (0.285, 0.01), (-0.7018, -0.3842), (-0.7269, 0.1889),
   (-0.8, 0.156), (-0.75, 0.11), (0.355, 0.355), (-0.12, 0.75)],
  np.float32,
)  # fmt: skip


@bk.texture((0.75, 1.35), np.pi, 0.0, 0.15)
def julia(g, x, y, px):
  """A Julia set, coloured by escape time."""
  c = _JULIA[g.integer(0, len(_JULIA) - 1).astype(int)]
  cx, cy = c[..., 0] + 0 * x, c[..., 1] + 0 * x
  zx, zy, n = x.copy(), y.copy(), np.zeros_like(x)
  near = np.full_like(x, 9)
  for _ in range(30):
    xx, yy = zx * zx, zy * zy
    n += xx + yy < 40
    near = np.minimum(near, xx + yy)
    zx, zy = xx - yy + cx, 2 * zx * zy + cy
    np.clip(zx, -30, 30, out=zx)
    np.clip(zy, -30, 30, out=zy)
  smooth = n - np.log2(np.log2(zx * zx + zy * zy + 2) + 0.1) * 0.5
  t = np.log2(np.clip(smooth, 1, 40)) / 4.9
  dark, bright = g.color(0.03, 0.22), g.color(0.35, 0.65)
  ramp = [dark, bright, bk.WHITE, g.color(0.4, 0.7), dark * 0.6]
  rgb = g.gradient(np.clip((t - 0.25) * 1.45, 0, 1), ramp)
  # The inside by how close the orbit comes to the origin.
  inside = g.gradient(np.sqrt(near) * 1.2, [g.color(0.3, 0.7), dark, bright])
  return np.where(n >= 30, inside, rgb)


@bk.texture((1.0, 1.25), np.pi, 0.0, 0.1)
def mandala(g, x, y, px):
  """Concentric wreaths of petals, beads and arcs of one symmetry."""
  r, theta = sd.polar(x, y)
  n = g.choose(8, 8, 10, 12)
  a = sd.fold(theta, n)
  half = sd.fold(theta + np.pi / n, n)
  colors = [g.color(0.25, 0.8) for _ in range(4)]
  rgb = g.color(0.03, 0.25) + 0 * x
  ink = g.choose(bk.INK, bk.WHITE, g.tint((0.95, 0.75, 0.25), 0.05))

  def layer(rgb, d, color):
    rgb = bk.mix(rgb, ink, bk.edge(d - 0.025, px))
    return bk.mix(rgb, color, bk.edge(d, px))

  def petal(angle, inner, outer, width):
    u = (r - inner) / (outer - inner)
    w = width * np.sqrt(np.clip(u * (1 - u) * 4, 0, 1)) * (1.2 - 0.5 * u)
    return np.maximum(np.abs(angle) * r - w, np.abs(u - 0.5) * 0.6 - 0.3)

  def bead(angle, at, size):
    return sd.circle(r - at, angle * r, size)

  rgb = layer(rgb, r - 1.2, colors[0] * 0.6)
  rgb = layer(rgb, petal(half, 0.6, 1.2, 2.3 / n), colors[1])
  rgb = layer(rgb, petal(a, 0.55, 1.1, 2.2 / n), colors[2])
  rgb = layer(rgb, petal(a, 0.62, 0.98, 1.1 / n), colors[0])
  rgb = layer(rgb, bead(half, 1.1, 0.055), colors[3])
  rgb = layer(rgb, r - 0.62, colors[3])
  rgb = layer(rgb, bead(a, 0.53, 0.06), colors[1])
  rgb = layer(rgb, petal(half, 0.05, 0.5, 1.3 / n), colors[0])
  rgb = layer(rgb, petal(a, 0.05, 0.4, 1.0 / n), colors[2])
  return layer(rgb, r - 0.13, colors[3])


@bk.texture((1.4, 3.0))
def polka(g, x, y, px):
  """Flat dots on a plain ground."""
  v = y * 1.15
  u = x + 0.5 * (np.floor(v) % 2)
  fx, fy = bk.fract(u) - 0.5, (bk.fract(v) - 0.5) / 1.15
  d = sd.circle(fx, fy, g.uniform(0.24, 0.34))
  key = bk.cell_hash(np.floor(u), np.floor(v), g.seed())
  ground = g.choose(g.color(0.03, 0.25), g.color(0.7, 0.95))
  one, many = g.color(0.35, 0.65), g.gradient(np.floor(key * 3) / 2, n=3)
  return bk.mix(ground, bk.mix(one, many, g.chance(0.4)), bk.edge(d, px))


@bk.texture((0.8, 1.4), np.pi, 0.2, 0.5)
def rings(g, x, y, px):
  """A target of concentric rings."""
  x, y = (x + 1.6) % 3.2 - 1.6, (y + 1.6) % 3.2 - 1.6
  t = sd.length(x, y) * g.uniform(3.5, 5.5)
  k = np.floor(t)
  a, b = g.color(0.03, 0.35), g.color(0.55, 0.95)
  third = g.gradient(bk.cell_hash(k, 0 * k, g.seed()), n=3)
  even = np.where(k % 2 > 0, a, bk.mix(b, third, g.chance(0.5)))
  gap = 0.5 - np.abs(bk.fract(t) - 0.5)
  return bk.mix(even, bk.INK, 0.5 * bk.edge(gap - 0.05, px * 3))


@bk.texture((0.8, 1.4), np.pi, 0.2, 0.5)
def spiral(g, x, y, px):
  """One or two arms winding out of the centre."""
  x, y = (x + 1.6) % 3.2 - 1.6, (y + 1.6) % 3.2 - 1.6
  r, theta = sd.polar(x, y)
  wind = np.where(
    g.chance(0.35) > 0, np.log(r + 0.03) * g.uniform(4, 6), r * g.uniform(9, 13)
  )
  turn = theta * g.choose(1, 2) * g.choose(-1, 1)
  s = np.sin(turn + wind)
  a, b = g.color(0.03, 0.35), g.color(0.55, 0.95)
  rgb = bk.mix(a, b, np.clip(0.5 + 1.6 * s, 0, 1))
  return bk.lit(g, rgb, s * 0.05, px, 0.8, 0.5, 0.1)


@bk.texture((0.9, 1.6), 0.9, 0.2)
def tartan(g, x, y, px):
  """Woollen cloth: broad bands crossing at right angles, thin lines."""
  ground, broad, thin = g.color(0.15, 0.5), g.color(0.02, 0.3), g.color(0.5, 1)
  accent = g.color(0.4, 0.9)
  w = g.uniform(0.3, 0.5)

  def threads(t):
    rgb = ground + 0 * t
    rgb = bk.mix(rgb, broad, bk.stripe(t, w, px))
    rgb = bk.mix(rgb, thin, bk.stripe(t + 0.5, 0.07, px))
    return bk.mix(rgb, accent, bk.stripe(t, 0.07, px))

  twill = 0.5 + 0.25 * np.sign(np.sin((x + y) * (2.2 / px)))
  return bk.mix(threads(x), threads(y), twill) * (1 + 0.04 * g.noise(0.3))


@functools.lru_cache(1)
def _letters():
  """Bold capitals and figures as masks [n, 32, 32]."""
  font = ImageFont.load_default(34)
  masks = []
  for letter in 'ABCDEFGHKLMNPRSTUVXYZ2345679&?':
    image = Image.new('L', (32, 32))
    draw = ImageDraw.Draw(image)
    draw.text(
      (16, 16), letter, font=font, fill=255, anchor='mm', stroke_width=1
    )
    masks.append(np.asarray(image, np.float32) / 255)
  return np.stack(masks)


@bk.texture((1.5, 2.6), 0.25, 0.2)
def text(g, x, y, px):
  """Lines of bold print."""
  atlas = _letters()
  y = y * 0.8
  i, j = np.floor(x), np.floor(y)
  u = np.clip((bk.fract(x) - 0.04) * 34, 0, 30.99)
  v = np.clip((0.92 - bk.fract(y)) * 38, 0, 30.99)
  key = bk.cell_hash(i, j, g.seed())
  glyph = (key * len(atlas)).astype(int)
  iu, iv = u.astype(int), v.astype(int)
  fu, fv = u - iu, v - iv
  top = bk.mix(atlas[glyph, iv, iu], atlas[glyph, iv, iu + 1], fu)
  low = bk.mix(atlas[glyph, iv + 1, iu], atlas[glyph, iv + 1, iu + 1], fu)
  mask = bk.mix(top, low, fv)
  mask = mask * (bk.cell_hash(i, j, g.seed()) > 0.08)
  paper, ink = g.color(0.75, 0.97), g.color(0.02, 0.2)
  swap = g.chance(0.3)
  paper, ink = bk.mix(paper, ink, swap), bk.mix(ink, paper, swap)
  return bk.mix(paper * (1 + 0.03 * g.noise(1.0)), ink, mask)


@bk.texture((0.8, 1.25), np.pi, 0.0, 0.3)
def web(g, x, y, px):
  """An orb web: straight spokes, sagging threads, drops of dew."""
  night = g.gradient(
    0.5 + 0.25 * g.noise(1.8),
    [
      g.color(0.02, 0.12),
      g.choose(
        g.tint((0.06, 0.16, 0.12), 0.04), g.tint((0.08, 0.1, 0.22), 0.04)
      ),
    ],
  )
  r, theta = sd.polar(x, y)
  n = g.integer(9, 12)
  a = sd.fold(theta, n) * (n / np.pi)
  spoke = (1 - np.abs(a)) * (np.pi / n) * r
  sagged = r * (1.0 + 0.16 * (1 - a * a))
  k = g.uniform(4.6, 6)
  ring = np.abs(bk.fract(sagged * k) - 0.5) / k
  thread = np.minimum(spoke, ring) - g.uniform(0.010, 0.018)
  silk = g.tint((0.92, 0.95, 0.97), 0.04)
  rgb = bk.mix(night, silk, 0.25 * bk.edge(thread - 0.03, 0.04))
  rgb = bk.mix(rgb, silk, bk.edge(thread, px))
  drop = sd.length(spoke, ring) - 0.035
  return bk.mix(rgb, bk.WHITE, bk.edge(drop, px))
