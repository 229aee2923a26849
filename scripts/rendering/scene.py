"""Composes pictures: view of the class, background, shadow, light, damage."""

import zlib

import numpy as np

from scripts.rendering import backgrounds, blocks, sampler, shapes

# Distance between the copies of a repeated object, in object units.
_PERIOD = 2.35


def streams(name, indices, seed):
  """One random stream a picture, from its class, its number and the seed."""
  key = zlib.crc32(name.encode())
  return [np.random.default_rng([seed, key, int(k)]) for k in indices]


def draw(name, painter, indices, seed, size, shifted=False):
  """Pictures number `indices` of a class: uint8 [n, size, size, 3]."""
  g = sampler.Sampler(streams(name, indices, seed), size, shifted)
  behind = streams(f'{name} background', indices, seed)
  if painter.view.field:
    x, y, px = _field_view(g, painter.view)
    rgb = painter(g, x, y, px)
  else:
    x, y, px = _object_view(g, painter.view)
    rgb = _stand(g, painter(g, x, y, px), _background(behind, size, shifted))
  rgb = _finish(g, rgb)
  rgb = np.clip(rgb * 255 + 0.5, 0, 255).astype(np.uint8)
  return np.ascontiguousarray(rgb.transpose(0, 2, 3, 1))


def _frame(g, view, scale):
  """The picture's grid in units of the class, slightly sheared and bent."""
  x, y = g.grid()
  x = x * g.uniform(0.9, 1.12) + y * g.uniform(-0.12, 0.12)
  x = x + 0.04 * np.sin(y * g.uniform(1, 4) + g.uniform(0, 7))
  theta = g.uniform(-view.rotation, view.rotation)
  x, y = shapes.rotate(x * scale, y * scale, theta)
  x, y = x + g.uniform(-1, 1) * view.shift, y + g.uniform(-1, 1) * view.shift
  return x, y, scale * (2 / g.size)


def _field_view(g, view):
  x, y, px = _frame(g, view, g.uniform(*view.scale))
  if view.tilt:
    _, height = g.grid()
    far = 1 + g.uniform(0, view.tilt) * g.chance(0.5) * height
    x, y = x * far, y * far
  return x, y, px


def _object_view(g, view):
  """Two thirds fill the frame, the others are small or in several copies."""
  scale, kind = g.uniform(*view.scale), g.uniform()
  small, many = kind > 0.90, (kind > 0.70) & (kind <= 0.90)
  scale = scale * np.where(small, g.uniform(1.25, 1.7), 1)
  scale = scale * np.where(many, g.uniform(1.45, 1.9), 1)
  x, y, px = _frame(g, view, scale.astype(np.float32))
  x = x + small * g.uniform(-0.4, 0.4) + many * g.uniform(0, _PERIOD)
  y = y + small * g.uniform(-0.4, 0.4) + many * g.uniform(0, _PERIOD)
  iy = np.round(y / _PERIOD) * many
  x = x + (0.5 * _PERIOD) * (iy % 2) * g.chance(0.5)
  ix = np.round(x / _PERIOD) * many
  turn = blocks.cell_hash(ix, iy, g.seed()) - 0.5
  turn = turn * many * min(2 * view.rotation, 1.2)
  x, y = shapes.rotate(x - _PERIOD * ix, y - _PERIOD * iy, turn)
  flip = g.choose(-1, 1).astype(np.float32)
  return (x * flip).astype(np.float32), y.astype(np.float32), px


def _background(behind, size, shifted):
  kinds = backgrounds.SHIFTED if shifted else backgrounds.TRAINING
  choice = np.array([s.integers(len(kinds)) for s in behind])
  rgb = np.empty((len(behind), 3, size, size), np.float32)
  for k in np.unique(choice):
    chosen = np.flatnonzero(choice == k)
    g = sampler.Sampler([behind[i] for i in chosen], size, shifted)
    rgb[chosen] = kinds[k](g)
  return rgb


def _stand(g, canvas, background):
  """Puts the object on its background with a drop shadow (60 %)."""
  alpha = canvas.alpha
  step = max(1, g.size // 26)
  shadow = blocks.blur(blocks.blur(np.roll(alpha, (step, step // 2), (2, 3))))
  dark = 0.6 * g.chance(0.6)
  background = background * (1 - dark * shadow)
  grain = 1 + g.uniform(0, 0.1) * g.noise(0.8)
  return blocks.mix(background, np.clip(canvas.rgb * grain, 0, 1), alpha)


def _finish(g, rgb):
  """Occlusion, light gradient, contrast, colour cast, blur and noise."""
  rgb = _occlude(g, np.clip(rgb, 0, 1))
  x, y = g.grid()
  angle = g.uniform(0, 2 * np.pi)
  rgb = rgb * (1 + 0.3 * g.uniform() * (x * np.cos(angle) + y * np.sin(angle)))
  mean = rgb.mean((1, 2, 3), keepdims=True)
  rgb = (rgb - mean) * g.uniform(0.85, 1.3) + mean * g.uniform(0.8, 1.15)
  cast = 0.18 if g.shifted else 0.1
  rgb = rgb * (1 + cast * g.gradient(g.uniform(), _CASTS))
  rgb = _soften(g, rgb)
  return np.clip(_sprinkle(g, rgb), 0, 1)


_CASTS = [
  np.array(c, np.float32).reshape(1, 3, 1, 1)
  for c in ((1, 0, -1), (-1, 0.5, 0.5), (0.6, -1, 0.4), (0, 0.8, -0.8))
]


def _chosen(g, probability):
  return np.flatnonzero(g.chance(probability)[:, 0, 0, 0])


def _occlude(g, rgb):
  """A disc or a bar in front of 15 % of the pictures."""
  x, y = g.grid()
  angle, disc = g.uniform(0, np.pi), g.chance(0.5)
  cx, cy, width = g.uniform(-1, 1), g.uniform(-1, 1), g.uniform(0.04, 0.13)
  color = g.color()
  k = _chosen(g, 0.15)
  if not len(k):
    return rgb
  x, y, a, w = x[k], y[k], angle[k], width[k]
  bar = np.abs(x * np.cos(a) + y * np.sin(a) - 0.7 * cx[k]) - w
  round_ = shapes.circle(x - cx[k], y - cy[k], 0.08 + 1.6 * w)
  d = np.where(disc[k] > 0, round_, bar)
  rgb[k] = blocks.mix(rgb[k], color[k], blocks.edge(d, 2 / g.size))
  return rgb


def _soften(g, rgb):
  """A little blur for 35 %."""
  amount, k = g.uniform(0.3, 1), _chosen(g, 0.35)
  if len(k):
    rgb[k] = blocks.mix(rgb[k], blocks.blur(rgb[k]), amount[k])
  return rgb


def _sprinkle(g, rgb):
  """Pixel noise for 45 %."""
  sigma, k = g.uniform(0.005, 0.05), _chosen(g, 0.45)
  shape = rgb.shape[1:]
  for i in k:
    noise = g.streams[i].standard_normal(shape, np.float32)
    rgb[i] += sigma[i] * noise
  return rgb
