"""Classes that fill the plane: surfaces and sights of nature."""

import numpy as np

from scripts.rendering import blocks as bk
from scripts.rendering import shapes as sd


def _grain(g, amount, power=1.0):
  """A multiplicative unevenness."""
  return 1 + amount * g.noise(power)


@bk.texture((1.2, 2.3))
def bubbles(g, x, y, px):
  """Soap bubbles: bright rims, a window of light, what is behind."""
  cells = bk.voronoi(x, y, g.seed(), 0.35)
  r = 0.3 + 0.14 * cells.key
  d = cells.first - r
  back = g.gradient(0.5 + 0.25 * g.noise(2.0), [g.color(0.05, 0.3), g.color()])
  film = g.gradient(0.5 + 0.7 * cells.dy / r + 0.3 * cells.key, n=3)
  rgb = bk.mix(back, film, 0.45 * bk.edge(d, px))
  rim = np.exp(-(((d + 0.035) / 0.04) ** 2))
  rgb = bk.mix(rgb, g.tint((0.93, 0.96, 1.0), 0.06), 0.85 * rim)
  window = sd.circle(cells.dx + 0.42 * r, cells.dy - 0.45 * r, 0.2 * r)
  return bk.mix(rgb, bk.WHITE, bk.edge(window, px))


@bk.texture((1.0, 1.0), 0.15, 0)
def cloud(g, x, y, px):
  """Cumulus clouds in a blue sky."""
  _, v = g.grid()
  n = g.noise(2.0) + 0.2 * g.noise(1.1)
  sky = bk.mix(
    g.tint((0.10, 0.34, 0.78), 0.08),
    g.tint((0.5, 0.74, 0.95), 0.06),
    0.5 - 0.5 * v,
  )
  cover = np.clip(n * 1.5 + g.uniform(-0.4, 0.7), 0, 1)
  relief = n - np.roll(bk.blur(n), max(2, g.size // 16), 2)
  light = np.clip(0.82 + 0.3 * relief, 0.45, 1.05)
  return bk.mix(sky, g.tint((0.98, 0.97, 0.96), 0.03) * light, cover)


@bk.texture((1.5, 2.6))
def cobble(g, x, y, px):
  """Rounded paving stones set apart in dark sand."""
  cells = bk.voronoi(x, y, g.seed(), 0.6)
  d = 0.13 - cells.gap + 0.35 * np.clip(cells.first - 0.42, 0, 1)
  rough = g.noise(1.1)
  stone = g.gradient(
    cells.key + 0.1 * rough,
    [
      g.tint((0.66, 0.63, 0.6), 0.06),
      g.tint((0.5, 0.42, 0.36), 0.08),
      g.tint((0.36, 0.38, 0.42), 0.06),
      g.tint((0.72, 0.6, 0.46), 0.08),
    ],
  )
  height = 0.3 * bk.bump(d, 0.45) + 0.008 * rough
  sand = g.tint((0.14, 0.11, 0.08), 0.04) * (1 + 0.3 * rough)
  rgb = bk.mix(sand, stone, bk.edge(d, px))
  return bk.lit(g, rgb, height, px, 1.1, 0.35, 0.1)


@bk.texture((1.0, 1.0))
def coral(g, x, y, px):
  """Brain coral: a labyrinth of ridges, all of one width."""
  low = 4.0
  n = g.noise(0.0, low, low * 1.6)
  ridge = np.tanh(n * 2.5)
  a, b = g.color(0.1, 0.35), g.color(0.45, 0.85)
  return bk.lit(g, g.gradient(0.5 + 0.5 * ridge, [a, b]), ridge * 0.09, px)


@bk.texture((1.4, 2.8))
def cracked(g, x, y, px):
  """Dry mud: angular plates apart by dark cracks."""
  n = g.noise(1.6) * 0.09
  cells = bk.voronoi(x + n, y - n, g.seed(), 1.0)
  mud = g.gradient(
    cells.key * 0.4 + 0.3 + 0.14 * g.noise(1.2),
    [g.tint((0.52, 0.34, 0.2), 0.07), g.tint((0.85, 0.66, 0.44), 0.07)],
  )
  crack = np.clip((cells.gap - 0.05) * 11, 0, 1)
  height = np.clip(cells.gap, 0, 0.16)
  return bk.lit(g, mud, height, px, 0.9, gloss=0) * (0.06 + 0.94 * crack)


@bk.texture((1.0, 1.8), 0.2, 0)
def flame(g, x, y, px):
  """Tongues of fire rising from below."""
  _, v = g.grid()
  sway = 0.22 * g.noise(2.2)
  n = g.noise(1.6, angle=0 * g.uniform(), stretch=2.2)
  u = (x + sway + 0.15 * np.sin(3 * v + g.uniform(0, 6))) * g.uniform(0.8, 1.4)
  cell = np.floor(u)
  top = bk.cell_hash(cell, 0 * cell, g.seed())
  tongue = np.abs(bk.fract(u) - 0.5) * 2
  t = 0.55 + 0.3 * top - 0.55 * v - (0.25 + 0.3 * (v + 1)) * tongue + 0.16 * n
  return g.gradient(
    t,
    [
      g.tint((0.04, 0.015, 0.03), 0.03),
      g.tint((0.55, 0.04, 0.02), 0.04),
      g.tint((0.97, 0.36, 0.03), 0.04),
      g.tint((1.0, 0.8, 0.2), 0.04),
      g.tint((1.0, 0.98, 0.8), 0.02),
    ],
  )


@bk.texture((1.0, 1.0))
def fur(g, x, y, px):
  """Long hair in one direction."""
  angle = g.uniform(0, np.pi)
  n = g.noise(0.8, angle=angle, stretch=0.14) + 0.35 * g.noise(2.0)
  coat = g.choose(
    g.tint((0.62, 0.38, 0.18), 0.1),
    g.tint((0.55, 0.5, 0.46), 0.08),
    g.tint((0.8, 0.6, 0.36), 0.1),
    g.tint((0.36, 0.2, 0.12), 0.08),
  )
  light = np.clip(coat * 1.5 + 0.12, 0, 1)
  rgb = g.gradient(0.5 + 0.2 * n, [coat * 0.25, coat, light])
  return bk.lit(g, rgb, n * 0.025, px, 1.0, 0.5)


@bk.texture((0.9, 1.3), np.pi, 0.0, 0.15)
def galaxy(g, x, y, px):
  """A spiral galaxy among stars."""
  r, theta = sd.polar(x, y * g.uniform(1.0, 1.7))
  arms = g.choose(2, 2, 3)
  arm = 0.5 + 0.5 * np.cos(arms * theta - g.uniform(3.5, 5) * np.log(r + 0.06))
  dust = 1 + 0.3 * g.noise(1.2)
  glow = np.exp(-r * 1.7) * (0.12 + 1.15 * arm * arm) * dust
  glow = glow + 1.1 * np.exp(-r * r * 26)
  hue = g.choose(
    g.tint((0.3, 0.2, 0.75)),
    g.tint((0.1, 0.35, 0.75)),
    g.tint((0.6, 0.2, 0.55)),
  )
  night = g.tint((0.02, 0.02, 0.06), 0.02)
  core = g.tint((1.0, 0.94, 0.76), 0.03)
  rgb = g.gradient(glow, [night, hue, np.clip(hue * 0.5 + 0.5, 0, 1), core])
  stars = np.clip(g.noise(-0.2, 10) * 1.6 - 4.0, 0, 1)
  return rgb + stars


@bk.texture((1.2, 2.0))
def glass(g, x, y, px):
  """Stained glass: flat panes of pure colour in black lead."""
  cells = bk.voronoi(x, y, g.seed(), 0.95)
  colors = [
    g.tint((0.85, 0.05, 0.1), 0.07),
    g.tint((0.06, 0.2, 0.75), 0.07),
    g.tint((0.98, 0.75, 0.08), 0.06),
    g.tint((0.05, 0.55, 0.25), 0.07),
    g.tint((0.5, 0.12, 0.6), 0.08),
    g.tint((0.1, 0.65, 0.85), 0.07),
  ]
  pane = g.gradient(np.floor(cells.key * 6) / 5, colors)
  _, v = g.grid()
  glow = 0.85 + 0.35 * np.clip(cells.gap, 0, 1) + 0.12 * g.noise(1.6) + 0.1 * v
  lead = bk.edge(cells.gap - 0.085, px)
  return bk.mix(np.clip(pane * glow, 0, 1), bk.INK * 0.6, lead)


@bk.texture((1.6, 3.0))
def leopard(g, x, y, px):
  """Rosettes: broken dark rings around a tawny centre."""
  n = g.noise(1.6) * 0.1
  cells = bk.voronoi(x + n, y - n, g.seed(), 0.55)
  theta = np.arctan2(cells.dy, cells.dx)
  r = cells.first * (1 + 0.14 * np.sin(3 * theta + cells.key * 6))
  coat = g.gradient(
    0.5 + 0.2 * g.noise(1.8),
    [g.tint((0.84, 0.52, 0.16), 0.07), g.tint((0.97, 0.8, 0.46), 0.06)],
  )
  rgb = bk.mix(coat, g.tint((0.62, 0.34, 0.1), 0.06), bk.edge(r - 0.27, px))
  width = 0.09 * (1 + 0.7 * np.sin(2 * theta + cells.key * 20))
  ring = np.abs(r - 0.31) - width
  rgb = bk.mix(rgb, g.tint((0.08, 0.05, 0.03), 0.03), bk.edge(ring, px))
  return rgb * (1 + 0.06 * g.noise(0.8, angle=g.uniform(0, 3), stretch=0.2))


@bk.texture((1.0, 1.0), np.pi, 0)
def lightning(g, x, y, px):
  """Forked bolts in a violet night."""
  night = g.gradient(
    0.5 + 0.25 * g.noise(2.0),
    [
      g.tint((0.04, 0.03, 0.12), 0.03),
      g.choose(g.tint((0.2, 0.1, 0.42), 0.06), g.tint((0.08, 0.16, 0.4), 0.06)),
    ],
  )
  bolt = np.zeros_like(x)
  u, v = g.grid()
  for k in range(3):
    lean = g.uniform(-0.5, 0.5)
    path = 0.22 * g.noise(1.7)[:, :, :, :1] + lean * v + g.uniform(-0.5, 0.5)
    d = np.abs(u - path)
    reach = bk.edge(g.uniform(-0.9, 0.3) * (k > 0) - 9 * (k == 0) - v, 0.05)
    glow = 0.030 / (d + 0.02) * 0.35 + bk.edge(d - 0.028 + 0.006 * k, px)
    bolt = np.maximum(bolt, glow * reach)
  return bk.mix(night, g.tint((0.9, 0.92, 1.0), 0.03), np.clip(bolt, 0, 1))


@bk.texture((0.9, 1.5), np.pi, 0.2)
def marble(g, x, y, px):
  """Polished stone: clouded bands with pale and golden veins."""
  n = g.noise(1.9)
  band = bk.wave(x * g.uniform(0.2, 0.35) + 0.22 * n)
  dark = g.choose(
    g.tint((0.05, 0.25, 0.18), 0.04),
    g.tint((0.12, 0.12, 0.15), 0.04),
    g.tint((0.45, 0.14, 0.1), 0.06),
    g.tint((0.1, 0.15, 0.35), 0.05),
  )
  pale = g.choose(g.tint((0.94, 0.92, 0.88), 0.04), np.clip(dark * 2.2, 0, 1))
  rgb = bk.mix(dark, pale, 0.85 * band)
  for power, width, vein in (
    (2.3, 0.09, pale * 0.7 + 0.3),
    (2.1, 0.06, g.tint((0.92, 0.72, 0.3), 0.05)),
  ):
    bent = 1.6 * g.noise(power)
    s = np.abs(np.sin(1.5 * x + y * g.uniform(-1, 1) + bent))
    rgb = bk.mix(rgb, vein, 0.9 * bk.edge(s - width, 0.07))
  return rgb * _grain(g, 0.04, 0.8)


@bk.texture((1.0, 1.0), 0.08, 0)
def mountain(g, x, y, px):
  """A snow-capped range under an evening or noon sky."""
  u, v = g.grid()
  sky = g.gradient(
    0.5 - 0.5 * v,
    [
      g.tint((0.16, 0.38, 0.8), 0.08),
      g.tint((0.62, 0.78, 0.92), 0.08),
      g.tint((0.98, 0.72, 0.46), 0.1),
    ],
  )
  rgb = sky
  for k, base in enumerate((0.25, -0.15, -0.6)):
    peak, where = g.uniform(0.3, 0.6), g.uniform(-0.6, 0.6)
    rough = g.noise(1.5)
    line = rough[:, :, :1, :] * 0.09 + base
    line = line + peak * np.clip(1 - np.abs(u - where) * 1.3, 0, 1) * (k < 2)
    rock = g.tint(((0.42, 0.46, 0.6), (0.3, 0.32, 0.4), (0.1, 0.24, 0.12))[k])
    lean = np.clip(
      0.8 + 0.35 * rough + 0.5 * np.sign(where - u + 0.12 * rough), 0.55, 1.4
    )
    rock = rock * (lean if k < 2 else 1 + 0.25 * g.noise(0.9))
    depth = line - v
    snow = bk.edge(depth - 0.24 - 0.09 * rough, 0.02) * (k < 2)
    rock = bk.mix(rock, bk.WHITE * np.clip(lean, 0.75, 1), snow)
    rgb = bk.mix(rgb, rock, bk.edge(-depth, 2 / g.size))
  return rgb


@bk.texture((1.7, 3.2), 0.6)
def scales(g, x, y, px):
  """Overlapping round scales, each shaded towards its rim."""
  y = y * 1.6
  base = np.floor(y)
  colors, seed = [g.color(), g.color(0.2, 0.5), g.color()], g.seed()
  rgb = None
  for k in (2, 1, 0, -1):  # Lower rows lie on top.
    row = base + k
    u = x + 0.5 * (row % 2)
    fx, fy = bk.fract(u) - 0.5, (y - row) / 1.6
    d = sd.circle(fx, fy - 0.1, 0.58)
    key = bk.cell_hash(np.floor(u), row, seed)
    scale = g.gradient(0.35 * key + np.clip(-1.2 * d, 0, 0.6), colors)
    scale = scale * np.clip(0.15 + 3.2 * -d, 0.12, 1.15)
    rgb = scale if rgb is None else bk.mix(rgb, scale, bk.edge(d, px))
  return np.clip(rgb, 0, 1)


@bk.texture((1.6, 2.8), 0.35, 0.7)
def water(g, x, y, px):
  """Waves with glittering crests."""
  height = 0
  for k in range(4):
    angle = np.pi / 2 + g.uniform(-0.8, 0.8)
    f = 1.4 + 1.1 * k
    phase = (x * np.cos(angle) + y * np.sin(angle)) * f + g.uniform(0, 7)
    phase = phase + 0.6 * g.noise(2.2) if k < 2 else phase
    height = height + (1 - np.abs(np.sin(phase))) / f
  rgb = g.gradient(
    height * 0.8,
    [
      g.tint((0.01, 0.12, 0.32), 0.04),
      g.tint((0.03, 0.4, 0.58), 0.08),
      g.tint((0.5, 0.86, 0.9), 0.06),
    ],
  )
  return bk.lit(g, rgb, height, px, 0.5, 0.5, 0.6)


@bk.texture((0.6, 1.2), np.pi, 0.2, 1.0)
def wood(g, x, y, px):
  """Sawn timber: growth rings drawn long, with pores."""
  n = g.noise(2.3) * 0.1
  r = sd.length(x * 0.32 + n, y * g.uniform(0.9, 1.5) + n)
  t = bk.fract(r * g.uniform(4, 7))
  fine = np.sin((y + n) * 60) * 0.5 + g.noise(1.0)
  return g.gradient(
    t * t * 0.85 + 0.05 * fine,
    [
      g.tint((0.82, 0.54, 0.26), 0.06),
      g.tint((0.62, 0.36, 0.15), 0.06),
      g.tint((0.3, 0.15, 0.06), 0.04),
    ],
  )


@bk.texture((1.5, 2.5), tilt=0.2)
def zebra(g, x, y, px):
  """Black and white stripes that fork and taper."""
  s = np.sin(x * g.uniform(5.5, 7.5) + g.noise(2.1) * g.uniform(1.0, 1.8))
  s = s + g.uniform(-0.2, 0.2)
  black = g.tint((0.07, 0.06, 0.06), 0.04)
  rgb = bk.mix(g.tint((0.95, 0.92, 0.87), 0.05), black, bk.edge(s, px * 5))
  return rgb * _grain(g, 0.05, 0.7)
