"""Classes of objects: vehicles, tools, vessels and emblems."""

import numpy as np

from scripts.rendering import blocks as bk
from scripts.rendering import shapes as sd


@bk.thing(0.15)
def balloon(g, x, y, px):
  """A hot-air balloon: striped envelope, ropes, basket."""
  c = bk.Canvas(g, px)
  v = y - 0.32
  top = sd.circle(x, v, 0.9)
  cone = sd.polygon(
    x, v, ((-0.8, -0.4), (0.8, -0.4), (0.24, -1.02), (-0.24, -1.02))
  )
  d = sd.union(top, cone, 0.1)
  c.paint(sd.segment(np.abs(x), y, 0.2, -0.7, 0.14, -1.0) - 0.02, bk.INK)
  basket = sd.rounded(x, y + 1.12, 0.2, 0.15, 0.04)
  wicker = g.tint((0.6, 0.36, 0.14)) * (0.8 + 0.2 * np.sign(np.sin(y * 50)))
  c.paint(basket, wicker, ink=0.03)
  w = np.sqrt(np.clip(0.86 - v * v * 0.9, 0.1, 1))
  u = np.arcsin(np.clip(x / w, -1, 1)) * (5 / np.pi)
  a, b = g.color(0.35, 0.6), g.color(0.6, 0.95)
  third = g.choose(a, g.color(0.3, 0.7))
  k = np.floor(u + 0.5) % 2
  rgb = np.where(k > 0, a, b)
  belt = np.abs(v + 0.1) - 0.13
  rgb = bk.mix(rgb, third, bk.edge(belt, px))
  seam = np.abs(bk.fract(u) - 0.5) * 0.3 - 0.01
  c.paint(d, rgb * (0.55 + 0.55 * bk.bump(d, 0.6)), ink=0.035)
  c.over(np.maximum(seam, d), bk.INK, 0.6)
  return c


@bk.thing(0.2)
def boat(g, x, y, px):
  """A sailing boat: two sails, mast, hull on waves."""
  c = bk.Canvas(g, px)
  sail = g.choose(bk.WHITE + 0 * g.uniform(), g.color(0.5, 0.9))
  second = g.color(0.35, 0.8)
  seam = 0.85 + 0.15 * np.sign(np.sin(y * 18))
  big = sd.polygon(x, y, ((0.06, 1.15), (0.06, -0.38), (0.95, -0.38)))
  jib = sd.polygon(x, y, ((-0.06, 0.9), (-0.06, -0.38), (-0.8, -0.38)))
  c.paint(sd.segment(x, y, 0, -0.6, 0, 1.2) - 0.045, g.tint((0.4, 0.22, 0.1)))
  c.paint(big, sail * seam * (1.05 - 0.3 * x), ink=0.035)
  c.paint(jib, second * seam * (0.9 - 0.3 * x), ink=0.035)
  hull = sd.polygon(
    x, y, ((-1.1, -0.5), (1.1, -0.5), (0.72, -0.98), (-0.7, -0.98))
  )
  wood = g.choose(g.tint((0.6, 0.25, 0.1)), g.color(0.2, 0.5))
  c.paint(hull, wood * (0.8 + 0.3 * np.sign(np.sin(y * 34))), ink=0.035)
  c.over(np.maximum(np.abs(y + 0.57) - 0.05, hull), bk.WHITE)
  swell = y + 0.92 - 0.06 * np.sin(x * 9)
  sea = np.maximum(swell, sd.box(x, y, 1.25, 1.25))
  blue = g.tint((0.06, 0.36, 0.66), 0.06)
  c.paint(sea, blue * (1 + 0.4 * np.sin(x * 9 + y * 24)))
  return c


@bk.thing(0.15)
def car(g, x, y, px):
  """A small car in profile."""
  c = bk.Canvas(g, px)
  paint = g.color(0.3, 0.6)
  cabin = (
    sd.polygon(x, y, ((-0.78, 0.0), (-0.5, 0.58), (0.35, 0.58), (0.72, 0.0)))
    - 0.06
  )
  c.paint(cabin, paint, ink=0.04)
  body = sd.rounded(x, y + 0.22, 1.17, 0.32, 0.2)
  c.paint(body, paint * (0.95 + 0.7 * np.clip(y + 0.2, -0.4, 0.3)), ink=0.04)
  c.over(np.minimum(cabin, body) + 0.03, paint * (1 + 0.4 * y), 0.5)
  glass = g.tint((0.55, 0.78, 0.9), 0.06) * (
    0.75 + 0.5 * (bk.fract(x * 2 + y * 2) < 0.3)
  )
  window = np.maximum(cabin + 0.1, 0.1 - y)
  c.over(np.maximum(window, 0.05 - np.abs(x + 0.05)), glass)
  c.over(np.maximum(np.abs(x + 0.05) - 0.018, np.abs(y + 0.1) - 0.3), bk.INK)
  c.over(sd.rounded(x - 0.2, y + 0.06, 0.1, 0.03, 0.02), bk.INK)
  c.over(
    sd.ellipse(x - 1.08, y + 0.1, 0.1, 0.12), g.tint((1.0, 0.92, 0.5), 0.04)
  )
  c.over(
    sd.ellipse(x + 1.1, y + 0.1, 0.07, 0.1), g.tint((0.9, 0.1, 0.05), 0.04)
  )
  r = sd.length(np.abs(x) - 0.62, y + 0.52)
  c.over(r - 0.37, bk.INK)
  c.paint(r - 0.31, bk.INK)
  c.over(r - 0.19, g.tint((0.8, 0.8, 0.83), 0.04))
  c.over(r - 0.07, bk.INK)
  return c


@bk.thing(0.25)
def clock(g, x, y, px):
  """A clock face: hour marks, two hands and a second hand."""
  c = bk.Canvas(g, px)
  r, theta = sd.polar(y, x)
  rim = g.color(0.2, 0.65)
  c.paint(r - 1.12, rim * (0.8 + 0.4 * np.cos(theta - 0.6)), ink=0.03)
  face = g.choose(
    bk.WHITE, g.tint((0.97, 0.92, 0.78), 0.04), g.color(0.75, 0.95)
  )
  c.over(r - 0.94, bk.INK)
  c.over(r - 0.91, face)
  ink = g.tint((0.06, 0.06, 0.09), 0.04)
  a = sd.fold(theta, 12)
  c.over(np.maximum(np.abs(a) * r - 0.035, np.abs(r - 0.74) - 0.1), ink)
  a = sd.fold(theta, 4)
  c.over(np.maximum(np.abs(a) * r - 0.06, np.abs(r - 0.72) - 0.13), ink)
  for reach, width in ((0.46, 0.075), (0.7, 0.05)):
    t = g.uniform(0, 2 * np.pi)
    s, k = np.sin(t), np.cos(t)
    c.over(
      sd.segment(x, y, -0.1 * s, -0.1 * k, reach * s, reach * k) - width, ink
    )
  t = g.uniform(0, 2 * np.pi)
  hand = sd.segment(x, y, 0, 0, 0.8 * np.sin(t), 0.8 * np.cos(t)) - 0.022
  c.over(hand, g.tint((0.9, 0.08, 0.06), 0.04))
  c.over(r - 0.09, ink)
  return c


@bk.thing(np.pi)
def gear(g, x, y, px):
  """A toothed wheel with an axle hole and round cut-outs."""
  c = bk.Canvas(g, px)
  r, theta = sd.polar(x, y)
  n = g.integer(9, 13)
  d = r - 0.95 - 0.15 * np.clip(np.cos(theta * n) * 3, -1, 1)
  metal = g.choose(
    g.tint((0.66, 0.68, 0.72), 0.05),
    g.tint((0.88, 0.66, 0.2), 0.06),
    g.tint((0.7, 0.4, 0.2), 0.06),
  )
  sheen = 0.75 + 0.35 * np.cos(2 * theta + g.uniform(0, 6))
  c.paint(d, metal * sheen, ink=0.035)
  c.over(np.abs(r - 0.7) - 0.02, metal * 0.3)
  k = g.integer(4, 6)
  a = sd.fold(theta, k)
  hole = sd.length(r * np.cos(a) - 0.46, r * np.sin(a)) - 0.15
  c.over(hole - 0.03, np.clip(metal * 1.3, 0, 1))
  c.over(hole, metal * 0.14)
  c.over(r - 0.24, np.clip(metal * 1.2, 0, 1))
  c.over(r - 0.15, bk.INK)
  return c


@bk.thing(np.pi)
def gem(g, x, y, px):
  """A brilliant-cut stone from above: table, star, kite, girdle facets."""
  c = bk.Canvas(g, px)
  r, theta = sd.polar(x, y)
  a = sd.fold(theta, 8)
  u, v = r * np.cos(a), r * np.abs(np.sin(a))
  table, ring, rim = 0.5, 0.78, 1.1
  star = (u - table) / (ring - table) + v / (table * 0.4142) - 1
  girdle = v / (rim * 0.4142) - (u - ring) / (rim - ring)
  sector = sd.sector(theta, 8)
  side = np.sign(a)
  corner = np.floor(theta * (8 / (2 * np.pi))) % 8
  flat, pointed, outer = u < table, (u < ring) & (star < 0), girdle < 0
  kind = np.where(flat, 0, np.where(pointed, 1, np.where(outer, 2, 3)))
  index = np.where(
    kind == 3, corner, np.where(kind == 2, 2 * sector + side, sector)
  )
  key = bk.cell_hash(index * (kind > 0), kind, g.seed())
  hue = g.choose(
    g.tint((0.85, 0.05, 0.2), 0.06),
    g.tint((0.1, 0.3, 0.9), 0.06),
    g.tint((0.05, 0.65, 0.35), 0.06),
    g.tint((0.55, 0.75, 0.9), 0.06),
    g.tint((0.6, 0.2, 0.8), 0.06),
    g.tint((0.98, 0.7, 0.1), 0.06),
  )
  ramp = np.where(flat, 0.62 + 0.35 * np.sin(3 * (x + y)), key)
  rgb = hue * (0.3 + 1.1 * ramp) + 0.9 * np.clip(ramp - 0.6, 0, 1)
  c.paint(u - rim, np.clip(rgb, 0, 1), ink=0.045)
  lines = np.minimum(np.abs(u - table), np.abs(girdle) * 0.25)
  lines = np.minimum(lines, np.where(u > table, np.abs(star) * 0.16, 9))
  lines = np.minimum(lines, np.where(outer, v, 9))
  c.over(np.maximum(lines - 0.014, u - rim), hue * 0.2 + 0.02)
  return c


@bk.thing(0.4)
def heart(g, x, y, px):
  """A glossy heart."""
  c = bk.Canvas(g, px)
  s = 1.95  # Of the unit heart, 1.2 wide and 1.1 high, on its tip.
  u, v = np.abs(x) / s, y / s + 0.56
  lobe = sd.length(u - 0.25, v - 0.75) - 0.35355
  k = 0.5 * np.maximum(u + v, 0)
  side = np.minimum(sd.length(u, v - 1), sd.length(u - k, v - k))
  d = np.where(u + v > 1, lobe, side * np.sign(u - v)) * s - 0.02
  base = g.choose(
    g.tint((0.9, 0.05, 0.12), 0.06),
    g.tint((0.9, 0.05, 0.12), 0.06),
    g.tint((0.95, 0.35, 0.55), 0.06),
    g.color(0.3, 0.6),
  )
  c.paint(d, base * (0.42 + 0.68 * bk.bump(d, 0.5)), ink=0.04)
  shine = sd.ellipse(*sd.rotate(x + 0.5, y - 0.52, -0.6), 0.2, 0.11)
  c.over(shine, bk.WHITE, 0.85)
  c.over(np.abs(d + 0.13) - 0.03, np.clip(base * 1.5, 0, 1), g.chance(0.4))
  return c


@bk.thing(np.pi)
def star(g, x, y, px):
  """A five-pointed star with bright and dark facets."""
  c = bk.Canvas(g, px)
  r, theta = sd.polar(y, x)
  n = 5
  a = sd.fold(theta, n)
  u, v = r * np.cos(a), r * np.abs(np.sin(a))
  tip, notch = 1.18, g.uniform(0.45, 0.56)
  ex, ey = notch * np.cos(np.pi / n) - tip, notch * np.sin(np.pi / n)
  d = ((u - tip) * ey - v * ex) / np.sqrt(ex * ex + ey * ey)
  base = g.choose(
    g.tint((0.98, 0.76, 0.1), 0.05),
    g.tint((0.98, 0.76, 0.1), 0.05),
    g.color(0.35, 0.7),
  )
  facet = 0.8 + 0.28 * np.sign(a)
  c.paint(d, base * facet * (1.1 - 0.3 * r), ink=0.04)
  c.over(np.maximum(v - 0.012, d), base * 0.4)
  return c


@bk.thing(0.2)
def teapot(g, x, y, px):
  """A round pot with spout, handle and lid."""
  c = bk.Canvas(g, px)
  glaze, mark = g.color(0.35, 0.8), g.color(0.2, 0.9)
  handle = np.abs(sd.ellipse(x + 0.8, y + 0.08, 0.38, 0.42)) - 0.075
  c.paint(handle, glaze * 0.8, ink=0.035)
  spout = sd.taper(x, y, 0.55, -0.3, 1.0, 0.35, 0.2, 0.08)
  spout = np.minimum(spout, sd.taper(x, y, 1.0, 0.35, 1.18, 0.42, 0.08, 0.07))
  c.paint(spout, glaze * 0.9, ink=0.035)
  pot = sd.ellipse(x, y + 0.18, 0.82, 0.72)
  c.paint(sd.rounded(x, y + 0.9, 0.42, 0.07, 0.05), glaze * 0.6, ink=0.03)
  light = 0.5 + 0.6 * bk.bump(pot, 0.5)
  c.paint(pot, glaze * light, ink=0.04)
  belt = np.abs(y + 0.2 + 0.06 * np.sin(x * 12)) - 0.11
  c.over(np.maximum(belt, pot + 0.02), mark * light)
  lid = np.maximum(sd.ellipse(x, y - 0.45, 0.46, 0.22), 0.42 - y)
  c.paint(lid, glaze * (0.8 + 0.4 * y), ink=0.035)
  c.paint(sd.circle(x, y - 0.76, 0.12), mark, ink=0.03)
  c.over(
    sd.ellipse(*sd.rotate(x + 0.32, y - 0.12, 0.6), 0.1, 0.2), bk.WHITE, 0.8
  )
  return c


@bk.thing(0.25)
def umbrella(g, x, y, px):
  """An open umbrella: coloured gores, scalloped hem, hooked handle."""
  c = bk.Canvas(g, px)
  stick = sd.segment(x, y, 0, -0.85, 0, 1.1)
  hook = np.maximum(np.abs(sd.circle(x - 0.17, y + 0.85, 0.17)), y + 0.85)
  wood = g.tint((0.45, 0.22, 0.08), 0.05)
  c.paint(np.minimum(stick, hook) - 0.055, wood, ink=0.03)
  ax = np.abs(x)
  gore = 3 * x / np.sqrt(np.clip(1.2 - y * y, 0.05, 2))
  f = bk.fract(gore + 0.5) - 0.5
  hem = 0.16 * (1 - 4 * f * f)
  d = np.maximum(sd.ellipse(x, y, 1.18, 0.98), hem - 0.02 - y)
  a, b = g.color(0.3, 0.6), g.color(0.55, 0.95)
  rgb = np.where(np.floor(gore + 0.5) % 2 > 0, b, a)
  c.paint(
    d, rgb * (1.05 - 0.4 * ax) * (0.8 + 0.25 * (1 - 4 * f * f)), ink=0.035
  )
  rib = (0.5 - np.abs(f)) * 0.3 - 0.012
  c.over(np.maximum(rib, d), bk.INK, 0.7)
  c.paint(sd.segment(x, y, 0, 0.95, 0, 1.18) - 0.04, wood, ink=0.02)
  return c


@bk.thing(np.pi)
def wheel(g, x, y, px):
  """A spoked wheel with a dark tyre."""
  c = bk.Canvas(g, px)
  r, theta = sd.polar(x, y)
  n = g.integer(6, 10)
  metal = g.choose(
    g.tint((0.82, 0.82, 0.85), 0.05),
    g.tint((0.72, 0.42, 0.16), 0.06),
    g.color(0.45, 0.8),
  )
  tyre = g.tint((0.1, 0.1, 0.11), 0.03)
  c.paint(r - 1.14, tyre)
  c.over(np.abs(r - 1.0) - 0.035, tyre * 2.4)
  c.over(r - 0.86, metal)
  c.over(r - 0.72, tyre * g.uniform(0.6, 2.5))
  a = np.abs(sd.fold(theta, n)) * r
  spoke = np.maximum(a - 0.07, r - 0.75)
  c.over(spoke - 0.025, bk.INK)
  c.over(spoke, metal * (1.05 - 4 * a))
  c.over(r - 0.25, bk.INK)
  c.over(r - 0.22, metal * 0.9)
  c.over(r - 0.09, tyre)
  return c
