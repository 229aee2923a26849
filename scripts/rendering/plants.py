"""Classes of objects: leaves, trees, a cactus, a cone."""

import numpy as np

from scripts.rendering import blocks as bk
from scripts.rendering import shapes as sd

_LEAF = (0.24, 0.52, 0.10)


@bk.thing(0.12, (1.1, 1.4))
def cactus(g, x, y, px):
  """A saguaro with two arms and ribs."""
  c = bk.Canvas(g, px)
  green = g.tint((0.2, 0.5, 0.22), 0.1)
  left, right = g.uniform(-0.3, 0.1), g.uniform(-0.15, 0.3)
  trunk = sd.segment(x, y, 0, -1.2, 0, 0.8) - 0.29
  for side, low in ((-1, left), (1, right)):
    elbow = ((side * 0.1, low), (side * 0.72, low), (side * 0.72, low + 0.6))
    arm = sd.polyline(x, y, elbow) - 0.17
    rib = 0.75 + 0.35 * np.cos(arm * 44)
    c.paint(arm, green * rib * (0.55 + 0.5 * bk.bump(arm, 0.17)), ink=0.03)
  rib = 0.78 + 0.32 * np.cos(x * 40)
  c.paint(trunk, green * rib * (0.5 + 0.55 * bk.bump(trunk, 0.29)), ink=0.03)
  flower = g.choose(g.tint((0.95, 0.3, 0.5)), g.tint((0.98, 0.8, 0.2)))
  r, theta = sd.polar(x, y - 1.1)
  c.paint(r - 0.2 - 0.06 * np.cos(6 * theta), flower * (0.6 + 2 * r), ink=0.02)
  return c


@bk.thing(np.pi, (0.95, 1.2))
def fern(g, x, y, px):
  """A frond: narrow separate leaflets on both sides of a stem."""
  c = bk.Canvas(g, px)
  x = x + g.uniform(-0.25, 0.25) * (y + 1) * (y + 1) * 0.5
  ax = np.abs(x)
  reach = 0.9 * np.clip((1.2 - y) / 2.2, 0.02, 1) ** np.float32(0.8)
  n = g.uniform(3.6, 4.8)
  t = (y - 0.45 * ax) * n + 0.25 * np.sign(x)
  f = bk.fract(t) - 0.5
  u = np.clip(ax / reach, 0, 1)
  w = 0.36 * np.sqrt(1 - u) * (0.8 + 0.2 * np.cos(ax * 40))
  d = np.maximum((np.abs(f) - w) / n, ax - reach)
  d = np.maximum(d, np.abs(y + 0.05) - 1.15)
  green = g.tint((0.2, 0.5, 0.1), 0.08)
  c.paint(d, green * (0.6 + 0.9 * np.clip(f + 0.5, 0, 1)), ink=0.012)
  c.paint(sd.segment(x, y, 0, -1.35, 0, 1.1) - 0.03, green * 0.45)
  return c


@bk.thing(np.pi, (0.95, 1.2))
def leaf(g, x, y, px):
  """One broad toothed leaf with pale veins."""
  c = bk.Canvas(g, px)
  x = x + 0.12 * y * y * g.uniform(-1, 1)
  t = np.clip((y + 0.85) / 1.95, 0, 1)
  w = g.uniform(1.5, 1.8) * np.sqrt(t) * (1 - t) * (1.2 - 0.4 * t)
  teeth = bk.fract(y * g.uniform(4, 6))
  ax = np.abs(x)
  d = np.maximum(ax - w + 0.07 * teeth * (t < 0.93), np.abs(y - 0.125) - 0.975)
  d = d * 0.75
  base = g.choose(
    g.tint(_LEAF, 0.1),
    g.tint(_LEAF, 0.1),
    g.tint((0.85, 0.4, 0.05)),
    g.tint((0.75, 0.12, 0.06)),
    g.tint((0.9, 0.7, 0.1)),
  )
  s = np.abs(bk.fract((y - 0.75 * ax) * 3.3) - 0.5)
  blade = base * (0.62 + 0.75 * s + 0.14 * np.sign(x)) * (1 + 0.06 * g.noise())
  c.paint(sd.segment(x, y, 0, -0.8, 0.1, -1.3) - 0.045, base * 0.6, ink=0.02)
  c.paint(d, blade, ink=0.03)
  vein = np.minimum(s / 3.3 - 0.012, ax - 0.035 * (1.2 - t))
  c.over(np.maximum(vein, d + 0.04), np.clip(base * 1.5 + 0.2, 0, 1))
  return c


@bk.thing(0.15)
def palm(g, x, y, px):
  """A palm: bent ringed trunk, a crown of drooping fronds."""
  c = bk.Canvas(g, px)
  lean = g.uniform(-0.35, 0.35)
  t = np.clip((y + 1.25) / 1.75, 0, 1)
  trunk = np.abs(x - lean * (1 - t) ** 2) - (0.13 - 0.05 * t)
  trunk = np.maximum(trunk, np.abs(y + 0.4) - 0.85)
  bark = g.tint((0.55, 0.38, 0.2)) * (0.65 + 0.45 * np.sign(np.sin(y * 38)))
  c.paint(trunk, bark, ink=0.025)
  green = g.tint((0.16, 0.5, 0.12), 0.08)
  for k, (ex, ey) in enumerate(
    ((1.05, -0.35), (1.15, 0.25), (0.85, 0.85), (0.3, 1.15), (0.5, -0.55))
  ):
    ax = np.abs(x + 0.02 * k)
    n = np.float32(1 / np.hypot(ex, ey))
    u = (ax * ex + (y - 0.45) * ey) * n * n
    v = (-ax * ey + (y - 0.45) * ex) * n
    v = v + 0.45 * u * (u - 0.55)
    w = 0.17 * np.sqrt(np.clip(u * (1 - u) * 4, 0, 1))
    comb = 0.35 + 0.9 * bk.wave(u * 9 - np.abs(v) * 4)
    d = np.maximum(np.abs(v) - w * (0.55 + 0.45 * comb), np.abs(u - 0.5) - 0.5)
    c.paint(d, green * comb * (1.1 - 0.1 * k), ink=0.012)
  return c


@bk.thing(np.pi, (0.95, 1.2))
def pinecone(g, x, y, px):
  """A cone of overlapping woody scales in two spirals."""
  c = bk.Canvas(g, px)
  w = 0.86 * np.sqrt(np.clip(1 - (y * 0.88) ** 2, 0, 1)) * (1 - 0.22 * y)
  d = np.maximum(np.abs(x) - w, np.abs(y) - 1.12) * 0.8
  q = x / (w + 1e-3)
  u = np.arcsin(np.clip(q, -1, 1)) * 2.1
  a, b = bk.fract(u + y * 2.9), bk.fract(u - y * 2.9)
  tip = (1 - a) * b
  rgb = g.gradient(
    0.06 + 1.15 * np.sqrt(tip),
    [
      g.tint((0.12, 0.05, 0.02), 0.03),
      g.tint((0.5, 0.27, 0.1), 0.06),
      g.tint((0.88, 0.64, 0.36), 0.06),
    ],
  )
  c.paint(d, rgb * np.sqrt(np.clip(1.08 - q * q, 0.08, 1)), ink=0.03)
  return c


@bk.thing(0.1)
def tree(g, x, y, px):
  """A broad round crown of leaves on a forked trunk."""
  c = bk.Canvas(g, px)
  bark = g.tint((0.36, 0.2, 0.09), 0.06)
  ax = np.abs(x)
  d = sd.taper(x, y, 0, -1.25, 0, -0.2, 0.2, 0.11)
  d = np.minimum(d, sd.taper(ax, y, 0.02, -0.5, 0.45, 0.1, 0.09, 0.04))
  d = np.minimum(d, sd.taper(ax, y, 0, -1.2, 0.32, -1.3, 0.1, 0.03))
  c.paint(d, bark * (0.75 + 0.3 * np.sin(x * 34 + 3 * y)), ink=0.03)
  crown = g.choose(
    g.tint((0.18, 0.45, 0.1), 0.08),
    g.tint((0.18, 0.45, 0.1), 0.08),
    g.tint((0.85, 0.42, 0.06), 0.08),
    g.tint((0.93, 0.55, 0.68), 0.06),
  )
  wild = 0.05 * g.noise(1.0)
  lump = bk.voronoi(x * 3.4 + 7, y * 3.4 + 7, g.seed(), 0.8)
  for bx, by, r in (
    (0.62, 0.0, 0.42),
    (0.0, 0.1, 0.5),
    (0.5, 0.5, 0.46),
    (0.0, 0.72, 0.46),
  ):
    d = sd.circle(ax - bx, y - by, r) + wild
    light = 0.5 + 0.65 * np.clip((y - by + 0.35 * x) / r * 0.6 + 0.5, 0, 1)
    leaf = crown * light * (1.4 - 0.7 * lump.first)
    c.paint(d, leaf, ink=0.025)
  return c
