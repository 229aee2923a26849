"""What a network sees under the transforms of the recipes, in NumPy float64.

The image is a smooth function that is grey at the rim: a chain of pads, crops,
zooms and turns shows it at places that follow from the draws.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fviz import engine, recipes

SIZE = 48
KEY = jax.random.key(11)


def _picture(y, x):
  y, x = y - (SIZE - 1) / 2, x - (SIZE - 1) / 2
  wave = np.sin(0.21 * x + 0.4) + np.cos(0.17 * y - 0.3 * x)
  return 0.5 + 0.3 * wave * np.exp(-(x**2 + 1.3 * y**2) / 128)


def _image():
  y, x = np.mgrid[:SIZE, :SIZE].astype(float)
  return jnp.float32(_picture(y, x))[None, ..., None]


def _key(i):
  return jax.random.fold_in(KEY, i)


def _offset(i, room):
  draw = np.asarray(jax.random.uniform(_key(i), (2, 1, 1))).ravel()
  return np.floor(draw * (room + 1))


def _uniform(i, low, high):
  draw = jax.random.uniform(_key(i), (1,), minval=low, maxval=high)
  return float(draw[0])


def _choice(i, values):
  return values[int(jax.random.randint(_key(i), (1,), 0, len(values))[0])]


def _seen(chain):
  """The picture through (operation, number, side of what it gives) each."""
  y, x = np.mgrid[: chain[-1][2], : chain[-1][2]].astype(float)
  for name, number, side in reversed(chain):
    c = (side - 1) / 2
    if name == 'shift':
      y, x = y + number[0], x + number[1]
    elif name == 'zoom':
      y, x = c + (y - c) / number, c + (x - c) / number
    else:  # A turn, counterclockwise.
      a, dy, dx = np.deg2rad(number), y - c, x - c
      y, x = c + np.cos(a) * dy + np.sin(a) * dx, c + np.cos(a) * dx
      x = x - np.sin(a) * dy
  return _picture(y, x)


def _lucids(low=0.9, high=1.1, most=10):
  """pad 12, jitter 8, a zoom of .9 to 1.1, a turn of +-10 degrees, jitter 4."""
  return [
    ('shift', (-12, -12), SIZE + 24),
    ('shift', _offset(1, 8), SIZE + 16),
    ('zoom', _uniform(2, low, high), SIZE + 16),
    ('turn', _uniform(3, -most, most), SIZE + 16),
    ('shift', _offset(4, 4), SIZE + 12),
  ]


def _olahs():
  """pad 16, jitter 16, five zooms, whole degrees, jitter 8, no padding."""
  return [
    ('shift', (-16, -16), SIZE + 32),
    ('shift', _offset(1, 16), SIZE + 16),
    ('zoom', _choice(2, (1, 0.975, 1.025, 0.95, 1.05)), SIZE + 16),
    ('turn', _choice(3, range(-5, 6)), SIZE + 16),
    ('shift', _offset(4, 8), SIZE + 8),
    ('shift', (4, 4), SIZE),
  ]


REFERENCE = np.full([1, SIZE, SIZE, 1], 0.5)
RECIPES = {
  'lucid': (recipes.lucid(SIZE, channels=1), _lucids),
  'quick': (recipes.quick(SIZE, channels=1), lambda: _lucids(0.85, 1.2, 15)),
  'diversity': (recipes.diversity(SIZE, channels=1, n=1), _lucids),
  'crop': (
    recipes.lucid(SIZE, channels=1, crop=True),
    lambda: [*_lucids(), ('shift', (6, 6), SIZE)],
  ),
  'caricature': (
    recipes.caricature(REFERENCE),
    lambda: [*_lucids(), ('shift', (6, 6), SIZE)],
  ),
  'olah': (recipes.olah(SIZE, channels=1), _olahs),
}


@pytest.mark.parametrize('name', RECIPES)
def test_the_chain_of(name):
  recipe, chain = RECIPES[name]
  seen = np.asarray(jax.jit(recipe.transform)(KEY, _image())[0, ..., 0])
  want = _seen(chain())
  assert seen.shape == want.shape
  assert np.abs(seen - want).max() < 0.02  # Of interpolation.
  assert np.ptp(want) > 0.7


def _of_crops(center, share):
  """The picture in crops [n, SIZE, SIZE]; what leaves it is grey."""
  i = (np.arange(SIZE) + 0.5) / SIZE - 0.5
  y, x = ((center[:, k, None] + share * i) * SIZE - 0.5 for k in (0, 1))
  return _picture(y[:, :, None], x[:, None, :])


def _draws(i):
  """Two keys for the crops of the first image."""
  return jax.random.split(jax.random.fold_in(_key(i), 0))


@pytest.mark.parametrize('step', [0, 128, 255])
def test_the_crops_of_maco(step):
  """Sides N(b, .1^2), b from .5 to .05; centres N(.5, .15^2); noise U(+-.1)."""
  recipe = recipes.maco(SIZE, channels=1, crops=3)
  at = lambda step: engine.parts_of(recipe, step).transform(KEY, _image())
  transform = jax.jit(at)
  seen = np.asarray(transform(np.int32(step))[..., 0])
  k1, k2 = _draws(0)
  mean = 0.5 + (0.05 - 0.5) * step / 256
  share = np.clip(mean + 0.1 * jax.random.normal(k1, (3, 1)), 0.05, 1)
  center = 0.5 + 0.15 * jax.random.normal(k2, (3, 2))
  noise = 0.1 * jax.random.uniform(_key(1), (3, SIZE, SIZE, 1), minval=-1)
  assert 0.09 < np.abs(noise).max() <= 0.1
  want = _of_crops(np.float64(center), np.float64(share))
  assert np.abs(seen - want - noise[..., 0]).max() < 0.015


def test_the_crops_of_accentuation():
  """16 of side U(.05, .99) inside, noise N(0, .02^2) and U(+-.01)."""
  recipe = recipes.accentuation(REFERENCE)
  seen = np.asarray(jax.jit(recipe.transform)(KEY, _image())[..., 0])
  k1, k2 = _draws(0)
  share = np.float64(jax.random.uniform(k1, (16, 1), minval=0.05, maxval=0.99))
  center = share / 2 + np.float64(jax.random.uniform(k2, (16, 2))) * (1 - share)
  normal = jax.random.normal(_key(1), (16, SIZE, SIZE, 1))
  uniform = jax.random.uniform(_key(2), (16, SIZE, SIZE, 1), minval=-1)
  noise = np.asarray(0.02 * normal + 0.01 * uniform)[..., 0]
  assert np.abs(seen - _of_crops(center, share) - noise).max() < 0.015
