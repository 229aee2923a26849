"""Recipes of before 2016 against their formulas, restated in NumPy float64.

The restatements keep the papers' own units: pixels in 0..255 less the mean.
"""

import linear
import numpy as np
import pytest

from fviz import objectives, recipes
from fviz.errors import FvizError


def _gaussian(size, sigma):
  i = np.arange(size)
  k = np.exp(-((i[:, None] - i) ** 2) / 2 / sigma**2)
  return k / k.sum(1, keepdims=True)


TABLE = {
  1: (0, 0.5, 4, 50, 0, 2.0, 100),
  2: (0.3, 0, 1, 20, 0, None, 100),
  3: (1e-4, 1.0, 4, 0, 0, None, 100),
  4: (0, 0.5, 4, 0, 90, 2.0, 1e8),
}


@pytest.mark.parametrize('number', TABLE)
def test_yosinski(number):
  decay, sigma, every, norm, contribution, desired, most = TABLE[number]
  start, got = linear.run(
    recipes.yosinski(number, linear.SIZE[:2]), objectives.logit(1), 6
  )
  x = start * 255 - 127.5
  for i in range(6):
    x = np.clip(x, -127.5, 127.5)
    g = linear.logit_gradient((x + 127.5) / 255, 1) / 255
    rate = most if desired is None else min(most, desired / (g**2).sum())
    x = (x + rate * g) * (1 - decay)
    if sigma and i % every == 0:
      x = np.einsum('oi,niwc->nowc', _gaussian(linear.H, sigma), x)
      x = np.einsum('oi,nhic->nhoc', _gaussian(linear.W, sigma), x)
    if norm:
      size = np.linalg.norm(x, axis=-1)
      x = x * (size >= np.percentile(size, norm))[..., None]
    if contribution:
      size = np.abs((x * g).sum(-1))
      x = x * (size >= np.percentile(size, contribution))[..., None]
    shown = np.clip(x, -127.5, 127.5) + 127.5
    np.testing.assert_allclose(got[i] * 255, shown, atol=0.02)


def test_yosinski_has_four_sets():
  with pytest.raises(FvizError, match='1 to 4'):
    recipes.yosinski(5)


def test_the_gain_of_yosinski_multiplies_the_rates():
  objective = objectives.logit(1)
  moved = []
  for gain in (1.0, 2.0):
    recipe = recipes.yosinski(3, linear.SIZE[:2], gain=gain)
    start, got = linear.run(recipe, objective, 1)
    x = start * 255 - 127.5
    g = linear.logit_gradient(start, 1) / 255
    x = (x + gain * 100 * g) * (1 - 1e-4)
    x = np.einsum('oi,niwc->nowc', _gaussian(linear.H, 1.0), x)
    x = np.einsum('oi,nhic->nhoc', _gaussian(linear.W, 1.0), x)
    shown = np.clip(x + 127.5, 0, 255)
    np.testing.assert_allclose(got[0] * 255, shown, atol=0.02)
    moved.append(got[0])
  assert np.abs(moved[0] - moved[1]).max() > 1e-4


def test_simonyan():
  recipe = recipes.simonyan(linear.SIZE[:2], weight=0.02, learning_rate=1e-3)
  start, got = linear.run(recipe, objectives.logit(2), 4)
  np.testing.assert_array_equal(start, 0.5)
  x = np.zeros([1, linear.H, linear.W, linear.C])
  for i in range(4):
    x += 1e-3 * (linear.logit_gradient(x + 0.5, 2) - 2 * 0.02 * x)
    np.testing.assert_allclose(got[i], x + 0.5, atol=1e-5)


def test_erhan():
  recipe = recipes.erhan(linear.SIZE[:2], radius=0.1, learning_rate=0.05)
  start, got = linear.run(recipe, objectives.logit(2), 4)
  x = start - 0.5
  for i in range(4):
    g = linear.logit_gradient(x + 0.5, 2)
    x = x + 0.05 * g / np.sqrt((g**2).mean())
    x *= 0.1 * np.sqrt(linear.VALUES) / np.linalg.norm(x)
    np.testing.assert_allclose(got[i], x + 0.5, atol=1e-5)


def test_lewis_keeps_what_is_not_free():
  free = np.zeros([linear.H, linear.W, 1])
  free[:3] = 1
  recipe = recipes.lewis(
    linear.SIZE[:2], learning_rate=1e-3, image=linear.IMAGE, free=free
  )
  _, got = linear.run(recipe, objectives.target('logits', 1.0), 3)
  t = linear.params_of(recipe, 0)
  for i in range(3):
    x = free * np.clip(t + 0.5, 0, 1) + (1 - free) * linear.IMAGE
    # d/dx of the mean over 8 critics of (f - 1)^2.
    per_code = 2 * (linear.code(x) ** 2 / 2 - 1) / 8 * linear.code(x)
    g = (per_code @ linear.WEIGHTS.T).reshape(x.shape)
    t = np.clip(t - 1e-3 * g * free, -0.5, 0.5)
    shown = free * (t + 0.5) + (1 - free) * linear.IMAGE
    np.testing.assert_allclose(got[i], shown, atol=1e-5)
  np.testing.assert_allclose(got[-1][:, 3:], linear.IMAGE[:, 3:], atol=1e-6)


def test_mahendran():
  rates = ((2, 4e-3), (2, 4e-4))
  recipe = recipes.mahendran(
    linear.IMAGE, total_variation=1.0, alpha_norm=8e-6, rates=rates
  )
  _, got = linear.run(recipe, objectives.match('code'), 4)
  x = linear.params_of(recipe, 0) * 255
  square = (0.25 * 255) ** 2 * linear.VALUES  # sigma^2, in 0..255.
  code0 = linear.code(linear.IMAGE)
  m = np.zeros_like(x)
  for i in range(4):
    rate = 4e-3 if i < 2 else 4e-4
    m = m * (0 if i in (0, 2) else 0.9)
    # Colours that do not exist are not shown; the gradient passes all the same.
    c = np.clip(x, -127.5, 127.5)
    distance = (
      2 * (linear.code((c + 127.5) / 255) - code0) @ linear.WEIGHTS.T / 255
    )
    distance = distance.reshape(x.shape) / (code0**2).sum()
    bracket = 0.5 * 1.0 * _tv_gradient(c) + 0.5 * 8e-6 * 6 * c**5
    m = m - rate * bracket - rate * square * distance
    x = x + m
    shown = np.clip(x + 127.5, 0, 255)
    np.testing.assert_allclose(got[i] * 255, shown, atol=0.05)


def _tv_gradient(x):
  """Of sum (right - x)^2 + (below - x)^2."""
  g = np.zeros_like(x)
  for axis in (1, 2):
    d = np.diff(x, axis=axis)
    pad = [(0, 0)] * 4
    pad[axis] = (1, 1)
    g += -2 * np.diff(np.pad(d, pad), axis=axis)
  return g
