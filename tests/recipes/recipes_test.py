"""Recipes since 2017 against their formulas, restated in NumPy float64."""

import dataclasses

import jax
import jax.numpy as jnp
import linear
import numpy as np
import optax
import pytest

import fviz
from fviz import engine, objectives, parameterizations, recipes, transforms

AXES = np.array([[0.26, 0.09, 0.02], [0.27, 0, -0.05], [0.27, -0.09, 0.03]])
TABLE_OF_COLORS = (AXES / 0.461952).T


def _shown(t):
  return 1 / (1 + np.exp(-(t @ TABLE_OF_COLORS)))


def _scale(h, w):
  f = np.hypot(np.fft.fftfreq(h)[:, None], np.fft.rfftfreq(w))
  return np.sqrt(h * w) / np.maximum(f, 1 / max(h, w))


def _pictures(z):
  """Lucid's images of spectra [n, 2, c, h, w // 2 + 1]."""
  spectrum = _scale(linear.H, linear.W) * (z[:, 0] + 1j * z[:, 1])
  t = np.fft.irfft2(spectrum, s=(linear.H, linear.W)) / 4
  return _shown(t.transpose(0, 2, 3, 1))


def _activation(images):
  """Layer 'code', [n, positions, channels]."""
  return linear.code(images).reshape(len(images), 4, 2)


@pytest.mark.parametrize('name, rate', [('lucid', 0.05), ('quick', 0.15)])
def test_lucid_without_transforms_is_adam_on_a_spectrum(name, rate):
  made = getattr(recipes, name)(linear.SIZE[:2])
  recipe = linear.without_transforms(made)
  _, got = linear.run(recipe, objectives.logit(2), 3)
  value = lambda z: linear.code(_pictures(z))[0, 2] ** 2 / 2
  path = linear.adam(value, linear.params_of(recipe), 3, rate)
  for images, z in zip(got, path, strict=True):
    np.testing.assert_allclose(images, _pictures(z), atol=2e-4)


@pytest.mark.parametrize('power', [0.0, 2.0])
def test_caricature_without_transforms(power):
  recipe = linear.without_transforms(recipes.caricature(linear.IMAGE))
  objective = objectives.caricature('code', power)
  _, got = linear.run(recipe, objective, 3)
  wanted = _activation(linear.IMAGE)

  def value(z):
    a = _activation(_pictures(z))
    cos = (a * wanted).sum() / np.linalg.norm(a) / np.linalg.norm(wanted)
    return (a * wanted).mean() * max(0.1, cos) ** power

  start = linear.params_of(recipe, linear.unit_of(objective))
  for images, z in zip(got, linear.adam(value, start, 3, 0.05), strict=True):
    np.testing.assert_allclose(images, _pictures(z), atol=5e-4)


def test_diversity_without_transforms():
  recipe = recipes.diversity(linear.SIZE[:2], n=3)
  recipe = linear.without_transforms(recipe)
  objective = objectives.channel('code', 1) - 5 * objectives.diversity('code')
  _, got = linear.run(recipe, objective, 3)

  def value(z):
    a = _activation(_pictures(z))
    grams = [x.T @ x / np.linalg.norm(x.T @ x) for x in a]
    likeness = sum(
      (grams[i] * grams[j]).sum() for i in range(3) for j in range(3) if i != j
    )
    return a[..., 1].mean() - 5 * likeness / 3

  start = linear.params_of(recipe, linear.unit_of(objective))
  for images, z in zip(got, linear.adam(value, start, 3, 0.05), strict=True):
    np.testing.assert_allclose(images, _pictures(z), atol=5e-4)


def test_accentuation_without_crops():
  recipe = linear.without_transforms(recipes.accentuation(linear.IMAGE))
  unit, near = objectives.logit(2), objectives.distance('code')
  photo = _activation(linear.IMAGE)

  def strength(z):
    return linear.code(_pictures(z))[0, 2] ** 2 / 2

  def distance(z):
    square = ((_activation(_pictures(z)) - photo) ** 2).sum(-1)
    return np.sqrt(square + 1e-8).mean()  # The root's floor is ours.

  t = np.log(linear.IMAGE / (1 - linear.IMAGE)) @ np.linalg.inv(TABLE_OF_COLORS)
  start = np.fft.rfft2(t.transpose(0, 3, 1, 2))
  start = np.stack([start.real, start.imag], 1) * 4
  start /= _scale(linear.H, linear.W)
  # Its lambda: gradients in proportion, a step after the start.
  (after,) = linear.adam(strength, start, 1, 0.05)
  size = lambda f: np.abs(linear.numeric(f, after)).sum()
  weight = size(strength) / size(distance)
  got = recipes.balance(linear.NETWORK, unit, near, recipe)
  np.testing.assert_allclose(got, weight, rtol=1e-2)

  first, got = linear.run(recipe, unit - weight * near, 3)
  np.testing.assert_allclose(first, linear.IMAGE, atol=1e-5)
  value = lambda z: strength(z) - weight * distance(z)
  for images, z in zip(got, linear.adam(value, start, 3, 0.05), strict=True):
    np.testing.assert_allclose(images, _pictures(z), atol=2e-3)


def test_maco_without_crops_is_nadam_on_a_phase():
  recipe = linear.without_transforms(recipes.maco(linear.SIZE[:2], steps=3))
  _, got = linear.run(recipe, objectives.logit(2), 3)
  z = linear.params_of(recipe)
  f = np.hypot(np.fft.fftfreq(linear.H)[:, None], np.fft.rfftfreq(linear.W))
  fits = (
    (32.72, 1.283, 0.31, 255052),
    (28.13, 1.321, 0.29, 269511),
    (29.35, 1.268, 0.30, 227829),
  )
  r = []
  for a, alpha, f0, dc in fits:
    with np.errstate(divide='ignore'):
      plane = a * f**-alpha * np.exp(-((f / f0) ** 2.4))
    plane[0, 0] = dc * (max(linear.H, linear.W) / 512) ** alpha
    r.append(plane)

  def image(z):
    phase = (z[0] - z.mean()) / (z.std() + 1e-5)
    t = np.fft.irfft2(np.array(r) * np.exp(1j * phase), s=(linear.H, linear.W))
    t = t.transpose(1, 2, 0)
    return _shown((t - t.mean()) / (t.std() + 1e-5))[None]

  value = lambda z: linear.code(image(z))[0, 2] ** 2 / 2
  m = v = 0.0
  for i in range(3):
    g = linear.numeric(value, z)
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
    k = i + 1
    ahead = 0.9 * m / (1 - 0.9 ** (k + 1)) + 0.1 * g / (1 - 0.9**k)
    z = z + ahead / (np.sqrt(v / (1 - 0.999**k)) + 1e-8)
    np.testing.assert_allclose(got[i], image(z), atol=5e-3)


def test_the_magnitude_of_maco_stays():
  p = parameterizations.maco((8, 9))
  params = p.init(jax.random.key(0))
  t = jnp.log(p.images(params) / (1 - p.images(params)))
  t = np.asarray(t) @ np.linalg.inv(TABLE_OF_COLORS)
  other = p.images(params + jax.random.normal(jax.random.key(1), params.shape))
  u = np.log(np.asarray(other / (1 - other))) @ np.linalg.inv(TABLE_OF_COLORS)
  size = lambda t: np.abs(np.fft.fft2(t[0].transpose(2, 0, 1)))[:, 1:4, 1:4]
  ratio = size(t) / size(u)
  np.testing.assert_allclose(ratio / ratio.mean(), 1, atol=1e-2)


NET16 = linear.conv(3)
PHOTO = linear.RANDOM.uniform(0.1, 0.9, size=[1, 16, 16, 3]).astype(np.float32)


def test_the_reference_sees_the_same_draws():
  near = objectives.distance('code')
  unit = objectives.channel('code', 1)
  weight = recipes.balance(
    NET16, unit, near, recipes.accentuation(PHOTO, crops=3), seed=1
  )
  assert 0 < weight < 100
  # Jobs of one program: the distance alone, the unit alone, and both.
  objective = unit * np.array([0.0, 1.0, 1.0]) - near * np.array(
    [1.0, 0.0, 20 * weight]
  )
  recipe = recipes.accentuation(PHOTO, crops=3, steps=8)
  result = fviz.render(NET16, objective, recipe)
  # The photo through its own spectrum: the first distance is that of rounding.
  assert result.history[0, 0] > -1e-3
  moved = np.abs(result.images - PHOTO).mean((1, 2, 3, 4))
  assert moved[2] < moved[1]
  assert result.activation[1] > result.activation[2]


def test_a_caricature_of_the_photo_itself_has_cosine_one():
  recipe = dataclasses.replace(
    recipes.caricature(PHOTO, steps=2),
    parameterization=parameterizations.from_images(PHOTO, 'pixels'),
  )
  plain = fviz.render(NET16, objectives.caricature('code'), recipe)
  cubed = fviz.render(NET16, objectives.caricature('code', 3.0), recipe)
  np.testing.assert_allclose(
    plain.history[0, 0], cubed.history[0, 0], rtol=1e-3
  )


def test_diversity_tells_images_apart():
  objective = objectives.channel('code', 1)
  recipe = recipes.diversity(16, n=3, steps=12)
  weights = np.array([0.0, 10.0])
  result = fviz.render(
    NET16, objective - objectives.diversity('code') * weights, recipe
  )
  measure = objectives.diversity('code')
  see = lambda x: NET16.apply(NET16.variables, x, ('code',))
  alike, apart = (measure(see(x), None) for x in result.images)
  assert apart < alike


@pytest.mark.parametrize('channels', [1, 4])
def test_recipes_take_any_channels(channels):
  net = linear.conv(channels)
  objective = objectives.channel('code', [0, 2])
  for make in (recipes.lucid, recipes.maco, recipes.cppn, recipes.yosinski):
    size = dict(size=(13, 16), channels=channels, steps=1)
    result = fviz.render(net, objective, make(**size))
    assert result.images.shape == (2, 1, 13, 16, channels)
    assert (result.failed == -1).all()


def test_alpha_is_composited_and_scored_over_grey():
  recipe = engine.Recipe(
    parameterizations.fourier(16, alpha=True),
    optax.adam(0.1),
    transforms.composite(),
    steps=8,
  )
  objective = objectives.channel('code', 0) * (1 - objectives.opacity())
  result = fviz.render(NET16, objective, recipe)
  assert result.images.shape == (1, 1, 16, 16, 4)
  image = result.images[0]
  over = image[..., 3:] * image[..., :3] + (1 - image[..., 3:]) * 0.5
  code = NET16.apply(NET16.variables, jnp.asarray(over), ('code',))['code']
  want = code[..., 0].mean() * (1 - image[..., 3].mean())
  np.testing.assert_allclose(result.activation[0], want, rtol=1e-4)
