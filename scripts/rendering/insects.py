"""Classes of objects: insects, a spider, and feathers."""

import numpy as np

from scripts.rendering import blocks as bk
from scripts.rendering import shapes as sd


@bk.thing(np.pi)
def bee(g, x, y, px):
  """A bee from above: yellow and black bands, four clear wings."""
  c = bk.Canvas(g, px)
  ax = np.abs(x)
  glass = g.tint((0.85, 0.92, 0.97), 0.04)
  for at, size, lean in (
    ((0.62, 0.28), (0.6, 0.24), -0.45),
    ((0.5, -0.18), (0.45, 0.18), 0.35),
  ):
    wx, wy = sd.rotate(ax - at[0], y - at[1], lean)
    d = sd.ellipse(wx, wy, *size)
    vein = 0.75 + 0.25 * np.sign(np.sin(wx * 16 + 6 * wy * wy))
    c.paint(d, glass * vein, ink=0.025)
  for k in (0.45, 0.1, -0.2):
    c.paint(sd.segment(ax, y, 0.2, k, 0.6, k - 0.28) - 0.035, bk.INK)
  gold = g.tint((0.98, 0.72, 0.04), 0.05)
  tail = sd.ellipse(x, y + 0.5, 0.42, 0.68)
  band = bk.edge(np.sin(y * 16), 0.25)
  rgb = bk.mix(gold, bk.INK + 0 * gold, band)
  c.paint(tail, rgb * (0.5 + 0.6 * bk.bump(tail, 0.35)), ink=0.03)
  chest = sd.circle(x, y - 0.35, 0.4) + 0.03 * np.cos(
    np.arctan2(y - 0.35, x) * 18
  )
  c.paint(chest, gold * (0.4 + 0.6 * bk.bump(chest, 0.4)), ink=0.03)
  c.paint(sd.segment(ax, y, 0.1, 0.9, 0.35, 1.25) - 0.03, bk.INK)
  c.paint(sd.circle(x, y - 0.82, 0.26), bk.INK)
  c.over(sd.ellipse(ax - 0.17, y - 0.85, 0.08, 0.13), g.tint((0.5, 0.3, 0.2)))
  return c


@bk.thing(0.6, (1.0, 1.2))
def butterfly(g, x, y, px):
  """Four large wings: bright fields, dark veins and margin, white dots."""
  c = bk.Canvas(g, px)
  ax = np.abs(x)
  a, b, spot = g.color(0.4, 0.75), g.color(0.5, 0.9), g.color(0.2, 0.6)
  dark = g.choose(bk.INK + 0 * a, g.color(0.03, 0.15))
  _, theta = sd.polar(ax + 0.02, y - 0.05)
  vein = (0.5 - np.abs(bk.fract(theta * 3.2) - 0.5)) / 3.2
  hind = sd.polygon(
    ax, y,
    ((0.02, 0.05), (0.75, 0.0), (0.86, -0.4), (0.62, -0.85), (0.34, -0.98),
     (0.12, -0.6)),
  ) - 0.09  # fmt: skip
  fore = sd.polygon(
    ax, y,
    ((0.02, -0.05), (0.08, 0.3), (0.55, 0.85), (1.08, 1.0), (1.12, 0.62),
     (0.92, 0.1), (0.5, -0.08)),
  ) - 0.07  # fmt: skip
  r = sd.length(ax, y)
  for d, at in ((hind, (0.52, -0.42)), (fore, (0.7, 0.5))):
    rgb = bk.mix(a, b, np.clip(1.2 - r, 0, 1))
    c.paint(d, dark, ink=0.02)
    c.over(d + 0.13, rgb * (0.8 + 0.25 * bk.wave(r * 3)))
    c.over(np.maximum(vein * r - 0.014, d), dark)
    e = sd.length(ax - at[0], y - at[1])
    c.over(e - 0.17, dark)
    c.over(e - 0.13, spot)
    c.over(e - 0.05, bk.WHITE)
    dots = np.abs(bk.fract(theta * 3.2) - 0.5) / 3.2 * r
    c.over(sd.length(dots, d + 0.065) - 0.04, bk.WHITE)
  body = sd.taper(x, y, 0, 0.35, 0, -0.65, 0.09, 0.045)
  c.paint(body, dark + 0.1 + 0.1 * np.sin(y * 40), ink=0.02)
  feeler = sd.segment(ax, y, 0.03, 0.4, 0.28, 0.95) - 0.022
  c.paint(np.minimum(feeler, sd.circle(ax - 0.28, y - 0.97, 0.05)), bk.INK)
  return c


@bk.thing(np.pi, (0.95, 1.15))
def feather(g, x, y, px):
  """A quill feather: slanted barbs with bands and clefts."""
  c = bk.Canvas(g, px)
  x = x + g.uniform(-0.2, 0.2) * y * y
  ax = np.abs(x)
  t = np.clip((y + 0.75) / 1.95, 0, 1)
  w = 0.42 * np.sqrt(np.clip(t * 4, 0, 1)) * np.sqrt(1 - t**3)
  w = w * (1 + 0.15 * np.sign(x))
  s = y - 1.1 * ax
  key = bk.cell_hash(np.floor(s * 3.5), np.sign(x), g.seed())
  notch = 0.3 * (ax - 0.3 * w) * (key < 0.3)
  notch = notch * (np.abs(bk.fract(s * 3.5) - 0.5) < 0.18)
  d = np.maximum(ax - w, np.abs(y - 0.22) - 0.98) + np.clip(notch, 0, 1)
  d = d + 0.02 * bk.wave(s * 8)
  ground, other = g.color(0.45, 0.9), g.color(0.2, 0.6)
  bands = bk.edge(np.abs(bk.fract(s * 1.3) - 0.5) - 0.22, 0.06)
  rgb = bk.mix(ground, other, bands * g.chance(0.75))
  barb = 0.8 + 0.32 * bk.wave(s * 8)
  c.paint(sd.taper(x, y, 0, -1.3, 0, 0.2, 0.05, 0.02), bk.WHITE, ink=0.025)
  c.paint(d * 0.8, rgb * barb, ink=0.025)
  c.over(sd.taper(x, y, 0, -1.3, 0, 1.15, 0.055, 0.012), bk.WHITE)
  return c


@bk.thing(np.pi)
def ladybug(g, x, y, px):
  """A ladybird from above: red wing cases, black spots."""
  c = bk.Canvas(g, px)
  ax = np.abs(x)
  for k in (-0.45, 0, 0.45):
    c.paint(sd.segment(ax, y, 0.5, 0.8 * k, 1.12, 1.5 * k) - 0.055, bk.INK)
  c.paint(sd.segment(ax, y, 0.12, 0.9, 0.4, 1.22) - 0.035, bk.INK)
  c.paint(sd.circle(x, y - 0.72, 0.4), bk.INK)
  c.over(sd.circle(ax - 0.24, y - 0.86, 0.1), bk.WHITE)
  red = g.choose(
    g.tint((0.88, 0.08, 0.04), 0.05),
    g.tint((0.88, 0.08, 0.04), 0.05),
    g.tint((0.96, 0.5, 0.05), 0.05),
  )
  case = sd.ellipse(x, y + 0.1, 0.92, 0.92)
  c.paint(case, red * (0.4 + 0.75 * bk.bump(case, 0.6)), ink=0.04)
  size = g.uniform(0.13, 0.19)
  for sx, sy in ((0.36, 0.36), (0.6, -0.08), (0.27, -0.26), (0.42, -0.62)):
    c.over(sd.circle(ax - sx, y - sy, size), bk.INK)
  c.over(np.maximum(ax - 0.03, case), bk.INK)
  c.over(np.maximum(sd.ellipse(x, y - 0.82, 0.5, 0.24), case), bk.INK)
  c.over(sd.ellipse(x + 0.42, y - 0.42, 0.14, 0.09), bk.WHITE, 0.75)
  return c


@bk.thing(np.pi, (0.95, 1.2))
def peacock(g, x, y, px):
  """The eye of a peacock's feather: nested discs in a green fan."""
  c = bk.Canvas(g, px)
  r, theta = sd.polar(x, y * 0.9)
  barb = bk.wave(theta * 5.5 + 0.5 * r)
  green = g.tint((0.1, 0.5, 0.2), 0.06)
  gold = g.tint((0.6, 0.5, 0.1), 0.05)
  fan = r - 1.12 + 0.08 * bk.wave(theta * 11)
  c.paint(fan, bk.mix(green, gold, 0.5 * barb) * (0.4 + 0.8 * barb), ink=0.02)
  e = sd.length(x, y * 0.88)
  sheen = 0.85 + 0.2 * barb
  for size, rgb in (
    (0.78, (0.72, 0.5, 0.08)),
    (0.62, (0.16, 0.62, 0.22)),
    (0.5, (0.02, 0.66, 0.75)),
    (0.33, (0.06, 0.1, 0.55)),
  ):
    color = g.tint(rgb, 0.05)
    c.over(e - size, color * sheen)
    c.over(np.abs(e - size) - 0.018, color * 0.35)
  c.over(sd.circle(x, y + 0.3, 0.13), g.tint((0.02, 0.66, 0.75), 0.05))
  return c


@bk.thing(np.pi)
def spider(g, x, y, px):
  """A spider from above: eight bent legs, two-part body, many eyes."""
  c = bk.Canvas(g, px)
  ax = np.abs(x)
  skin = g.choose(
    g.tint((0.08, 0.07, 0.08), 0.03),
    g.tint((0.35, 0.18, 0.08), 0.06),
    g.tint((0.2, 0.14, 0.12), 0.05),
  )
  for mx, my, ex, ey in (
    (0.5, 0.85, 0.6, 1.25),
    (0.72, 0.5, 1.15, 0.75),
    (0.72, -0.05, 1.18, -0.35),
    (0.55, -0.45, 0.85, -1.15),
  ):
    leg = sd.taper(ax, y, 0.1, 0.2, mx, my, 0.07, 0.06)
    leg = np.minimum(leg, sd.taper(ax, y, mx, my, ex, ey, 0.06, 0.025))
    c.paint(leg, skin * 1.2)
  tail = sd.ellipse(x, y + 0.42, 0.45, 0.56)
  c.paint(tail, skin * (0.8 + 1.0 * bk.bump(tail, 0.4)), ink=0.02)
  mark = sd.polygon(
    ax,
    y,
    ((-0.1, -0.15), (0.16, -0.2), (0.04, -0.42), (0.2, -0.66), (-0.1, -0.7)),
  )
  c.over(mark, g.choose(g.tint((0.9, 0.12, 0.06)), g.tint((0.97, 0.8, 0.2))))
  c.paint(sd.circle(x, y - 0.28, 0.31), skin * 1.5, ink=0.02)
  for ex, ey, r in ((0.09, 0.42, 0.07), (0.21, 0.36, 0.05)):
    c.over(sd.circle(ax - ex, y - ey, r), bk.WHITE)
  return c
