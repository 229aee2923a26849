"""Classes of objects: flowers, fruit and a mushroom."""

import numpy as np

from scripts.rendering import blocks as bk
from scripts.rendering import shapes as sd


def _petals(canvas, r, theta, n, outer, width, inside, outside):
  """A wreath of n pointed petals, darker towards the centre."""
  a = sd.fold(theta, n)
  u = np.clip(r / outer, 0, 1)
  w = width * outer * np.sqrt(np.clip(1 - (2 * u - 1.0) ** 2, 0, 1))
  d = np.maximum(np.abs(a) * r - w, r - outer)
  rgb = bk.mix(inside, outside, u) * (0.62 + 0.42 * bk.bump(d, 0.14))
  canvas.paint(d, rgb * (1 - 0.1 * np.cos(a * (7 * n / np.pi))), ink=0.02)


@bk.thing(np.pi)
def citrus(g, x, y, px):
  """A slice of orange, lemon, lime or grapefruit."""
  c = bk.Canvas(g, px)
  r, theta = sd.polar(x, y)
  rind = g.choose(
    g.tint((0.98, 0.55, 0.03), 0.05),
    g.tint((0.98, 0.85, 0.1), 0.05),
    g.tint((0.45, 0.72, 0.1), 0.06),
    g.tint((0.95, 0.35, 0.2), 0.05),
  )
  n = g.integer(8, 10)
  a = sd.fold(theta, n)
  edge = np.abs((np.pi / n - np.abs(a)) * r)
  c.paint(r - 1.08, rind * 0.85, ink=0.02)
  c.over(r - 0.98, g.tint((0.99, 0.95, 0.8), 0.03))
  pulp = np.maximum(np.maximum(0.05 - edge, r - 0.88), 0.12 - r)
  vesicle = np.sin(a * n * 9 + 4 * np.sin(r * 9)) * np.sin(r * 22)
  c.over(pulp, rind * (0.86 + 0.16 * vesicle + 0.2 * r))
  return c


@bk.thing(np.pi)
def daisy(g, x, y, px):
  """Broad separate petals around a small domed centre."""
  c = bk.Canvas(g, px)
  r, theta = sd.polar(x, y)
  n = g.integer(7, 11)
  petal = g.choose(bk.WHITE + 0 * n, g.color(0.45, 0.9), g.color(0.4, 0.8))
  inside = g.choose(petal, g.color(0.3, 0.8))
  w = 1.35 / n
  _petals(c, r, theta + np.pi / n, n, 1.12, w, inside * 0.6, petal * 0.75)
  _petals(c, r, theta, n, 1.1, w, inside * 0.85, petal)
  size = g.uniform(0.26, 0.34)
  heart = g.tint((0.98, 0.74, 0.08), 0.06)
  c.over(r - size - 0.03, heart * 0.35)
  seeds = np.sin(x * 50) * np.sin(y * 50)
  c.over(r - size, heart * (0.85 + 0.2 * seeds) * (1.15 - 0.5 * r / size))
  return c


@bk.thing(0.3)
def mushroom(g, x, y, px):
  """A toadstool: spotted cap, white stem, ring."""
  c = bk.Canvas(g, px)
  stem = g.tint((0.95, 0.9, 0.78), 0.05)
  w = 0.22 + 0.1 * np.clip(-y, 0, 1.2) ** 2
  d = np.maximum(np.abs(x) - w, np.abs(y + 0.5) - 0.65)
  c.paint(d, stem * (0.6 + 0.5 * bk.bump(d, 0.25)), ink=0.03)
  under = sd.ellipse(x, y + 0.02, 0.98, 0.26)
  c.paint(under, stem * (0.55 + 0.2 * np.cos(x * 46)), ink=0.03)
  cap = g.choose(
    g.tint((0.85, 0.08, 0.05), 0.06),
    g.tint((0.85, 0.08, 0.05), 0.06),
    g.tint((0.7, 0.38, 0.12)),
    g.color(0.25, 0.6),
  )
  d = np.maximum(sd.ellipse(x, y, 1.1, 1.0), 0.13 * x * x - y - 0.06)
  light = 0.5 + 0.6 * np.clip(0.8 * y + 0.35 - 0.4 * x, 0, 1)
  c.paint(d, cap * light, ink=0.03)
  spots = bk.voronoi(x * 2.7 + 9, y * 3.1 + 9, g.seed(), 0.5)
  c.over(np.maximum(spots.first / 2.8 - 0.105, d + 0.03), bk.WHITE)
  return c


@bk.thing(0.35)
def pineapple(g, x, y, px):
  """A golden netted fruit under a tuft of leaves."""
  c = bk.Canvas(g, px)
  green = g.tint((0.16, 0.48, 0.16), 0.08)
  ax = np.abs(x)
  for tx, ty in ((0.75, 0.85), (0.5, 1.12), (0.24, 1.25), (0.0, 1.3)):
    d = sd.taper(ax, y, 0.1, 0.3, tx, ty, 0.15, 0.01)
    c.paint(d, green * (0.6 + 0.9 * bk.bump(d, 0.14)), ink=0.02)
  d = sd.ellipse(x, y + 0.4, 0.66, 0.85)
  gold = g.tint((0.95, 0.62, 0.08), 0.06)
  q = x / 0.7
  u = np.arcsin(np.clip(q, -1, 1)) * 1.9
  a, b = bk.fract(u + y * 2.9) - 0.5, bk.fract(u - y * 2.9) - 0.5
  eye = 1 - 2 * np.maximum(np.abs(a), np.abs(b))
  rgb = gold * (0.3 + 1.0 * np.sqrt(np.clip(eye, 0, 1)))
  c.paint(d, rgb * (0.5 + 0.55 * bk.bump(d, 0.4)), ink=0.03)
  c.over(np.maximum(sd.length(a, b) - 0.11, d), gold * 0.3)
  return c


@bk.thing(np.pi)
def rose(g, x, y, px):
  """A rose from above: whorls of curled petals, dark in their depth."""
  c = bk.Canvas(g, px)
  base = g.choose(
    g.tint((0.88, 0.04, 0.12), 0.05),
    g.tint((0.88, 0.04, 0.12), 0.05),
    g.tint((0.97, 0.42, 0.58), 0.06),
    g.tint((0.98, 0.76, 0.2), 0.05),
    g.tint((0.97, 0.93, 0.86), 0.03),
    g.tint((0.97, 0.45, 0.18), 0.06),
  )
  r, theta = sd.polar(x, y)
  _sepals(g, c, r, theta)
  turn = g.uniform(0, 6.3)
  # (petals, distance of their centres, radius), from the outside inwards.
  for k, (n, far, size) in enumerate(
    (
      (5, 0.50, 0.56),
      (5, 0.40, 0.50),
      (4, 0.28, 0.44),
      (3, 0.17, 0.37),
      (3, 0.10, 0.26),
    )
  ):
    a = sd.fold(theta + turn + 2.4 * k, n)
    # Skewed: every petal lies over its neighbour on one side only.
    u, v = r * np.cos(a) - far, r * np.sin(a) + 0.16 * size
    d = sd.circle(u, v, size)
    depth = np.clip((r - far + 0.6 * size) / (1.5 * size), 0, 1)
    rim = np.exp(-(((d + 0.045) / 0.04) ** 2))
    fold = 0.1 * np.sin(a * 9 + k)
    rgb = base * (0.2 + 0.78 * depth**1.3 + fold)
    c.paint(d, np.clip(rgb + (0.3 * base + 0.12) * rim, 0, 1), ink=0.028)
  curl = np.sin(theta + turn + r * 42)
  c.over(r - 0.17, base * (0.5 + 0.4 * np.clip(curl * 2, -0.8, 1)))
  return c


def _sepals(g, c, r, theta):
  """Three green leaves that look out from under the bloom."""
  green = g.tint((0.14, 0.45, 0.1), 0.06)
  a = sd.fold(theta + 0.4, 3)
  u = (r - 0.45) / 0.85
  w = 0.4 * np.sqrt(np.clip(u * (1 - u) * 4, 0, 1))
  d = np.maximum(np.abs(a) * r - w, np.abs(u - 0.5) - 0.5)
  c.paint(d, green * (0.75 + 0.3 * np.sign(a)), ink=0.025)


@bk.thing(0.4)
def strawberry(g, x, y, px):
  """A red fruit with seeds in pits and a green collar."""
  c = bk.Canvas(g, px)
  t = np.clip((0.75 - y) / 1.9, 0, 1)
  w = 0.95 * np.clip(t * 3.2 + 0.12, 0, 1) ** np.float32(0.5)
  w = w * np.sqrt(np.clip(1 - t**1.7, 0, 1))
  d = np.maximum(np.abs(x) - w, np.abs(y + 0.2) - 0.95) * 0.85
  red = g.tint((0.88, 0.07, 0.07), 0.06)
  c.paint(d, red * (0.5 + 0.6 * bk.bump(d, 0.5)), ink=0.03)
  u, v = x * 4.2, y * 3.4
  u = bk.fract(u + 0.5 * (np.floor(v) % 2)) - 0.5
  pit = sd.ellipse(u, bk.fract(v) - 0.5, 0.2, 0.3)
  c.over(np.maximum(pit / 4, d + 0.05), red * 0.4)
  seed = sd.ellipse(u, bk.fract(v) - 0.46, 0.12, 0.21)
  c.over(np.maximum(seed / 4, d + 0.05), g.tint((0.98, 0.84, 0.35), 0.04))
  green = g.tint((0.2, 0.55, 0.12), 0.07)
  r, theta = sd.polar(x, (y - 0.72) * 1.7)
  a = sd.fold(theta, 9)
  collar = np.abs(a) * r - 0.16 * np.clip(0.78 - r, 0, 1)
  collar = np.maximum(collar, r - 0.78)
  c.paint(collar, green * (0.6 + 0.6 * np.clip(r, 0, 0.8)), ink=0.02)
  c.paint(sd.segment(x, y, 0, 0.75, 0.1, 1.2) - 0.06, green * 0.7, ink=0.02)
  return c


@bk.thing(np.pi)
def sunflower(g, x, y, px):
  """Many narrow yellow petals around a large dark spiral of seeds."""
  c = bk.Canvas(g, px)
  r, theta = sd.polar(x, y)
  n = g.integer(15, 20)
  gold = g.tint((0.99, 0.74, 0.04), 0.05)
  w = 1.9 / n
  deep = gold * np.array([0.9, 0.6, 0.5], np.float32).reshape(1, 3, 1, 1)
  _petals(c, r, theta + np.pi / n, n, 1.2, w, deep * 0.5, gold * 0.75)
  _petals(c, r, theta, n, 1.13, w, deep * 0.8, gold)
  size = g.uniform(0.58, 0.7)
  c.over(r - size - 0.03, bk.INK)
  s = np.log(r + 0.05)
  seeds = np.cos(13 * theta + 17 * s) * np.cos(21 * theta - 16 * s)
  disc = g.gradient(
    r / size * 0.75 + 0.35 * seeds,
    [
      g.tint((0.3, 0.3, 0.06), 0.04),
      g.tint((0.14, 0.06, 0.02), 0.03),
      g.tint((0.62, 0.34, 0.07), 0.05),
    ],
  )
  c.over(r - size, disc)
  return c
