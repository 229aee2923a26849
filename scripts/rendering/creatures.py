"""Classes of objects: whole animals of the sea, its shore and the garden."""

import numpy as np

from scripts.rendering import blocks as bk
from scripts.rendering import shapes as sd


@bk.thing(np.pi, (1.0, 1.2))
def crab(g, x, y, px):
  """A crab: broad shell, two big claws, eyes on stalks, six legs."""
  c = bk.Canvas(g, px)
  ax = np.abs(x)
  red = g.choose(
    g.tint((0.88, 0.2, 0.06), 0.06),
    g.tint((0.88, 0.2, 0.06), 0.06),
    g.tint((0.2, 0.4, 0.65), 0.08),
    g.tint((0.9, 0.5, 0.12), 0.06),
  )
  for k, (mx, my, ex, ey) in enumerate(
    (
      (0.95, -0.12, 1.15, -0.5),
      (0.9, -0.4, 0.98, -0.85),
      (0.75, -0.62, 0.7, -1.1),
    )
  ):
    leg = sd.taper(ax, y, 0.5, -0.25 - 0.08 * k, mx, my, 0.08, 0.06)
    leg = np.minimum(leg, sd.taper(ax, y, mx, my, ex, ey, 0.065, 0.015))
    c.paint(leg, red * 0.8, ink=0.025)
  arm = sd.taper(ax, y, 0.6, 0.05, 0.98, 0.35, 0.1, 0.1)
  c.paint(arm, red * 0.85, ink=0.025)
  qx, qy = sd.rotate(ax - 0.84, y - 0.75, -0.35)
  claw = sd.ellipse(qx, qy, 0.29, 0.42)
  gap = sd.triangle(qx + 0.02, 0.62 - qy, 0.17, 0.55)
  claw = np.maximum(claw, -gap)
  c.paint(claw, red * (0.7 + 0.5 * bk.bump(claw, 0.2)), ink=0.03)
  shell = sd.ellipse(x, y + 0.2, 0.82, 0.55)
  c.paint(sd.segment(ax, y, 0.2, 0.2, 0.24, 0.48) - 0.05, red, ink=0.025)
  c.paint(shell, red * (0.55 + 0.6 * bk.bump(shell, 0.45)), ink=0.035)
  c.paint(sd.circle(ax - 0.24, y - 0.52, 0.13), bk.WHITE, ink=0.025)
  c.over(sd.circle(ax - 0.23, y - 0.53, 0.07), bk.INK)
  c.over(sd.circle(ax - 0.35, y + 0.05, 0.07), np.clip(red * 1.5, 0, 1))
  c.over(sd.circle(ax - 0.12, y + 0.25, 0.06), np.clip(red * 1.5, 0, 1))
  smile = np.abs(sd.circle(x, y + 0.12, 0.3)) - 0.022
  c.over(np.maximum(smile, y + 0.3), bk.INK)
  return c


@bk.thing(0.35, (1.0, 1.25))
def fish(g, x, y, px):
  """A reef fish in profile: bands, scales, fins, round eye."""
  c = bk.Canvas(g, px)
  a, b = g.color(0.4, 0.75), g.color(0.5, 0.95)
  fin = g.color(0.3, 0.75)
  ray = 0.7 + 0.35 * np.sin(y * 26 + 5 * x)
  ay = np.abs(y)
  tail = sd.polygon(
    x, ay, ((-0.6, -0.1), (-0.6, 0.12), (-1.2, 0.62), (-1.02, -0.1))
  )
  c.paint(tail, fin * ray, ink=0.03)
  top = sd.polygon(
    x, ay, ((-0.6, 0.3), (-0.5, 0.85), (0.0, 0.9), (0.45, 0.5), (0.3, 0.3))
  )
  ray = 0.7 + 0.35 * np.sin(x * 26)
  c.paint(top, fin * ray, ink=0.03)
  body = sd.almond((x - 0.12) / 1.0, y / 1.0, 0.68)
  u = bk.fract(x * 7) - 1
  v = bk.fract(y * 7 + 0.5 * (np.floor(x * 7) % 2)) - 0.5
  scale = 0.55 + 0.55 * np.clip(sd.length(u, v), 0, 1)
  bands = bk.edge(np.sin(x * g.uniform(6, 9) + g.uniform(0, 6)), 0.12)
  rgb = bk.mix(a, b, bands * g.chance(0.75)) * scale
  c.paint(body, rgb * (0.7 + 0.4 * bk.bump(body, 0.4)), ink=0.035)
  head = np.maximum(body, 0.52 - x + 0.5 * y * y)
  c.over(head, a * 0.95)
  c.over(np.maximum(np.abs(x - 0.52 - 0.5 * y * y) - 0.02, body), bk.INK)
  side = sd.ellipse(*sd.rotate(x - 0.12, y + 0.14, 0.3), 0.24, 0.13)
  c.over(side - 0.02, bk.INK)
  c.over(side, fin)
  c.over(sd.circle(x - 0.74, y - 0.1, 0.16), bk.INK)
  c.over(sd.circle(x - 0.74, y - 0.1, 0.135), bk.WHITE)
  c.over(sd.circle(x - 0.76, y - 0.1, 0.08), bk.INK)
  c.over(sd.segment(x, y, 0.9, -0.14, 1.1, -0.08) - 0.02, bk.INK)
  return c


@bk.thing(0.4)
def jellyfish(g, x, y, px):
  """A glowing bell with frilled arms and long threads."""
  c = bk.Canvas(g, px)
  a, b = g.color(0.45, 0.8), g.color(0.5, 0.9)
  sway = 0.09 * np.sin(y * g.uniform(5, 7) + g.uniform(0, 6))
  u = np.abs(x + sway * np.clip(0.3 - y, 0, 1.2))
  low = g.uniform(-1.25, -0.9)
  for at in (0.16, 0.42, 0.68):
    thread = np.maximum(np.abs(u - at) - 0.04, y - 0.2)
    c.paint(np.maximum(thread, low - 0.3 * at - y), b * 0.9, ink=0.02)
  frill = np.abs(x + 1.6 * sway) - 0.13 - 0.06 * np.sin(y * 22)
  c.paint(
    np.maximum(frill, np.abs(y + 0.3) - 0.55), bk.mix(a, b, 0.5), ink=0.02
  )
  rim = y - 0.02 - 0.05 * np.cos(x * 19)
  bell = np.maximum(sd.ellipse(x, y - 0.15, 0.98, 0.92), -rim)
  r, theta = sd.polar(x, y + 0.5)
  glow = 0.65 + 0.25 * np.cos(theta * 16) + 0.3 * np.clip(y, 0, 1)
  c.paint(bell, bk.mix(b, a, np.clip(r - 0.3, 0, 1)) * glow, ink=0.03)
  c.over(np.maximum(np.abs(bell + 0.09) - 0.03, 0.2 - y), bk.WHITE, 0.6)
  organ = np.abs(sd.circle(np.abs(x) - 0.26, y - 0.42, 0.15)) - 0.045
  c.over(organ, bk.WHITE, 0.65)
  return c


# Arms of the right half, from the body to the curled tip.
_ARMS = (
  ((0.30, -0.05), (0.78, -0.12), (1.06, 0.14), (1.05, 0.46), (0.82, 0.50)),
  ((0.30, -0.25), (0.80, -0.48), (1.14, -0.36), (1.18, -0.10)),
  ((0.24, -0.35), (0.58, -0.80), (0.95, -0.92), (1.14, -0.68)),
  ((0.10, -0.40), (0.16, -0.85), (0.36, -1.14), (0.62, -1.08)),
)


@bk.thing(0.5, (1.0, 1.2))
def octopus(g, x, y, px):
  """A round head with eyes over eight curling arms with suckers."""
  c = bk.Canvas(g, px)
  ax = np.abs(x)
  skin = g.choose(
    g.tint((0.9, 0.3, 0.16), 0.06),
    g.tint((0.62, 0.2, 0.55), 0.07),
    g.tint((0.92, 0.5, 0.2), 0.06),
    g.tint((0.8, 0.25, 0.35), 0.06),
  )
  pale = np.clip(skin * 0.4 + 0.58, 0, 1)
  for arm in _ARMS:
    n, d, suckers = len(arm) - 1, None, None
    for k, (a, b) in enumerate(zip(arm, arm[1:], strict=False)):
      w0, w1 = 0.17 - 0.13 * k / n, 0.17 - 0.13 * (k + 1) / n
      part = sd.taper(ax, y, *a, *b, w0, w1)
      spot = sd.circle(ax - (a[0] + b[0]) / 2, y - (a[1] + b[1]) / 2, w1 * 0.55)
      tip = sd.circle(ax - b[0], y - b[1], w1 * 0.55)
      d = part if d is None else np.minimum(d, part)
      spot = np.minimum(spot, tip)
      suckers = spot if suckers is None else np.minimum(suckers, spot)
    c.paint(d, skin * (0.55 + 0.5 * bk.bump(d, 0.15)), ink=0.03)
    c.over(suckers, pale)
  head = sd.union(
    sd.ellipse(x, y - 0.52, 0.66, 0.64), sd.ellipse(x, y + 0.1, 0.46, 0.4), 0.35
  )
  c.paint(head, skin * (0.55 + 0.55 * bk.bump(head, 0.5)), ink=0.035)
  spot = bk.voronoi(x * 3 + 7, y * 3 + 7, g.seed(), 0.8)
  high = np.maximum(head + 0.05, 0.4 - y)
  c.over(np.maximum(spot.first / 3 - 0.07, high), skin * 0.6)
  e = sd.circle(ax - 0.26, y - 0.12, 0.19)
  c.over(e - 0.03, bk.INK)
  c.over(e, bk.WHITE)
  c.over(sd.ellipse(ax - 0.25, y - 0.11, 0.13, 0.08), bk.INK)
  return c


@bk.thing(0.2)
def penguin(g, x, y, px):
  """A penguin: black coat, white front, orange beak and feet."""
  c = bk.Canvas(g, px)
  ax = np.abs(x)
  black = g.choose(
    g.tint((0.07, 0.08, 0.12), 0.03), g.tint((0.1, 0.16, 0.3), 0.04)
  )
  orange = g.tint((0.98, 0.55, 0.06), 0.05)
  c.paint(sd.ellipse(ax - 0.32, y + 1.12, 0.3, 0.13), orange, ink=0.03)
  wing = sd.ellipse(*sd.rotate(ax - 0.78, y + 0.2, 0.35), 0.16, 0.58)
  c.paint(wing, black, ink=0.02)
  body = sd.union(
    sd.ellipse(x, y + 0.35, 0.76, 0.82),
    sd.ellipse(x, y - 0.62, 0.54, 0.52),
    0.3,
  )
  c.paint(body, black * (0.8 + 0.8 * bk.bump(body, 0.6)), ink=0.02)
  front = sd.ellipse(x, y + 0.45, 0.55, 0.66)
  mask = sd.ellipse(ax - 0.2, y - 0.6, 0.23, 0.3)
  c.over(np.minimum(front, mask), bk.WHITE)
  c.over(
    sd.circle(x, y + 0.02, 0.3),
    g.tint((0.99, 0.8, 0.25), 0.05),
    0.6 * g.chance(0.6),
  )
  c.over(sd.circle(ax - 0.2, y - 0.66, 0.1), bk.INK)
  bk.glint(c, ax - 0.17, y - 0.7, 0.035)
  beak = sd.triangle(x, 0.5 - y, 0.17, 0.28) - 0.02
  c.over(beak - 0.02, bk.INK)
  c.over(beak, orange)
  return c


@bk.thing(0.6)
def shell(g, x, y, px):
  """A scallop: ribs fanning out from the hinge, scalloped rim."""
  c = bk.Canvas(g, px)
  v = y + 0.85
  r, theta = sd.polar(v, x)
  n = 28.6  # Ribs on a full circle; a third of it is seen.
  f = sd.fold(theta, n)
  rib = np.cos(f * n)
  d = np.maximum(r - 1.72 - 0.07 * rib, np.abs(theta) - 1.02)
  d = np.maximum(d, -v) * 0.8
  d = np.minimum(d, sd.circle(x, y + 0.02, 0.97) + 0.02 * rib)
  ears = sd.rounded(x, y + 0.82, 0.46, 0.2, 0.05)
  a = g.choose(
    g.tint((0.98, 0.62, 0.45), 0.06),
    g.tint((0.95, 0.82, 0.62), 0.05),
    g.tint((0.85, 0.4, 0.5), 0.07),
    g.tint((0.9, 0.45, 0.15), 0.07),
  )
  b = np.clip(a * 0.4 + 0.58, 0, 1)
  c.paint(ears, a * (0.75 + 0.2 * np.cos(x * 40)), ink=0.03)
  bands = bk.wave(r * g.uniform(2, 3.2))
  rgb = bk.mix(a, b, bands) * (0.66 + 0.38 * rib)
  c.paint(d, rgb * (0.7 + 0.3 * np.clip(r, 0, 1)), ink=0.035)
  groove = np.abs(np.abs(f) - np.pi / n) * r - 0.02
  c.over(np.maximum(groove, d + 0.03), a * 0.3)
  return c


@bk.thing(0.2)
def snail(g, x, y, px):
  """A snail in profile: coiled house, foot, two feelers."""
  c = bk.Canvas(g, px)
  flesh = g.tint((0.8, 0.64, 0.42), 0.07)
  foot = sd.taper(x, y, -1.1, -0.78, 0.8, -0.68, 0.06, 0.24)
  neck = sd.taper(x, y, 0.72, -0.65, 0.92, -0.1, 0.23, 0.19)
  for ex, ey in ((0.82, 0.55), (1.15, 0.48)):
    c.paint(sd.segment(x, y, 0.92, -0.05, ex, ey) - 0.045, flesh, ink=0.025)
    c.paint(sd.circle(x - ex, y - ey, 0.085), bk.INK)
  body = sd.union(foot, neck, 0.15)
  c.paint(body, flesh * (0.6 + 0.5 * bk.bump(body, 0.2)), ink=0.035)
  c.over(sd.segment(x, y, 0.95, -0.28, 1.08, -0.22) - 0.022, bk.INK)
  sx, sy = x + 0.2, y - 0.1
  r, theta = sd.polar(sx, sy)
  house = r - 0.84
  a, b = g.color(0.35, 0.7), g.color(0.5, 0.95)
  s = theta / (2 * np.pi) + np.log(r + 0.04) * 1.35
  f = bk.fract(s)
  h = np.sqrt(np.clip(f * (1 - f) * 4, 0, 1))
  full = theta - 2 * np.pi * np.floor(s)
  rgb = bk.mix(a, b, bk.wave(full * 1.1)) * (0.25 + 0.85 * h)
  c.paint(house, rgb, ink=0.04)
  c.over(np.maximum(np.minimum(f, 1 - f) * r * 0.6 - 0.018, house), bk.INK)
  return c


@bk.thing(0.5, (1.05, 1.25))
def snake(g, x, y, px):
  """A winding snake: diamonds on its back, head with a forked tongue."""
  c = bk.Canvas(g, px)
  skin, mark = g.color(0.35, 0.7), g.color(0.04, 0.25)
  bright = g.color(0.55, 0.95)
  k, a = g.uniform(3.6, 4.2), 0.46
  t = np.clip((0.75 - y) / 1.95, 0, 1)
  ramp = np.clip(1.2 * (0.85 - y), 0, 1)  # Straight where the head sits.
  swing = a * ramp * np.sin((y - 0.72) * k)
  steep = a * ramp * k * np.cos((y - 0.72) * k)
  v = (x - swing) / np.sqrt(1 + steep * steep)
  w = 0.27 * np.sqrt(1 - t) + 0.05
  d = np.maximum(np.abs(v) - w, np.abs(y + 0.22) - 0.98)
  q = v / w
  u = y * 2.6
  diamond = np.abs(bk.fract(u) - 0.5) * 2 + np.abs(q)
  rgb = bk.mix(skin, bright, bk.edge(np.abs(diamond - 0.85) - 0.14, 0.05))
  rgb = bk.mix(rgb, mark, bk.edge(diamond - 0.68, 0.05))
  scale = 0.7 + 0.4 * np.abs(np.sin(y * 34 + v * 26) * np.sin(y * 34 - v * 26))
  c.paint(d, rgb * scale * np.sqrt(np.clip(1.1 - q * q, 0.1, 1)), ink=0.035)
  fork = sd.segment(x, y, 0, 1.0, 0, 1.2)
  fork = np.minimum(fork, sd.segment(np.abs(x), y, 0, 1.2, 0.12, 1.34))
  c.paint(fork - 0.03, g.tint((0.9, 0.08, 0.1), 0.05))
  head = sd.union(
    sd.ellipse(x, y - 0.76, 0.34, 0.3), sd.ellipse(x, y - 0.98, 0.2, 0.18), 0.2
  )
  c.paint(head, skin * (0.55 + 0.6 * bk.bump(head, 0.3)), ink=0.035)
  c.over(sd.circle(np.abs(x) - 0.07, y - 1.06, 0.03), bk.INK)
  c.over(sd.ellipse(x, y - 0.66, 0.09, 0.14), mark)
  e = sd.length(np.abs(x) - 0.22, y - 0.86)
  c.over(e - 0.1, bk.INK)
  c.over(e - 0.08, g.tint((0.98, 0.8, 0.1), 0.05))
  c.over(sd.ellipse(np.abs(x) - 0.22, y - 0.86, 0.028, 0.075), bk.INK)
  return c


@bk.thing(np.pi)
def turtle(g, x, y, px):
  """A turtle from above: plated shell, four flippers, head."""
  c = bk.Canvas(g, px)
  ax = np.abs(x)
  skin = g.choose(
    g.tint((0.4, 0.6, 0.25), 0.06), g.tint((0.62, 0.58, 0.3), 0.06)
  )
  dots = bk.voronoi(x * 7 + 9, y * 7 + 9, g.seed(), 0.6)
  skin = skin * (0.65 + 0.6 * np.clip(dots.gap * 2, 0, 1))
  fx, fy = sd.rotate(ax - 0.82, y - 0.62, -0.7)
  c.paint(sd.ellipse(fx, fy, 0.2, 0.44), skin, ink=0.03)
  fx, fy = sd.rotate(ax - 0.62, y + 0.85, 0.6)
  c.paint(sd.ellipse(fx, fy, 0.15, 0.3), skin, ink=0.03)
  c.paint(sd.triangle(x, -y - 0.8, 0.1, 0.42), skin, ink=0.02)
  c.paint(sd.ellipse(x, y - 0.95, 0.23, 0.28), skin, ink=0.03)
  c.over(sd.circle(ax - 0.13, y - 1.05, 0.05), bk.INK)
  shell = sd.ellipse(x, y + 0.05, 0.78, 0.86)
  plate = g.choose(
    g.tint((0.45, 0.26, 0.08), 0.06), g.tint((0.25, 0.42, 0.12), 0.06)
  )
  pale = np.clip(plate * 1.7 + 0.1, 0, 1)
  light = 0.55 + 0.55 * bk.bump(shell, 0.5)
  c.paint(shell, pale * light, ink=0.035)
  v = (y + 0.05) * 2.1
  row = np.round(v)
  u = x * 2.0 + 0.5 * (row % 2)
  du, dv = np.abs(u - np.round(u)), np.abs(v - row)
  cell = np.maximum(du * 0.9 + dv * 0.5, dv) - 0.42
  c.over(np.maximum(cell / 2, shell + 0.08), plate * light * (1.25 + cell))
  c.over(np.maximum(cell / 2 + 0.1, shell + 0.1), plate * 0.7 * light)
  return c
