"""Classes of objects: an eye, a face, a skull."""

import numpy as np

from scripts.rendering import blocks as bk
from scripts.rendering import shapes as sd


@bk.thing(0.5, (0.95, 1.3))
def eye(g, x, y, px):
  """A human eye: lids, lashes, white, radial iris."""
  c = bk.Canvas(g, px)
  h = g.uniform(0.55, 0.75)
  skin = g.gradient(
    0.5 + 0.5 * y, [g.tint((0.72, 0.45, 0.3)), g.tint((0.96, 0.76, 0.6))]
  )
  c.paint(sd.rounded(x, y - 0.05, 1.3, 1.1, 0.6), skin)
  lens = sd.almond(x, y, h)
  crease = sd.almond(x * 0.95, y - 0.15, h)
  c.over(np.maximum(np.abs(crease) - 0.025, -y), g.tint((0.35, 0.16, 0.1)))
  _, theta = sd.polar(x, y + 0.4)
  lash = np.abs(bk.fract(theta * 4.2) - 0.5) * 0.24 - 0.035
  c.over(np.maximum(np.maximum(lash, lens - 0.27), 0.1 - y), bk.INK)
  brow = sd.taper(np.abs(x), y, 0.0, 0.98, 0.95, 0.76, 0.1, 0.03)
  c.over(brow, g.tint((0.2, 0.1, 0.05), 0.06))
  c.over(lens - 0.065, g.tint((0.12, 0.06, 0.05), 0.03))
  c.over(lens, bk.WHITE * np.clip(1.1 - 0.6 * (y + 0.2), 0.6, 1))
  ix = x - g.uniform(-0.15, 0.15)
  r, theta = sd.polar(ix, y)
  size = g.uniform(0.42, 0.52)
  hue = g.choose(
    g.tint((0.15, 0.5, 0.8)),
    g.tint((0.2, 0.58, 0.3)),
    g.tint((0.55, 0.3, 0.1)),
    g.color(0.3, 0.6),
  )
  fiber = 0.8 + 0.35 * np.cos(theta * g.integer(14, 22) + 5 * r)
  c.over(np.maximum(lens, r - size), bk.INK)
  c.over(np.maximum(lens, r - size + 0.05), hue * fiber * (0.6 + 1.2 * r))
  c.over(np.maximum(lens, r - 0.45 * size), bk.INK * 0.4)
  c.over(sd.circle(ix + 0.16, y - 0.17, 0.09), bk.WHITE)
  return c


@bk.thing(0.25, (1.0, 1.25))
def face(g, x, y, px):
  """A human face: hair, brows, eyes, nose, red lips."""
  c = bk.Canvas(g, px)
  ax = np.abs(x)
  skin = g.choose(
    g.tint((0.96, 0.74, 0.58), 0.04),
    g.tint((0.82, 0.56, 0.38), 0.05),
    g.tint((0.5, 0.3, 0.18), 0.05),
  )
  hair = g.choose(
    g.tint((0.12, 0.07, 0.05), 0.04),
    g.tint((0.42, 0.2, 0.08), 0.06),
    g.tint((0.9, 0.7, 0.3), 0.06),
    g.tint((0.62, 0.2, 0.08), 0.06),
  )
  strand = 0.75 + 0.35 * np.sin(ax * 26 + 3 * y)
  long_ = g.chance(0.5)
  back = sd.ellipse(x, y - 0.18, 0.98, 1.05)
  locks = sd.rounded(x, y + 0.4, 0.95, 0.85, 0.3) + 9 * (1 - long_)
  c.paint(np.minimum(back, locks), hair * strand, ink=0.03)
  neck = sd.box(x, y + 1.15, 0.32, 0.35)
  c.paint(neck, skin * 0.7, ink=0.02)
  head = sd.union(
    sd.ellipse(x, y - 0.05, 0.76, 0.8), sd.ellipse(x, y + 0.4, 0.52, 0.62), 0.3
  )
  c.paint(head, skin * (0.72 + 0.34 * bk.bump(head, 0.5)), ink=0.02)
  fringe = -(y - 0.48 - 0.22 * np.cos(x * g.uniform(1.5, 4)))
  c.over(np.maximum(head - 0.01, fringe), hair * strand)
  e = sd.almond((ax - 0.33) / 0.23, (y - 0.08) / 0.23, 0.62) * 0.23
  c.over(e - 0.035, bk.INK)
  c.over(e, bk.WHITE)
  r = sd.length(ax - 0.33, y - 0.09)
  iris = g.choose(g.tint((0.2, 0.5, 0.75)), g.tint((0.35, 0.2, 0.08)))
  c.over(np.maximum(e, r - 0.125), iris)
  c.over(np.maximum(e, r - 0.065), bk.INK)
  bk.glint(c, ax - 0.29, y - 0.14, 0.03)
  c.over(sd.taper(ax, y, 0.14, 0.3, 0.55, 0.34, 0.055, 0.03), hair * 0.6)
  c.over(sd.segment(x, y, 0.04, 0.05, 0.12, -0.28) - 0.025, skin * 0.62)
  c.over(sd.segment(ax, y, 0.0, -0.3, 0.12, -0.27) - 0.03, skin * 0.5)
  lips = sd.almond(x / 0.34, (y + 0.57) / 0.34, 0.42) * 0.34
  c.over(lips - 0.02, skin * 0.5)
  c.over(lips, g.tint((0.8, 0.16, 0.2), 0.06))
  c.over(np.maximum(np.abs(y + 0.57) - 0.018, lips), bk.INK)
  return c


@bk.thing(0.3, (1.0, 1.25))
def skull(g, x, y, px):
  """A human skull: dark sockets, nose hole, rows of teeth."""
  c = bk.Canvas(g, px)
  ax = np.abs(x)
  bone = g.tint((0.95, 0.89, 0.74), 0.05)
  d = sd.union(
    sd.ellipse(x, y - 0.25, 0.96, 0.86),
    sd.rounded(x, y + 0.65, 0.52, 0.5, 0.2),
    0.25,
  )
  c.paint(d, bone * (0.55 + 0.5 * bk.bump(d, 0.5)), ink=0.04)
  socket = sd.ellipse(*sd.rotate(ax - 0.41, y - 0.08, 0.25), 0.3, 0.27)
  c.over(socket - 0.04, bone * 0.5)
  c.over(socket, bk.INK)
  nose = sd.triangle(ax - 0.03, y + 0.42, 0.12, 0.3)
  c.over(nose, bk.INK)
  teeth = np.abs(bk.fract(x * 4.4 + 0.5) - 0.5) / 4.4 - 0.02
  c.over(np.maximum(teeth, sd.box(x, y + 0.8, 0.46, 0.24)), bk.INK)
  c.over(np.maximum(np.abs(y + 0.8) - 0.025, ax - 0.48), bk.INK)
  c.over(sd.taper(ax, y, 0.92, -0.12, 0.6, -0.4, 0.08, 0.02), bone * 0.4)
  return c
