"""Classes of objects: buildings."""

import numpy as np

from scripts.rendering import blocks as bk
from scripts.rendering import shapes as sd

_GOLD = (0.95, 0.74, 0.22)


@bk.thing(0.1)
def castle(g, x, y, px):
  """Two round towers with cone roofs, battlements, a gate."""
  c = bk.Canvas(g, px)
  ax = np.abs(x)
  stone = g.tint((0.68, 0.63, 0.56), 0.08)
  row = np.floor(y * 7)
  course = 1 - 0.25 * (bk.fract(y * 7) < 0.16)
  joint = bk.fract(x * 4 + 0.5 * (row % 2)) < 0.09
  wall = stone * course * (1 - 0.2 * joint)
  roof = g.choose(
    g.tint((0.75, 0.14, 0.1), 0.06),
    g.tint((0.12, 0.25, 0.6), 0.06),
    g.tint((0.2, 0.45, 0.35), 0.06),
  )
  keep = sd.box(x, y + 0.45, 0.6, 0.75)
  crenel = np.maximum(
    sd.box(x, y - 0.36, 0.6, 0.1), 0.09 - np.abs(bk.fract(x * 2.5) - 0.5) * 0.4
  )
  mid = sd.box(x, y - 0.5, 0.24, 0.4)
  cone = sd.triangle(x, y - 0.85, 0.34, 0.5)
  c.paint(mid, wall * 0.85, ink=0.03)
  c.paint(cone, roof * (0.9 - 0.6 * x), ink=0.03)
  c.paint(np.minimum(keep, crenel), wall, ink=0.03)
  tower = sd.box(ax - 0.82, y + 0.35, 0.27, 0.9)
  tx = (ax - 0.82) / 0.27
  c.paint(tower, wall * (1.1 - 0.45 * tx * tx), ink=0.03)
  top = sd.triangle(ax - 0.82, y - 0.5, 0.4, 0.62)
  c.paint(top, roof * (1.05 - 1.2 * (ax - 0.82)), ink=0.03)
  gate = np.where(
    y > -0.7, sd.circle(x, y + 0.7, 0.28), sd.box(x, y + 0.95, 0.28, 0.3)
  )
  c.over(gate - 0.05, stone * 0.5)
  c.over(gate, g.tint((0.14, 0.08, 0.05), 0.03))
  window = np.minimum(
    sd.rounded(ax - 0.82, y - 0.1, 0.07, 0.16, 0.07),
    sd.rounded(x, y - 0.58, 0.07, 0.15, 0.07),
  )
  c.over(window, g.choose(bk.INK, g.tint((1.0, 0.85, 0.35), 0.04)))
  return c


@bk.thing(0.1)
def dome(g, x, y, px):
  """A mosque: onion dome, arcade, two minarets."""
  c = bk.Canvas(g, px)
  ax = np.abs(x)
  stone = g.tint((0.95, 0.86, 0.7), 0.06)
  roof = g.choose(
    g.tint((0.1, 0.5, 0.66), 0.07),
    g.tint((0.95, 0.7, 0.15), 0.06),
    g.tint((0.2, 0.55, 0.4), 0.07),
    g.color(0.3, 0.6),
  )
  gold = g.tint(_GOLD, 0.05)
  c.paint(sd.segment(x, y, 0, 0.9, 0, 1.25) - 0.035, gold, ink=0.02)
  ball = sd.ellipse(x, y - 0.3, 0.68, 0.55)
  spire = sd.triangle(x, y - 0.6, 0.42, 0.5) - 0.03
  onion = np.maximum(sd.union(ball, spire, 0.25), -y - 0.08)
  w = np.sqrt(np.clip(0.5 - (y - 0.3) ** 2, 0.04, 1))
  rib = 0.82 + 0.25 * np.cos(np.arcsin(np.clip(x / w, -1, 1)) * 10)
  c.paint(onion, roof * rib * (1.0 - 0.4 * x), ink=0.035)
  c.over(sd.ellipse(x + 0.25, y - 0.5, 0.1, 0.18), bk.WHITE, 0.5)
  c.paint(sd.box(x, y + 0.15, 0.7, 0.09), stone * 1.02, ink=0.025)
  c.paint(sd.box(x, y + 0.72, 0.82, 0.5), stone, ink=0.03)
  u = (bk.fract(x * 2.1 + 0.5) - 0.5) / 2.1
  door = np.where(
    y > -0.62,
    sd.circle(u, y + 0.62, 0.15),
    np.maximum(np.abs(u) - 0.15, -y - 1.16),
  )
  c.over(np.maximum(door, ax - 0.74), g.tint((0.1, 0.1, 0.16), 0.04))
  tower = sd.box(ax - 1.02, y + 0.35, 0.1, 0.88)
  c.paint(tower, stone * (1 - 0.25 * (bk.fract(y * 3) < 0.2)), ink=0.025)
  c.paint(sd.triangle(ax - 1.02, y - 0.5, 0.14, 0.42), roof, ink=0.025)
  return c


@bk.thing(0.1)
def lighthouse(g, x, y, px):
  """A banded tower with a lamp room and beams."""
  c = bk.Canvas(g, px)
  ax = np.abs(x)
  beam = np.maximum(np.abs(y - 0.72) - 0.05 - 0.22 * ax, ax - 1.25)
  c.paint(beam, g.tint((1.0, 0.94, 0.6), 0.03), 0.75)
  red = g.choose(
    g.tint((0.85, 0.1, 0.08), 0.05),
    g.tint((0.85, 0.1, 0.08), 0.05),
    g.tint((0.1, 0.25, 0.6), 0.05),
    g.tint((0.1, 0.1, 0.1), 0.03),
  )
  rock = sd.ellipse(x, y + 1.25, 0.95, 0.3) + 0.03 * np.sin(x * 13)
  c.paint(
    rock,
    g.tint((0.36, 0.34, 0.33)) * (1 + 0.2 * np.sin(x * 17 + y * 9)),
    ink=0.03,
  )
  w = 0.29 - 0.13 * y
  tower = np.maximum(ax - w, np.abs(y + 0.35) - 0.82)
  band = bk.fract(y * 1.25 + 0.3) < 0.5
  rgb = np.where(band, red, bk.WHITE)
  c.paint(tower, rgb * np.clip(1.05 - 1.6 * (x / w) * x, 0.4, 1.1), ink=0.035)
  c.paint(sd.box(x, y - 0.5, 0.33, 0.055), bk.INK)
  c.paint(
    sd.box(x, y - 0.73, 0.19, 0.2), g.tint((1.0, 0.9, 0.4), 0.04), ink=0.03
  )
  c.over(np.maximum(np.abs(ax - 0.08) - 0.015, np.abs(y - 0.73) - 0.2), bk.INK)
  c.paint(sd.triangle(x, y - 0.93, 0.27, 0.3), red, ink=0.03)
  c.over(sd.rounded(x, y + 0.95, 0.08, 0.18, 0.07), bk.INK)
  return c


@bk.thing(0.1)
def pagoda(g, x, y, px):
  """Stacked roofs with upturned eaves over red walls."""
  c = bk.Canvas(g, px)
  ax = np.abs(x)
  roof = g.choose(
    g.tint((0.1, 0.35, 0.25), 0.05),
    g.tint((0.2, 0.25, 0.36), 0.05),
    g.tint((0.42, 0.2, 0.1), 0.05),
    g.color(0.1, 0.35),
  )
  wall = g.choose(
    g.tint((0.85, 0.18, 0.1), 0.06), g.tint((0.93, 0.76, 0.5), 0.06)
  )
  gold = g.tint(_GOLD, 0.05)
  c.paint(sd.segment(x, y, 0, 0.8, 0, 1.28) - 0.04, gold, ink=0.02)
  for k in range(3):
    low, w = -1.18 + 0.68 * k, 0.92 - 0.19 * k
    post = 0.75 + 0.3 * np.sign(np.cos(x * 24))
    c.paint(sd.box(x, y - low - 0.2, 0.62 * w, 0.26), wall * post, ink=0.03)
    door = np.maximum(np.abs(x) - 0.13 * w, np.abs(y - low - 0.16) - 0.17)
    c.over(door, bk.INK)
    t = ax / w
    lift = 0.2 * t**4 * (t < 1.4)
    eave = np.maximum(low + 0.4 + lift - y, y - low - 0.82 + 0.42 * t - lift)
    eave = np.maximum(eave, ax - 1.2 * w) * 0.85
    c.paint(eave, roof * (0.85 + 0.35 * np.cos(x * 40)), ink=0.035)
    trim = np.maximum(np.abs(y - low - 0.43 - lift) - 0.035, ax - 1.2 * w)
    c.over(trim, gold)
  return c
