"""Recipes against their published formulas, restated in NumPy float64.

The network is linear, with squares on top, so that its gradient is known; the
restatements keep the papers' own units (pixels in 0..255 less the mean).
"""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import fviz
from fviz import (
  engine,
  networks,
  objectives,
  parameterizations,
  projections,
  recipes,
  saliency,
  schedules,
  transforms,
)
from fviz.errors import FvizError

SIZE = H, W, C = 6, 5, 3
VALUES = H * W * C
RANDOM = np.random.default_rng(0)
WEIGHTS = RANDOM.normal(size=[VALUES, 8])
BIAS = RANDOM.normal(size=[8])
IMAGE = RANDOM.uniform(0.2, 0.8, size=[1, H, W, C])


def _apply(variables, images, layers):
  weights, bias = variables
  n = len(images)
  code = jnp.matmul(images.reshape(n, -1), weights, precision='highest') + bias
  made = {'code': code.reshape(n, 2, 2, 2), 'logits': code**2 / 2}
  return {layer: made[layer] for layer in layers}


NETWORK = networks.from_function(
  _apply,
  (jnp.float32(WEIGHTS), jnp.float32(BIAS)),
  ('code', 'logits'),
  input_size=(H, W),
  name='linear',
)


def _code(x):
  return x.reshape(len(x), -1) @ WEIGHTS + BIAS


def _logit_gradient(x, k):
  """Of (code_k)^2 / 2 with respect to pixels in [0, 1]."""
  return (_code(x)[:, k, None] * WEIGHTS[:, k]).reshape(x.shape)


def _run(recipe, objective, steps):
  """(start, images after each step), [1, h, w, c] in [0, 1]."""
  recipe = dataclasses.replace(
    recipe, steps=steps, snapshots=tuple(range(1, steps + 1))
  )
  result = fviz.render(NETWORK, objective, recipe, seed=3)
  unit = np.atleast_1d(engine.units(objectives.bind(objective, NETWORK), 1))
  keys = engine.job_keys(3, unit, np.zeros(1, int))
  params = recipe.parameterization.init(keys[0])
  start = np.asarray(recipe.parameterization.images(params), np.float64)
  return start, result.snapshots[0].astype(np.float64)


def _gaussian(size, sigma):
  i = np.arange(size)
  k = np.exp(-((i[:, None] - i) ** 2) / 2 / sigma**2)
  return k / k.sum(1, keepdims=True)


# number: decay, blur sigma, every, norm, contribution, desired, largest rate.
TABLE = {
  1: (0, 0.5, 4, 50, 0, 2.0, 100),
  2: (0.3, 0, 1, 20, 0, None, 100),
  3: (1e-4, 1.0, 4, 0, 0, None, 100),
  4: (0, 0.5, 4, 0, 90, 2.0, 1e8),
}


@pytest.mark.parametrize('number', TABLE)
def test_yosinski(number):
  decay, sigma, every, norm, contribution, desired, most = TABLE[number]
  start, got = _run(recipes.yosinski(number, SIZE[:2]), objectives.logit(1), 6)
  x = start * 255 - 127.5
  for i in range(6):
    x = np.clip(x, -127.5, 127.5)
    g = _logit_gradient((x + 127.5) / 255, 1) / 255
    rate = most if desired is None else min(most, desired / (g**2).sum())
    x = (x + rate * g) * (1 - decay)
    if sigma and i % every == 0:
      x = np.einsum('oi,niwc->nowc', _gaussian(H, sigma), x)
      x = np.einsum('oi,nhic->nhoc', _gaussian(W, sigma), x)
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


def test_simonyan():
  recipe = recipes.simonyan(SIZE[:2], weight=0.02, learning_rate=1e-3)
  start, got = _run(recipe, objectives.logit(2), 4)
  np.testing.assert_array_equal(start, 0.5)
  x = np.zeros([1, H, W, C])
  for i in range(4):
    x += 1e-3 * (_logit_gradient(x + 0.5, 2) - 2 * 0.02 * x)
    np.testing.assert_allclose(got[i], x + 0.5, atol=1e-5)


def test_erhan():
  recipe = recipes.erhan(SIZE[:2], radius=0.1, learning_rate=0.05)
  start, got = _run(recipe, objectives.logit(2), 4)
  x = start - 0.5
  for i in range(4):
    g = _logit_gradient(x + 0.5, 2)
    x = x + 0.05 * g / np.sqrt((g**2).mean())
    x *= 0.1 * np.sqrt(VALUES) / np.linalg.norm(x)
    np.testing.assert_allclose(got[i], x + 0.5, atol=1e-5)


def test_lewis_keeps_what_is_not_free():
  free = np.zeros([H, W, 1])
  free[:3] = 1
  recipe = recipes.lewis(SIZE[:2], learning_rate=1e-3, image=IMAGE, free=free)
  _, got = _run(recipe, objectives.target('logits', 1.0), 3)
  t = _params(recipe, 0)
  for i in range(3):
    x = free * np.clip(t + 0.5, 0, 1) + (1 - free) * IMAGE
    # d/dx of the mean over 8 critics of (f - 1)^2.
    per_code = 2 * (_code(x) ** 2 / 2 - 1) / 8 * _code(x)
    g = (per_code @ WEIGHTS.T).reshape(x.shape)
    t = np.clip(t - 1e-3 * g * free, -0.5, 0.5)
    shown = free * (t + 0.5) + (1 - free) * IMAGE
    np.testing.assert_allclose(got[i], shown, atol=1e-5)
  np.testing.assert_allclose(got[-1][:, 3:], IMAGE[:, 3:], atol=1e-6)


def test_mahendran():
  rates = ((2, 4e-3), (2, 4e-4))
  recipe = recipes.mahendran(
    IMAGE, total_variation=1.0, alpha_norm=8e-6, rates=rates
  )
  _, got = _run(recipe, objectives.match('code'), 4)
  x = _params(recipe, 0) * 255
  square = (0.25 * 255) ** 2 * VALUES  # sigma^2, in 0..255.
  code0 = _code(IMAGE)
  m = np.zeros_like(x)
  for i in range(4):
    rate = 4e-3 if i < 2 else 4e-4
    m = m * (0 if i in (0, 2) else 0.9)
    # Colours that do not exist are not shown; the gradient passes all the same.
    c = np.clip(x, -127.5, 127.5)
    distance = 2 * (_code((c + 127.5) / 255) - code0) @ WEIGHTS.T / 255
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


AXES = np.array([[0.26, 0.09, 0.02], [0.27, 0, -0.05], [0.27, -0.09, 0.03]])
TABLE_OF_COLORS = (AXES / 0.461952).T


def _shown(t):
  return 1 / (1 + np.exp(-(t @ TABLE_OF_COLORS)))


def _numeric(function, z, eps=1e-5):
  g = np.zeros_like(z)
  for i in np.ndindex(z.shape):
    d = np.zeros_like(z)
    d[i] = eps
    g[i] = (function(z + d) - function(z - d)) / (2 * eps)
  return g


def _without_transforms(recipe):
  """The same recipe, also where it follows a schedule."""
  same = lambda key, images: images
  at = recipe.at and (
    lambda step: dataclasses.replace(recipe.at(step), transform=same)
  )
  return dataclasses.replace(recipe, transform=same, at=at)


def _params(recipe, unit=2):
  keys = engine.job_keys(3, np.array([unit]), np.zeros(1, int))
  return np.asarray(recipe.parameterization.init(keys[0]), np.float64)


@pytest.mark.parametrize('name, rate', [('lucid', 0.05), ('quick', 0.15)])
def test_lucid_without_transforms_is_adam_on_a_spectrum(name, rate):
  recipe = _without_transforms(getattr(recipes, name)(SIZE[:2]))
  _, got = _run(recipe, objectives.logit(2), 3)
  z = _params(recipe)
  f = np.hypot(np.fft.fftfreq(H)[:, None], np.fft.rfftfreq(W))
  s = np.sqrt(H * W) / np.maximum(f, 1 / max(H, W))

  def image(z):
    t = np.fft.irfft2(s * (z[0, 0] + 1j * z[0, 1]), s=(H, W)) / 4
    return _shown(t.transpose(1, 2, 0))[None]

  value = lambda z: _code(image(z))[0, 2] ** 2 / 2
  m = v = 0.0
  for i in range(3):
    g = _numeric(value, z)
    # The imaginary part of a self-conjugate bin changes nothing.
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
    step = (m / (1 - 0.9 ** (i + 1))) / (
      np.sqrt(v / (1 - 0.999 ** (i + 1))) + 1e-8
    )
    z = z + rate * np.where(np.abs(g) < 1e-7, 0, step)
    np.testing.assert_allclose(got[i], image(z), atol=2e-4)


def test_maco_without_crops_is_nadam_on_a_phase():
  recipe = _without_transforms(recipes.maco(SIZE[:2], steps=3))
  _, got = _run(recipe, objectives.logit(2), 3)
  z = _params(recipe)
  f = np.hypot(np.fft.fftfreq(H)[:, None], np.fft.rfftfreq(W))
  fits = (
    (32.72, 1.283, 0.31, 255052),
    (28.13, 1.321, 0.29, 269511),
    (29.35, 1.268, 0.30, 227829),
  )
  r = []
  for a, alpha, f0, dc in fits:
    with np.errstate(divide='ignore'):
      plane = a * f**-alpha * np.exp(-((f / f0) ** 2.4))
    plane[0, 0] = dc * (max(H, W) / 512) ** alpha
    r.append(plane)

  def image(z):
    phase = (z[0] - z.mean()) / (z.std() + 1e-5)
    t = np.fft.irfft2(np.array(r) * np.exp(1j * phase), s=(H, W))
    t = t.transpose(1, 2, 0)
    return _shown((t - t.mean()) / (t.std() + 1e-5))[None]

  value = lambda z: _code(image(z))[0, 2] ** 2 / 2
  m = v = 0.0
  for i in range(3):
    g = _numeric(value, z)
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


def test_a_cppn_is_its_formula_at_any_size():
  small = parameterizations.cppn((3, 4), layers=2, width=5)
  params = small.init(jax.random.key(0))
  *rest, (w, b) = params
  w = w + jax.random.normal(jax.random.key(1), w.shape)
  params = (*rest, (w, b))
  for h, wide in ((3, 4), (6, 5)):
    got = parameterizations.cppn((h, wide), layers=2, width=5).images(params)
    r = np.sqrt(3) / (min(h, wide) - 1)
    y, x = np.mgrid[:h, :wide] * 2.0
    a = np.stack([(y - (h - 1)) * r, (x - (wide - 1)) * r], -1)
    for weights, bias in rest:
      a = np.arctan(a @ np.float64(weights[0]) + np.float64(bias[0]))
      a = np.concatenate([a / 0.67, a**2 / 0.6], -1)
    want = 1 / (1 + np.exp(-(a @ np.float64(w[0]) + np.float64(b[0]))))
    np.testing.assert_allclose(got[0], want, atol=1e-5)
  start = small.images(small.init(jax.random.key(2)))
  np.testing.assert_allclose(start, 0.5)  # The last layer is zero.


def _conv(channels):
  """A convolution of stride 2, and tanh."""
  return networks.from_function(
    lambda kernel, images, layers: {
      'code': jnp.tanh(
        jax.lax.conv_general_dilated(
          images,
          kernel,
          (2, 2),
          'SAME',
          dimension_numbers=('NHWC', 'HWIO', 'NHWC'),
        )
      )
    },
    jnp.float32(RANDOM.normal(size=[3, 3, channels, 4])),
    ('code',),
    input_size=(16, 16),
    input_channels=channels,
    name='conv',
  )


NET16 = _conv(3)
PHOTO = RANDOM.uniform(0.1, 0.9, size=[1, 16, 16, 3]).astype(np.float32)


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
  net = _conv(channels)
  objective = objectives.channel('code', [0, 2])
  for make in (recipes.lucid, recipes.maco, recipes.cppn, recipes.yosinski):
    size = dict(size=(13, 16), channels=channels, steps=1)
    result = fviz.render(net, objective, make(**size))
    assert result.images.shape == (2, 1, 13, 16, channels)
    assert (result.failed == -1).all()


def test_numbers_follow_schedules():
  target = objectives.target('code', 0.0)
  penalty = fviz.regularizers.alpha_norm(2.0)
  rate = schedules.linear(0.0, 1.0, 4)

  def make(step):
    return engine.Recipe(
      parameterizations.pixels(16, sd=0.1, color='clamp'),
      optax.sgd(100.0),
      regularizer=rate(step) * penalty,
      steps=4,
      redirect_steps=0,
      snapshots=(1, 2, 3, 4),
    )

  result = fviz.render(NET16, 0.0 * target, engine.scheduled(make))
  x = result.snapshots[0].astype(np.float64) - 0.5
  for i in range(1, 4):
    # Descent on rate mean x^2.
    want = x[i - 1] * (1 - 100 * (i / 4) * 2 / x[0].size)
    np.testing.assert_allclose(x[i], want, atol=1e-5)


def test_line_searches_run_job_by_job():
  recipe = engine.Recipe(
    parameterizations.pixels(16, sd=0.1, color='clamp'),
    optax.lbfgs(memory_size=4),
    steps=6,
    reference=jnp.asarray(PHOTO),
    redirect_steps=0,
  )
  match = objectives.match('code') * np.array([1.0, 3.0])
  both = fviz.render(NET16, match, recipe)
  alone = fviz.render(NET16, objectives.match('code') * 3.0, recipe)
  assert both.history[0, -1] > 0.02 * both.history[0, 0]
  assert (both.failed == -1).all()
  assert alone.failed[0] == -1


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


def test_a_sphere_keeps_the_norm_of_every_image():
  t = projections.sphere(0.2)
  x = jnp.stack([jnp.ones([4, 4, 3]), 5 * jnp.ones([4, 4, 3])])
  u, _ = t.update(0 * x, t.init(x), x)
  np.testing.assert_allclose(x + u, 0.2, rtol=1e-5)


def test_saliency():
  images = RANDOM.uniform(size=[2, H, W, C])
  logit = objectives.logit(2)
  g = _logit_gradient(images, 2)
  got = saliency.gradient(NETWORK, logit, images)
  np.testing.assert_allclose(got, np.abs(g).max(-1), rtol=1e-4)
  parts = saliency.integrated_gradients(NETWORK, logit, images, steps=4)
  # Exact for a square, whose gradient is linear.
  change = (_code(images)[:, 2] ** 2 - _code(0 * images)[:, 2] ** 2) / 2
  np.testing.assert_allclose(parts.sum((1, 2, 3)), change, rtol=1e-3)
  smooth = saliency.smoothgrad(NETWORK, logit, images, samples=3, sd=0.0)
  np.testing.assert_allclose(smooth, got, rtol=1e-4)
  noisy = saliency.smoothgrad(NETWORK, logit, images, samples=4, sd=0.2)
  alone = saliency.smoothgrad(NETWORK, logit, images[:1], samples=4, sd=0.2)
  np.testing.assert_allclose(noisy[:1], alone, rtol=1e-4)
  assert jnp.abs(noisy - got).max() > 1e-3
  with pytest.raises(FvizError, match='n, h, w, 3'):
    saliency.gradient(NETWORK, logit, images[0])


def test_the_gain_of_yosinski_multiplies_the_rates():
  objective = objectives.logit(1)
  moved = []
  for gain in (1.0, 2.0):
    recipe = recipes.yosinski(3, SIZE[:2], gain=gain)
    start, got = _run(recipe, objective, 1)
    x = start * 255 - 127.5
    g = _logit_gradient(start, 1) / 255
    x = (x + gain * 100 * g) * (1 - 1e-4)
    x = np.einsum('oi,niwc->nowc', _gaussian(H, 1.0), x)
    x = np.einsum('oi,nhic->nhoc', _gaussian(W, 1.0), x)
    shown = np.clip(x + 127.5, 0, 255)
    np.testing.assert_allclose(got[0] * 255, shown, atol=0.02)
    moved.append(got[0])
  assert np.abs(moved[0] - moved[1]).max() > 1e-4
