"""Classes that fill the plane: what is built, woven, strung or knitted."""

import numpy as np

from scripts.rendering import blocks as bk
from scripts.rendering import shapes as sd


@bk.texture((1.0, 1.9), 0.15, 0.3)
def arches(g, x, y, px):
  """An arcade of round arches in courses of stone."""
  v = y * 0.6
  fx, fy = bk.fract(x) - 0.5, (bk.fract(v) - 0.5) / 0.6
  w = g.uniform(0.29, 0.37)
  top = fy > 0.2
  d = np.where(
    top, sd.circle(fx, fy - 0.2, w), np.maximum(np.abs(fx) - w, -fy - 0.62)
  )
  row = np.floor(v * 11)
  block = bk.cell_hash(np.floor(x * 5 + 0.5 * row), row, g.seed())
  stone = g.gradient(
    0.35 + 0.4 * block + 0.1 * g.noise(1.0),
    [g.tint((0.6, 0.42, 0.26)), g.tint((0.92, 0.78, 0.56))],
  )
  stone = stone * (1 - 0.35 * (bk.fract(v * 11) < 0.14))
  ring = bk.edge(np.abs(d - 0.07) - 0.07, px) * top
  wedge = np.cos(np.arctan2(fx, fy - 0.2) * 18) > 0.5
  stone = bk.mix(stone, g.tint((0.95, 0.86, 0.7)) * (1 - 0.45 * wedge), ring)
  sky, dark = g.tint((0.3, 0.55, 0.85)), g.tint((0.06, 0.05, 0.08), 0.03)
  inside = bk.mix(dark, g.choose(sky, dark), np.clip(0.5 + fy, 0, 1))
  rgb = bk.mix(stone, inside, bk.edge(d, px))
  sill = np.abs(fy + 0.74) - 0.07
  return bk.mix(rgb, g.tint((0.93, 0.85, 0.7)), bk.edge(sill, px))


@bk.texture((1.6, 2.8))
def basket(g, x, y, px):
  """Wicker: strands over and under, across and along."""
  k = (np.floor(x) + np.floor(y)) % 2
  fx, fy = bk.fract(x) - 0.5, bk.fract(y) - 0.5
  along, across = np.where(k > 0, fx, fy), np.where(k > 0, fy, fx)
  strand = np.abs(bk.fract(across * 3 + 0.5) - 0.5) * 2
  height = np.sqrt(np.clip(1 - strand**2, 0, 1)) * (1 - 2.6 * along**2)
  key = bk.cell_hash(np.floor(x), np.floor(y), g.seed())
  cane = g.gradient(
    0.2 + 0.5 * key + 0.12 * g.noise(0.8),
    [g.tint((0.62, 0.38, 0.14), 0.08), g.tint((0.92, 0.74, 0.42), 0.08)],
  )
  return np.clip(cane * (0.08 + 1.1 * height), 0, 1)


@bk.texture((1.5, 3.0))
def beads(g, x, y, px):
  """Glossy coloured balls, closely packed."""
  row = np.floor(y * 1.1547)
  u = x + 0.5 * (row % 2)
  cx, cy = bk.fract(u) - 0.5, (bk.fract(y * 1.1547) - 0.5) / 1.1547
  r = 0.48
  z = np.sqrt(np.clip(r * r - cx * cx - cy * cy, 0, 1)) / r
  light = np.clip(z * 0.65 - cx * 0.9 + cy * 0.9, 0, 1.3)
  key = bk.cell_hash(np.floor(u), row, g.seed())
  bead = g.gradient(key, [g.color(0.4, 0.8) for _ in range(3)])
  bead = bead * (0.3 + 1.0 * light)
  shine = np.clip(light - 0.9, 0, 1) * 2.8
  inside = bk.edge(sd.circle(cx, cy, r), px)
  return bk.mix(g.color(0.02, 0.1), bead + shine, inside)


@bk.texture((0.8, 1.7))
def braid(g, x, y, px):
  """Three strands plaited over each other."""
  fx = bk.fract(x * 0.8) * 2.5 - 1.25
  t = y * g.uniform(2.6, 3.4)
  base = g.color(0.3, 0.6)
  plain = g.chance(0.5)
  strands = []
  for k in range(3):
    p = t + k * 2 * np.pi / 3
    color = bk.mix(g.color(0.3, 0.7), base, plain)
    slant = fx - 0.62 * np.sin(p)
    d = np.abs(slant) - 0.36
    hair = 0.16 * np.sin(slant * 16 + np.cos(p) * 4)
    rgb = color * (0.12 + 1.05 * bk.bump(d, 0.36) + hair)
    strands.append((np.cos(2 * p), d, rgb))
  rgb = g.color(0.02, 0.3) * (1 + 0.1 * g.noise(1.2))
  for level in (-1, 1):
    for depth, d, color in strands:
      rgb = bk.mix(rgb, color, bk.edge(d, px) * (depth * level > 0))
  return np.clip(rgb, 0, 1)


@bk.texture((1.2, 2.4), 0.5)
def brick(g, x, y, px):
  """A wall of bricks in running bond."""
  r = 2.1
  row = np.floor(y * r)
  u = x * 1.05 + 0.5 * row
  fx, fy = bk.fract(u) - 0.5, bk.fract(y * r) - 0.5
  d = np.maximum(np.abs(fx) - 0.5, (np.abs(fy) - 0.5) / r) + 0.045
  key = bk.cell_hash(np.floor(u), row, g.seed())
  rough = g.noise(1.1)
  clay = g.gradient(
    key * 0.8 + 0.1 + 0.1 * rough,
    [
      g.tint((0.72, 0.26, 0.14), 0.1),
      g.tint((0.55, 0.15, 0.09), 0.08),
      g.tint((0.82, 0.42, 0.22), 0.1),
    ],
  )
  mortar = g.tint((0.82, 0.78, 0.7), 0.08) * (1 + 0.08 * rough)
  rgb = bk.mix(mortar, clay, bk.edge(d, px))
  return bk.lit(g, rgb, np.clip(-d, 0, 0.05) + 0.006 * rough, px, 1.0)


@bk.texture((0.7, 1.5), np.pi, 0.2)
def chain(g, x, y, px):
  """Steel links, seen in turn from the front and from the side."""
  back = g.gradient(0.5 + 0.25 * g.noise(1.6), n=2) * g.uniform(0.3, 1)
  period, w = 1.16, 0.105
  y = (bk.fract(y * 0.9) - 0.5) / 0.9
  x = x % period
  face = np.abs(sd.segment(x, y, 0.36, 0, period - 0.36, 0) - 0.25) - w
  u = np.minimum(x, period - x)  # The side link spans the seam.
  side = sd.segment(u, y, 0, 0, 0.28, 0) - w * 1.1
  metal = g.choose(
    g.tint((0.72, 0.75, 0.8)), g.tint((0.85, 0.62, 0.2)), g.color(0.4, 0.7)
  )
  back = back * (1 - 0.6 * bk.edge(np.minimum(face, side) - 0.07, 0.14))
  rgb = bk.mix(back, bk.INK, bk.edge(np.minimum(face, side) - 0.045, px))
  for d in (face, side):
    h = bk.bump(d, w)
    link = metal * (0.2 + 0.9 * h) + 0.55 * np.clip(h - 0.86, 0, 1) * 6
    rgb = bk.mix(rgb, np.clip(link, 0, 1), bk.edge(d, px))
    rgb = bk.mix(rgb, bk.INK, 0.8 * bk.edge(np.abs(side - 0.03) - 0.02, px))
  return rgb


@bk.texture((1.2, 2.2), 0.2, 0.4)
def facade(g, x, y, px):
  """A house front: rows of framed windows with sills."""
  a = g.uniform(0.72, 0.9)
  fx, fy = bk.fract(x) - 0.5, (bk.fract(y * a) - 0.5) / a
  wall = g.color(0.35, 0.75) * (1 + 0.07 * g.noise(1.0))
  w, h = g.uniform(0.24, 0.3), g.uniform(0.36, 0.44)
  d = sd.box(fx, fy - 0.02, w, h)
  key = bk.cell_hash(np.floor(x), np.floor(y * a), g.seed())
  pane = g.gradient(
    key * 0.9 + 0.5 * fy,
    [
      g.tint((0.05, 0.08, 0.16), 0.03),
      g.tint((0.2, 0.36, 0.55), 0.06),
      g.tint((1.0, 0.84, 0.42), 0.06),
    ],
  )
  frame = g.tint((0.95, 0.93, 0.88), 0.05)
  rgb = bk.mix(wall, frame, bk.edge(d - 0.07, px))
  rgb = bk.mix(rgb, pane, bk.edge(d, px))
  cross = np.minimum(np.abs(fx), np.abs(fy - 0.12)) - 0.025
  rgb = bk.mix(rgb, frame, bk.edge(np.maximum(cross, d), px))
  sill = sd.box(fx, fy + h + 0.06, w + 0.13, 0.045)
  rgb = bk.mix(rgb, wall * 0.4, bk.edge(sill - 0.02, px * 2))
  return bk.mix(rgb, frame, bk.edge(sill, px))


@bk.texture((1.6, 3.0))
def honeycomb(g, x, y, px):
  """Wax cells, some filled with honey."""
  s = 1.7320508
  ax, ay = x % 1.0 - 0.5, y % s - s / 2
  bx, by = (x - 0.5) % 1.0 - 0.5, (y - s / 2) % s - s / 2
  near = ax * ax + ay * ay < bx * bx + by * by
  qx, qy = np.where(near, ax, bx), np.where(near, ay, by)
  d = np.maximum(np.abs(qx), np.abs(qx) * 0.5 + np.abs(qy) * (s / 2)) - 0.5
  w = g.uniform(0.07, 0.11)
  key = bk.cell_hash(np.round((x - qx) * 2), np.round((y - qy) * 1.2), g.seed())
  honey = g.gradient(
    key * 0.75 + 0.5 * qy + 0.2,
    [
      g.tint((0.42, 0.18, 0.02), 0.04),
      g.tint((0.95, 0.58, 0.05), 0.06),
      g.tint((1.0, 0.82, 0.3), 0.05),
    ],
  )
  wax = g.tint((0.98, 0.84, 0.4), 0.06)
  rgb = bk.mix(wax, honey * 0.85, bk.edge(d + w, px))
  return bk.lit(g, rgb, -np.clip(-d, 0, w * 1.7), px, 0.9)


@bk.texture((1.6, 3.0), 0.5)
def knit(g, x, y, px):
  """Stocking stitch: columns of V-shaped stitches of yarn."""
  fx = bk.fract(x) - 0.5
  t = y * 1.4 + np.abs(fx) * 1.4
  s, row = bk.fract(t), np.floor(t)
  side = np.abs(np.abs(fx) - 0.25) / 0.25
  h = np.sqrt(np.clip(1 - side * side, 0, 1))
  h = h * np.sqrt(np.clip(s * (1 - s) * 4, 0, 1))
  stripes = g.chance(0.5)
  key = bk.cell_hash(np.floor(x / 2) * (1 - stripes), row // 2, g.seed())
  yarn = g.gradient(
    np.floor(key * 3) / 2, [g.color(0.3, 0.8), *[g.color() for _ in range(2)]]
  )
  ply = 1 + 0.14 * np.sin((s + np.abs(fx) * 3) * 22)
  return np.clip(yarn * ply * (0.1 + 1.05 * h), 0, 1)
