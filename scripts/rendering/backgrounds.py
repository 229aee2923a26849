"""Rendered backgrounds: one set to train on, another one to test with.

They are soft and of low contrast where they resemble a class, so that the
object in front stays the subject.
"""

import numpy as np

from scripts.rendering import blocks as bk
from scripts.rendering import shapes as sd


def _axis(g):
  """A picture coordinate along a random direction."""
  x, y = g.grid()
  angle = g.uniform(0, 2 * np.pi)
  return x * np.cos(angle) + y * np.sin(angle)


def mist(g):
  """Soft clouds through a palette."""
  t = 0.5 + 0.25 * g.noise(2.0) + 0.3 * _axis(g) * g.uniform(-1, 1)
  return g.gradient(t, n=3)


def ground(g):
  """A rough surface: earth, sand, stone."""
  t = 0.5 + 0.2 * g.noise(1.1) * g.uniform(0.4, 1.2)
  return g.gradient(t, [g.color(), g.color()])


def plain(g):
  """A smooth gradient between two colours."""
  t = 0.5 + 0.5 * _axis(g) * g.uniform(0.2, 1)
  return g.gradient(t + 0.02 * g.noise(0.5), n=2)


def bands(g):
  """Broad wavering bands."""
  t = bk.wave(_axis(g) * g.uniform(0.6, 2.2) + 0.12 * g.noise(2.2))
  a = g.color()
  return bk.mix(a, g.color() * 0.6 + a * 0.4, t)


def grass(g):
  """Streaks along one direction."""
  angle = g.uniform(0, np.pi)
  t = 0.5 + 0.2 * g.noise(1.2, angle=angle, stretch=0.15)
  base = g.choose(g.tint((0.2, 0.45, 0.1)), g.color())
  return g.gradient(t, [base * 0.45, base, np.clip(base * 1.35, 0, 1)])


def bokeh(g):
  """Discs of light out of focus."""
  x, y = g.grid()
  k = g.uniform(1.2, 3)
  cells = bk.voronoi(x * k + 9, y * k + 9, g.seed(), 0.8)
  disc = bk.edge(cells.first - 0.2 - 0.25 * cells.key, 0.12)
  rgb = g.gradient(0.5 + 0.2 * g.noise(2.2), [g.color(0.05, 0.3), g.color()])
  return bk.mix(rgb, g.gradient(cells.key, n=3), disc * g.uniform(0.3, 0.7))


def horizon(g):
  """Sky above, land below, the line between them blurred."""
  _, y = g.grid()
  line = y - g.uniform(-0.5, 0.4) + 0.06 * g.noise(2.0)
  sky = g.choose(g.tint((0.45, 0.68, 0.95)), g.color(0.4, 0.8))
  land = g.choose(g.tint((0.25, 0.42, 0.14)), g.color(0.15, 0.5))
  land = land * (1 + 0.12 * g.noise(1.0))
  return bk.mix(land, sky * (1.05 - 0.3 * y), bk.edge(-line, 0.06))


def patches(g):
  """Large flat cells."""
  x, y = g.grid()
  k = g.uniform(0.8, 2)
  cells = bk.voronoi(x * k + 5, y * k + 5, g.seed())
  return g.gradient(cells.key + 0.06 * g.noise(1.5), n=3)


def spots_of_light(g):
  """Foliage: light and shade of middle size."""
  t = 0.5 + 0.28 * g.noise(0.5, 2, 9)
  base = g.choose(g.tint((0.15, 0.35, 0.12)), g.color(0.1, 0.5))
  return g.gradient(t, [base * 0.4, base, np.clip(base * 1.7 + 0.1, 0, 1)])


def rays(g):
  """Shifted set: a burst of rays about a point."""
  x, y = g.grid()
  _, theta = sd.polar(x - g.uniform(-1, 1), y - g.uniform(-1, 1))
  t = bk.wave(theta * g.integer(5, 14) / (2 * np.pi))
  return bk.mix(g.color(), g.color(), t)


def ripples(g):
  """Shifted set: broad rings about a far point."""
  x, y = g.grid()
  r = sd.length(x - g.uniform(-2, 2), y - g.uniform(1, 2))
  return g.gradient(bk.wave(r * g.uniform(0.7, 2)), n=3)


def grain(g):
  """Shifted set: fine coloured grain."""
  t = 0.5 + 0.25 * g.noise(0.0) + 0.2 * _axis(g)
  return g.gradient(t, n=3)


def weave(g):
  """Shifted set: the sum of two crossed waves."""
  t = bk.wave(_axis(g) * g.uniform(1, 4)) + bk.wave(_axis(g) * g.uniform(1, 4))
  return g.gradient(t * 0.5, n=3)


def steps(g):
  """Shifted set: flat terraces of a smooth landscape."""
  t = 0.5 + 0.3 * g.noise(2.2)
  return g.gradient(np.floor(t * 5) / 4, n=4)


TRAINING = (
  mist,
  ground,
  plain,
  bands,
  grass,
  bokeh,
  horizon,
  patches,
  spots_of_light,
)
SHIFTED = (rays, ripples, grain, weave, steps)
