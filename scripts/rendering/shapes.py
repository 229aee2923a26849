"""Signed distances of plane shapes, negative inside, in object units."""

import math

import numpy as np


def length(x, y):
  """Euclidean length; the epsilon keeps divisions by it finite."""
  return np.sqrt(x * x + y * y + 1e-9)


def rotate(x, y, angle):
  """Coordinates turned by angle (array or number)."""
  c, s = np.cos(angle), np.sin(angle)
  if not isinstance(angle, np.ndarray):
    c, s = float(c), float(s)
  return x * c - y * s, x * s + y * c


def circle(x, y, radius):
  return length(x, y) - radius


def ellipse(x, y, a, b):
  """Ellipse of half axes a, b (first-order distance)."""
  return (length(x / a, y / b) - 1) * np.minimum(a, b).astype(np.float32)


def box(x, y, a, b):
  """Rectangle of half sides a, b."""
  return np.maximum(np.abs(x) - a, np.abs(y) - b)


def rounded(x, y, a, b, r):
  """Rectangle of half sides a, b with corners of radius r."""
  u, v = np.maximum(np.abs(x) - a + r, 0), np.maximum(np.abs(y) - b + r, 0)
  return length(u, v) - r


def segment(x, y, x0, y0, x1, y1):
  """Distance to a line segment (subtract a width for a capsule)."""
  dx, dy = x1 - x0, y1 - y0
  t = ((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy + 1e-9)
  t = np.clip(t, 0, 1)
  return length(x - x0 - t * dx, y - y0 - t * dy)


def polyline(x, y, points):
  """Distance to a polyline of (x, y) points."""
  d = None
  for (x0, y0), (x1, y1) in zip(points, points[1:], strict=False):
    s = segment(x, y, x0, y0, x1, y1)
    d = s if d is None else np.minimum(d, s)
  return d


def taper(x, y, x0, y0, x1, y1, w0, w1):
  """Capsule whose half width runs from w0 to w1."""
  dx, dy = x1 - x0, y1 - y0
  t = ((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy + 1e-9)
  t = np.clip(t, 0, 1)
  return length(x - x0 - t * dx, y - y0 - t * dy) - (w0 + (w1 - w0) * t)


def triangle(x, y, half, height):
  """Isosceles triangle: base on y = 0 from -half to half, apex above."""
  n = np.sqrt(np.float32(1) * height * height + half * half)
  side = (np.abs(x) * height + (y - height) * half) / n
  return np.maximum(-y, side)


def polygon(x, y, points):
  """Simple polygon of (x, y) points, exact."""
  d2, sign = None, 1.0
  previous = points[-1]
  for point in points:
    ex, ey = previous[0] - point[0], previous[1] - point[1]
    wx, wy = x - point[0], y - point[1]
    t = np.clip((wx * ex + wy * ey) / (ex * ex + ey * ey), 0, 1)
    bx, by = wx - ex * t, wy - ey * t
    q = bx * bx + by * by
    d2 = q if d2 is None else np.minimum(d2, q)
    up, down, left = wy >= 0, y < previous[1], ex * wy > ey * wx
    flip = (up & down & left) | ~(up | down | left)
    sign = np.where(flip, -sign, sign)
    previous = point
  return (sign * np.sqrt(d2)).astype(np.float32)


def almond(x, y, height):
  """Lens of half width 1 and half height `height` < 1: an eye's opening."""
  k = (1 - height * height) / (2 * height)
  r = np.sqrt(1 + np.float32(1) * k * k)
  return np.maximum(length(x, y - k) - r, length(x, y + k) - r)


def polar(x, y):
  """Radius and angle."""
  return length(x, y), np.arctan2(y, x)


def fold(theta, n):
  """Angle folded into n equal sectors: in [-pi / n, pi / n]."""
  t = theta * (n / (2 * math.pi))
  return (t - np.round(t)) * (2 * math.pi / n)


def sector(theta, n):
  """Number of the sector that `fold` folds, a whole float."""
  return np.round(theta * (n / (2 * math.pi))) % n


def union(a, b, k):
  """Smooth minimum of two distances with blending width k."""
  h = np.maximum(k - np.abs(a - b), 0) / k
  return np.minimum(a, b) - h * h * (k / 4)
