"""Classes of objects: heads of animals, seen from the front."""

import numpy as np

from scripts.rendering import blocks as bk
from scripts.rendering import shapes as sd


def _eye(c, x, y, radius, iris, slit=0.0):
  """A round eye: dark lid line, iris, pupil (a slit when slit is 1), glint."""
  r = sd.length(x, y)
  c.over(r - radius * 1.2, bk.INK)
  c.over(r - radius, iris * (0.55 + 0.6 * np.clip(r / radius, 0, 1)))
  narrow = sd.ellipse(x, y, radius * 0.24, radius * 0.85)
  pupil = np.where(slit > 0, narrow, r - radius * 0.52)
  c.over(pupil, bk.INK * 0.4)
  c.over(
    sd.circle(x + radius * 0.32, y - radius * 0.36, radius * 0.24), bk.WHITE
  )


def _nose(c, x, y, half, height, color):
  """A triangle with its tip down and a highlight."""
  d = sd.triangle(x, -y, half, height) - 0.04
  c.over(d - 0.025, bk.INK)
  c.over(d, color)
  c.over(sd.ellipse(x + 0.3 * half, y + 0.02, 0.3 * half, 0.03), bk.WHITE, 0.7)


def _mouth(c, ax, y, top, fall, width):
  """A split upper lip: a line down and a curve to each side."""
  c.over(sd.segment(ax, y, 0, top, 0, top - fall) - 0.022, bk.INK)
  curl = sd.circle(ax - width / 2, y - top + fall, width / 2)
  c.over(np.maximum(np.abs(curl) - 0.022, y - top + fall), bk.INK)


def _ears(c, ax, y, at, half, height, lean, outer, inner):
  """Two pointed ears with coloured insides."""
  ex, ey = sd.rotate(ax - at[0], y - at[1], lean)
  d = sd.triangle(ex, ey, half, height) - 0.05
  c.paint(d, outer, ink=0.03)
  c.over(sd.triangle(ex, ey + 0.04, half * 0.55, height * 0.72), inner)


@bk.thing(0.3, (1.0, 1.25))
def bird(g, x, y, px):
  """A parrot's head and breast in profile with a hooked beak."""
  c = bk.Canvas(g, px)
  a, b, d3 = g.color(0.3, 0.6), g.color(0.25, 0.8), g.color(0.5, 0.95)
  feather = 0.75 + 0.3 * bk.wave((x * 0.5 - y) * 4 + 0.3 * np.sin(x * 15))
  body = sd.ellipse(x + 0.3, y + 0.8, 0.75, 0.95)
  c.paint(body, b * feather, ink=0.03)
  wing = sd.ellipse(*sd.rotate(x + 0.62, y + 0.85, 0.3), 0.38, 0.75)
  c.over(np.abs(wing) - 0.03, bk.INK)
  c.over(wing, d3 * feather)
  hook = np.maximum(
    sd.circle(x - 0.48, y - 0.12, 0.5), -sd.circle(x - 0.36, y + 0.42, 0.42)
  )
  hook = np.maximum(hook, 0.35 - x)
  bill = g.choose(
    g.tint((0.98, 0.68, 0.1), 0.06), g.tint((0.16, 0.15, 0.16), 0.04)
  )
  low = sd.ellipse(x - 0.42, y + 0.16, 0.2, 0.15)
  c.paint(low, bill * 0.6, ink=0.025)
  head = sd.circle(x + 0.02, y - 0.28, 0.66)
  c.paint(hook, bill * (0.75 + 0.4 * np.clip(y, -0.4, 0.6)), ink=0.03)
  c.paint(np.maximum(head, x - 0.44), a * feather, ink=0.03)
  c.over(sd.circle(x - 0.13, y - 0.25, 0.3), bk.WHITE)
  _eye(c, x - 0.15, y - 0.32, 0.15, g.tint((0.98, 0.75, 0.1), 0.08))
  return c


@bk.thing(0.3, (1.0, 1.25))
def cat(g, x, y, px):
  """A cat: pointed ears, striped brow, slit eyes, whiskers."""
  c = bk.Canvas(g, px)
  ax = np.abs(x)
  coat = g.choose(
    g.tint((0.85, 0.5, 0.18), 0.06),
    g.tint((0.55, 0.52, 0.5), 0.06),
    g.tint((0.24, 0.22, 0.23), 0.04),
    g.tint((0.6, 0.42, 0.26), 0.06),
  )
  hair = 1 + 0.08 * g.noise(0.7)
  pink = g.tint((0.92, 0.58, 0.55), 0.05)
  _ears(c, ax, y, (0.55, 0.42), 0.36, 0.72, 0.28, coat * 0.9, pink)
  tuft = 0.04 * np.cos(y * 30) * (ax > 0.7)
  head = sd.ellipse(x, y + 0.08, 1.02, 0.84) + tuft
  c.paint(head, coat * hair * (0.65 + 0.4 * bk.bump(head, 0.5)), ink=0.03)
  dark = coat * 0.32
  for k in (0.0, 0.2):
    stripe = sd.taper(ax, y, k, 0.72, k * 0.8, 0.3, 0.055, 0.02)
    c.over(np.maximum(stripe, head + 0.02), dark)
  for k in (-0.02, -0.24):
    stripe = sd.taper(ax, y, 1.05, k + 0.06, 0.68, k, 0.055, 0.015)
    c.over(np.maximum(stripe, head + 0.02), dark)
  cream = g.tint((0.97, 0.93, 0.86), 0.03)
  c.over(sd.ellipse(ax - 0.2, y + 0.48, 0.29, 0.23), cream)
  c.over(sd.ellipse(x, y + 0.7, 0.2, 0.13), cream)
  ex, ey = sd.rotate(ax - 0.42, y - 0.06, -0.22)
  lid = sd.almond(ex / 0.29, ey / 0.29, 0.75) * 0.29
  c.over(lid - 0.045, bk.INK)
  iris = g.choose(g.tint((0.55, 0.85, 0.2)), g.tint((0.98, 0.75, 0.1)))
  c.over(lid, iris * (0.7 + 1.2 * sd.length(ex, ey)))
  c.over(np.maximum(lid, sd.ellipse(ex, ey, 0.065, 0.24)), bk.INK)
  bk.glint(c, ex + 0.07, ey - 0.08, 0.05)
  _nose(c, x, y + 0.22, 0.11, 0.12, pink * 0.9)
  _mouth(c, ax, y, -0.38, 0.09, 0.25)
  for k in (-0.2, 0.0, 0.2):
    hair = sd.segment(ax, y, 0.3, -0.45 + 0.3 * k, 1.2, -0.42 + 1.4 * k)
    c.paint(hair - 0.02, bk.WHITE)
  return c


@bk.thing(0.3, (1.0, 1.25))
def dog(g, x, y, px):
  """A dog: hanging ears, long muzzle, big black nose, tongue."""
  c = bk.Canvas(g, px)
  ax = np.abs(x)
  coat = g.choose(
    g.tint((0.8, 0.56, 0.28), 0.06),
    g.tint((0.5, 0.3, 0.15), 0.06),
    g.tint((0.93, 0.89, 0.82), 0.04),
    g.tint((0.3, 0.22, 0.2), 0.05),
  )
  dark = g.choose(g.tint((0.3, 0.16, 0.08), 0.05), coat * 0.5)
  hair = 1 + 0.08 * g.noise(0.8)
  head = sd.union(
    sd.circle(ax * 0.95, y - 0.3, 0.72), sd.ellipse(x, y + 0.3, 0.5, 0.65), 0.3
  )
  c.paint(head, coat * hair * (0.65 + 0.4 * bk.bump(head, 0.5)), ink=0.03)
  patch = sd.ellipse(x - 0.36, y - 0.28, 0.3, 0.36)
  c.over(np.maximum(patch, head + 0.02), dark, g.chance(0.5))
  ex, ey = sd.rotate(ax - 0.83, y - 0.12, 0.2)
  ear = sd.union(
    sd.ellipse(ex, ey + 0.2, 0.29, 0.55),
    sd.circle(ex + 0.2, ey - 0.5, 0.2),
    0.3,
  )
  c.paint(ear, dark * hair * (0.6 + 0.6 * bk.bump(ear, 0.3)), ink=0.035)
  cream = g.tint((0.96, 0.9, 0.8), 0.04)
  tongue = sd.rounded(x, y + 0.98, 0.15, 0.28, 0.14)
  c.paint(tongue, g.tint((0.93, 0.38, 0.45), 0.05), ink=0.03)
  c.over(np.abs(x) - 0.015 + 9 * (tongue > 0), bk.INK, 0.5)
  muzzle = sd.union(
    sd.ellipse(ax - 0.2, y + 0.55, 0.32, 0.3),
    sd.ellipse(x, y + 0.3, 0.3, 0.34),
    0.15,
  )
  c.paint(muzzle, cream * (0.75 + 0.3 * bk.bump(muzzle, 0.25)), ink=0.025)
  for u, v in ((0.2, -0.5), (0.32, -0.55), (0.24, -0.63)):
    c.over(sd.circle(ax - u, y - v, 0.022), bk.INK)
  nose = sd.ellipse(x, y + 0.22, 0.26, 0.19)
  c.over(nose, bk.INK)
  c.over(sd.ellipse(x + 0.06, y + 0.14, 0.09, 0.04), bk.WHITE, 0.8)
  _mouth(c, ax, y, -0.38, 0.28, 0.34)
  _eye(c, ax - 0.34, y - 0.3, 0.15, g.tint((0.42, 0.22, 0.08), 0.04))
  brow = sd.segment(ax, y, 0.22, 0.58, 0.44, 0.56) - 0.035
  c.over(brow, dark)
  return c


@bk.thing(0.3, (1.0, 1.25))
def fox(g, x, y, px):
  """A fox: orange mask, white cheeks running to a pointed black nose."""
  c = bk.Canvas(g, px)
  ax = np.abs(x)
  coat = g.tint((0.92, 0.42, 0.06), 0.06)
  hair = 1 + 0.07 * g.noise(0.8)
  _ears(
    c,
    ax,
    y,
    (0.62, 0.35),
    0.34,
    0.85,
    0.18,
    coat * 0.85,
    g.tint((0.1, 0.06, 0.06), 0.03),
  )
  head = sd.polygon(
    ax, y,
    ((-0.1, 0.66), (0.5, 0.6), (0.85, 0.3), (1.15, -0.3), (0.6, -0.45),
     (0.16, -1.05), (-0.1, -1.05)),
  ) - 0.05  # fmt: skip
  c.paint(head, coat * hair, ink=0.035)
  cheek = sd.polygon(
    ax, y,
    ((1.15, -0.28), (0.72, 0.02), (0.3, -0.15), (0.13, -0.7), (0.15, -1.02),
     (0.6, -0.45)),
  )  # fmt: skip
  c.over(np.maximum(cheek, head + 0.01), g.tint((0.98, 0.95, 0.9), 0.03))
  bridge = sd.taper(x, y, 0, 0.1, 0, -0.75, 0.22, 0.12)
  c.over(np.maximum(bridge, head), coat * 0.95)
  ex, ey = sd.rotate(ax - 0.42, y - 0.12, -0.4)
  lid = sd.almond(ex / 0.21, ey / 0.21, 0.6) * 0.21
  c.over(lid - 0.045, bk.INK)
  c.over(lid, g.tint((0.95, 0.7, 0.15), 0.05))
  c.over(np.maximum(lid, sd.circle(ex, ey, 0.09)), bk.INK)
  bk.glint(c, ex + 0.03, ey - 0.05, 0.035)
  c.paint(sd.ellipse(x, y + 0.98, 0.19, 0.15), bk.INK)
  c.over(sd.ellipse(x + 0.05, y + 0.92, 0.06, 0.03), bk.WHITE, 0.8)
  return c


@bk.thing(0.35, (1.0, 1.25))
def frog(g, x, y, px):
  """A frog: eyes on top of a wide green grin."""
  c = bk.Canvas(g, px)
  ax = np.abs(x)
  skin = g.choose(
    g.tint((0.3, 0.65, 0.1), 0.07),
    g.tint((0.3, 0.65, 0.1), 0.07),
    g.tint((0.12, 0.5, 0.25), 0.06),
    g.tint((0.72, 0.68, 0.12), 0.06),
  )
  spots = bk.voronoi(x * 3 + 9, y * 3 + 9, g.seed(), 0.8)
  spot = bk.edge(spots.first - 0.28, 0.05) * g.chance(0.6)
  skin = bk.mix(skin, skin * 0.5, spot)
  ball = sd.circle(ax - 0.56, y - 0.5, 0.44)
  c.paint(ball, skin, ink=0.035)
  head = sd.ellipse(x, y + 0.22, 1.1, 0.78)
  c.paint(head, skin * (0.65 + 0.4 * bk.bump(head, 0.5)), ink=0.035)
  c.over(np.minimum(ball, head) + 0.02, skin)
  belly = np.maximum(sd.ellipse(x, y + 0.75, 0.9, 0.5), head + 0.04)
  c.over(belly, g.tint((0.94, 0.92, 0.6), 0.05))
  r = sd.length(ax - 0.56, y - 0.52)
  c.over(r - 0.34, bk.INK)
  c.over(r - 0.3, g.tint((0.98, 0.75, 0.08), 0.06) * (0.6 + 1.6 * r))
  c.over(sd.ellipse(ax - 0.56, y - 0.52, 0.22, 0.11), bk.INK)
  bk.glint(c, ax - 0.48, y - 0.63, 0.06)
  grin = np.abs(sd.ellipse(x, y - 0.12, 0.88, 0.62)) - 0.035
  c.over(np.maximum(grin, y + 0.16), bk.INK)
  c.over(sd.circle(ax - 0.13, y - 0.06, 0.035), bk.INK)
  return c


@bk.thing(0.3, (1.02, 1.25))
def lion(g, x, y, px):
  """A lion: a great mane around a broad golden face."""
  c = bk.Canvas(g, px)
  ax = np.abs(x)
  r, theta = sd.polar(x, y)
  mane = g.choose(
    g.tint((0.48, 0.2, 0.05), 0.06),
    g.tint((0.7, 0.32, 0.06), 0.06),
    g.tint((0.22, 0.1, 0.06), 0.04),
  )
  lock = np.cos(theta * 17 + 1.5 * np.sin(theta * 5))
  d = r - 1.1 - 0.1 * lock
  hair = 0.7 + 0.5 * np.cos(theta * 34 + 7 * r + 2 * np.sin(theta * 9))
  c.paint(d, mane * hair, ink=0.03)
  c.over(r - 0.88 - 0.08 * np.cos(theta * 15), np.clip(mane * 1.6, 0, 1) * hair)
  fur = g.tint((0.93, 0.66, 0.28), 0.05)
  ear = sd.circle(ax - 0.56, y - 0.62, 0.23)
  c.over(ear - 0.03, bk.INK)
  c.over(ear, fur * 0.9)
  c.over(sd.circle(ax - 0.56, y - 0.6, 0.12), mane * 0.7)
  head = sd.union(
    sd.ellipse(x, y - 0.1, 0.68, 0.66), sd.ellipse(x, y + 0.42, 0.48, 0.42), 0.3
  )
  c.over(head - 0.03, mane * 0.35)
  c.over(head, fur * (0.75 + 0.3 * bk.bump(head, 0.4)))
  cream = g.tint((0.98, 0.92, 0.8), 0.03)
  c.over(sd.ellipse(ax - 0.17, y + 0.48, 0.25, 0.21), cream)
  c.over(sd.ellipse(x, y + 0.72, 0.22, 0.16), cream)
  c.over(sd.taper(ax, y, 0.12, 0.25, 0.16, -0.2, 0.03, 0.03), fur * 0.55)
  _eye(c, ax - 0.33, y - 0.12, 0.115, g.tint((0.9, 0.6, 0.1), 0.05))
  c.over(sd.taper(ax, y, 0.15, 0.25, 0.5, 0.33, 0.05, 0.02), mane * 0.5)
  _nose(c, x, y + 0.2, 0.2, 0.17, g.tint((0.35, 0.13, 0.1), 0.04))
  _mouth(c, ax, y, -0.4, 0.12, 0.27)
  for u, v in ((0.2, -0.44), (0.28, -0.5), (0.18, -0.55)):
    c.over(sd.circle(ax - u, y - v, 0.022), bk.INK)
  return c


@bk.thing(0.2, (1.0, 1.25))
def owl(g, x, y, px):
  """An owl: huge ringed eyes, small beak, scaly breast, ear tufts."""
  c = bk.Canvas(g, px)
  ax = np.abs(x)
  dark = g.choose(
    g.tint((0.42, 0.24, 0.1), 0.06),
    g.tint((0.4, 0.38, 0.38), 0.05),
    g.tint((0.62, 0.36, 0.12), 0.06),
  )
  pale = g.tint((0.95, 0.84, 0.64), 0.05)
  ex, ey = sd.rotate(ax - 0.55, y - 0.7, -0.5)
  c.paint(sd.triangle(ex, ey + 0.2, 0.26, 0.75), dark * 0.8, ink=0.03)
  v = y * 4.2
  u = bk.fract(x * 4 + 0.5 * (np.floor(v) % 2)) - 0.5
  scale = sd.length(u, bk.fract(v) - 1)
  breast = bk.mix(dark, pale, np.clip(scale * 2.2 - 0.9, 0, 1))
  body = sd.union(
    sd.ellipse(x, y + 0.35, 0.9, 0.95), sd.ellipse(x, y - 0.35, 0.9, 0.65), 0.2
  )
  c.paint(body, breast, ink=0.035)
  wing = sd.ellipse(*sd.rotate(ax - 0.9, y + 0.5, -0.15), 0.26, 0.7)
  c.paint(wing, dark * (0.6 + 0.35 * bk.wave(y * 4)), ink=0.03)
  c.over(np.maximum(body + 0.02, 0.35 - y), dark)
  r, theta = sd.polar(ax - 0.4, y - 0.3)
  c.over(r - 0.5, dark * 0.4)
  disc = bk.mix(pale, dark, bk.wave(theta * 3.5) * np.clip(r * 1.6, 0, 0.7))
  c.over(r - 0.47, disc)
  iris = g.choose(g.tint((0.99, 0.75, 0.05)), g.tint((0.98, 0.5, 0.05)))
  c.over(r - 0.32, bk.INK)
  c.over(r - 0.28, iris)
  c.over(r - g.uniform(0.14, 0.19), bk.INK * 0.5)
  bk.glint(c, ax - 0.33, y - 0.4, 0.06)
  beak = sd.triangle(x, -y + 0.14, 0.15, 0.42)
  c.over(beak - 0.03, bk.INK)
  c.over(beak, g.tint((0.95, 0.65, 0.15), 0.06))
  return c


@bk.thing(0.3, (1.0, 1.25))
def panda(g, x, y, px):
  """A panda: white head, black ears and eye patches."""
  c = bk.Canvas(g, px)
  ax = np.abs(x)
  black = g.tint((0.07, 0.07, 0.08), 0.03)
  white = g.tint((0.96, 0.95, 0.92), 0.03)
  c.paint(sd.circle(ax - 0.76, y - 0.66, 0.36), black, ink=0.02)
  head = sd.ellipse(x, y + 0.05, 1.06, 0.9)
  c.paint(head, white * (0.72 + 0.28 * bk.bump(head, 0.6)), ink=0.03)
  ex, ey = sd.rotate(ax - 0.44, y - 0.06, 0.55)
  c.over(sd.ellipse(ex, ey, 0.27, 0.36), black)
  _eye(c, ax - 0.39, y - 0.1, 0.125, g.tint((0.5, 0.3, 0.15), 0.05))
  c.over(sd.ellipse(x, y + 0.33, 0.2, 0.13), black)
  c.over(sd.ellipse(x + 0.05, y + 0.28, 0.06, 0.03), bk.WHITE, 0.8)
  _mouth(c, ax, y, -0.42, 0.15, 0.3)
  return c
