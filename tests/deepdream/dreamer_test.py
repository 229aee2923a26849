"""DeepDream against the notebook, said again in NumPy; windows; masks."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import small
from scipy import ndimage

from fviz import deepdream, errors, gradients, networks, objectives
from fviz.deepdream import guides, step, windows

_RNG = np.random.default_rng(0)
_KERNEL = _RNG.standard_normal((5, 5, 3, 6)) / 5
_BIAS = 0.1 * _RNG.standard_normal(6)


def _network():
  """relu(conv 5x5 + bias): its gradient is a few lines of NumPy."""

  def apply(variables, images, layers):
    kernel, bias = variables
    out = jax.lax.conv_general_dilated(
      images, kernel, (1, 1), 'SAME', dimension_numbers=('NHWC', 'HWIO', 'NHWC')
    )
    return {layers[0]: jax.nn.relu(out + bias)}

  variables = jnp.float32(_KERNEL), jnp.float32(_BIAS)
  return networks.from_function(
    apply, variables, ('a',), input_size=(24, 24), name='one'
  )


def _numpy_gradient(x):
  """d mean(a^2) / dx in float64; correlations as sums over the kernel."""
  h, w = x.shape[:2]
  wide = np.pad(x, ((2, 2), (2, 2), (0, 0)))
  z = sum(
    wide[i : i + h, j : j + w] @ _KERNEL[i, j]
    for i in range(5)
    for j in range(5)
  )
  z = z + _BIAS
  back = np.pad(2 * np.maximum(z, 0) / z.size, ((2, 2), (2, 2), (0, 0)))
  return sum(
    back[4 - i : 4 - i + h, 4 - j : 4 - j + w] @ _KERNEL[i, j].T
    for i in range(5)
    for j in range(5)
  )


def _over_mean(g, i):
  return g / np.abs(g).mean()


def _notebook(
  image, seed, octave_n, scale, iterations, jitter, condition=_over_mean
):
  """deepdream() and make_step() of the notebook, images in [0, 1]."""
  bases = [image]
  for _ in range(octave_n - 1):
    zoom = (1 / scale, 1 / scale, 1)
    bases.append(ndimage.zoom(bases[-1], zoom, order=1))
  detail = np.zeros_like(bases[-1])
  for number, base in enumerate(bases[::-1]):
    h, w = base.shape[:2]
    if number > 0:
      ratio = (h / detail.shape[0], w / detail.shape[1], 1)
      detail = ndimage.zoom(detail, ratio, order=1)
    x = base + detail
    key = jax.random.fold_in(jax.random.key(seed), number)
    for i in range(iterations):
      rows, columns = jax.random.split(jax.random.fold_in(key, i))
      draw = lambda k: int(jax.random.randint(k, (), -jitter, jitter + 1))
      move = draw(rows), draw(columns)
      x = np.roll(x, move, (0, 1))
      g = _numpy_gradient(x)
      x = x + 1.5 / 255 * condition(g, i)
      x = np.clip(np.roll(x, (-move[0], -move[1]), (0, 1)), 0, 1)
    detail = x - base
  return x


@pytest.fixture(scope='module')
def image():
  return _RNG.random((33, 41, 3)).astype(np.float32)


@pytest.mark.parametrize('octave_n, iterations', [(1, 4), (3, 2)])
def test_equals_the_notebook(image, octave_n, iterations):
  settings = deepdream.Settings(
    octaves=octave_n, iterations=iterations, jitter=5
  )
  ours = deepdream.dream(
    _network(), image, objectives.deepdream('a'), settings, seed=3
  )
  theirs = _notebook(image.astype(float), 3, octave_n, 1.4, iterations, 5)
  assert np.abs(theirs - image).mean() > 5e-3
  np.testing.assert_allclose(ours, theirs, atol=1e-4)


def test_a_gradient_that_counts_steps_counts_them_in_each_octave(image):
  settings = deepdream.Settings(
    octaves=2, iterations=2, jitter=5, gradient=gradients.three_gaussians(2)
  )
  ours = deepdream.dream(
    _network(), image, objectives.deepdream('a'), settings, seed=3
  )

  def condition(g, i):
    t = gradients.three_gaussians(1, 0.5, 2 * (i + 1) / 2)
    return np.asarray(t.update(jnp.float32(g)[None], t.init(None))[0][0])

  theirs = _notebook(image.astype(float), 3, 2, 1.4, 2, 5, condition)
  assert np.abs(theirs - image).mean() > 5e-3
  np.testing.assert_allclose(ours, theirs, atol=1e-4)


def _step(image, seed=0, **settings):
  """What one step adds to an image, over the step."""
  settings = dict(octaves=1, iterations=1, jitter=0) | settings
  dreamer = deepdream.Dreamer(
    _network(),
    objectives.deepdream('a'),
    deepdream.Settings(**settings, strength=1e-2),
  )
  out = dreamer(np.float32(0.25 + image / 2), seed)
  return (out - 0.25 - image / 2) / (1e-2 * deepdream.STEP), dreamer


@pytest.mark.parametrize('border', ['wrap', 'reflect', 'panorama'])
def test_windows_do_not_change_the_gradient(border, monkeypatch):
  """The halo exceeds the receptive field: no border shows at all."""
  monkeypatch.setattr(windows, 'SMALLEST', 64)
  monkeypatch.setattr(step, '_HALO', 12)
  image = _RNG.random((150, 170, 3)).astype(np.float32)
  whole, _ = _step(image, border=border)
  cut, dreamer = _step(image, border=border, window=64)
  (axes,) = [p.axes for p in dreamer.compile((150, 170))]
  assert axes[0].count == 4 and axes[1].count == 5
  inside = np.s_[16:-16, 16:-16]
  cut, whole = (g[inside] / np.abs(g[inside]).mean() for g in (cut, whole))
  np.testing.assert_allclose(cut, whole, atol=5e-3)


def test_windows_leave_no_grid(monkeypatch):
  """With a receptive field wider than the halo, energy is even all the same."""
  monkeypatch.setattr(windows, 'SMALLEST', 48)
  monkeypatch.setattr(step, '_HALO', 12)
  network = small.network()
  settings = deepdream.Settings(
    octaves=1,
    iterations=1,
    jitter=32,
    strength=1e-2,
    border='reflect',
    window=72,
  )
  dreamer = deepdream.Dreamer(network, objectives.deepdream('conv_1'), settings)
  image = np.float32(0.25 + 0.5 * _RNG.random((136, 136, 3)))
  energy = np.zeros((136, 136))
  for seed in range(10):
    energy += ((dreamer(image, seed) - image) ** 2).sum(-1)
  (axes,) = [p.axes for p in dreamer.compile((136, 136))]
  core, halo = axes[0].core, axes[0].halo
  assert axes[0].count > 2
  rows = energy[:, 24:-24].mean(1)
  border = np.zeros(136, bool)
  for k in range(1, axes[0].count):
    border[k * core - halo : k * core + halo] = True
  middle = ~border
  middle[:24] = middle[-24:] = False
  assert abs(rows[border].mean() / rows[middle].mean() - 1) < 0.1


def test_strength_is_the_change_of_a_pixel_at_every_size():
  for side in (24, 96):
    image = _RNG.random((side, side, 3)).astype(np.float32)
    change, _ = _step(image)
    np.testing.assert_allclose(np.abs(change).mean(), 1, rtol=0.02)


def test_masks_keep_what_they_cover(image):
  mask = np.zeros(image.shape[:2], np.float32)
  mask[:, 20:] = 1
  settings = deepdream.Settings(octaves=1, iterations=2)
  run = lambda mask: deepdream.dream(
    _network(), image, objectives.deepdream('a'), settings, mask=mask
  )
  out = run(mask)
  np.testing.assert_array_equal(out[:, :20], image[:, :20])
  assert np.abs(out[:, 20:] - image[:, 20:]).mean() > 5e-3
  np.testing.assert_array_equal(run(mask * 0), image)


def test_programs_are_kept(image):
  settings = deepdream.Settings(octaves=3, iterations=1)
  dreamer = deepdream.Dreamer(_network(), objectives.deepdream('a'), settings)
  first = dreamer(image)
  assert dreamer.compilations == 3
  np.testing.assert_array_equal(dreamer(image), first)
  assert np.abs(dreamer(image, 1) - first).max() > 0
  assert dreamer.compilations == 3


@pytest.mark.parametrize(
  'changes, compiles',
  [
    (dict(octaves=1, iterations=2, strength=2.0), 0),
    (dict(gradient=gradients.smooth()), 0),
    (dict(objective=objectives.channel('a', 4)), 0),  # Another number.
    (dict(objective=2.0 * objectives.deepdream('a')), 2),
    (dict(border='reflect'), 2),
    (dict(jitter=3), 2),
    (dict(precision='bfloat16'), 2),
  ],
)
def test_what_is_replaced_has_its_effect(image, changes, compiles):
  """A replaced dreamer equals a new one, and compiles only what it must."""
  settings = deepdream.Settings(octaves=2, iterations=1, jitter=2)
  objective = objectives.channel('a', 1)
  dreamer = deepdream.Dreamer(_network(), objective, settings)
  before = dreamer(image)
  out = dreamer.replace(**changes)(image)
  assert dreamer.compilations == 2 + compiles
  settings = dataclasses.replace(
    settings, **{k: v for k, v in changes.items() if k != 'objective'}
  )
  objective = changes.get('objective', objective)
  new = deepdream.Dreamer(_network(), objective, settings)
  np.testing.assert_array_equal(out, new(image))
  assert np.abs(out - before).max() > 0
  np.testing.assert_array_equal(dreamer(image), before)


def test_a_network_is_traced_once_a_size(image):
  """Tracing takes longer than a step: not again for every frame of a film."""
  traced, network = [], _network()

  def apply(*arguments):
    traced.append(arguments[1].shape)
    return network.apply(*arguments)

  counted = dataclasses.replace(network, apply=apply)
  settings = deepdream.Settings(octaves=2, iterations=1)
  dreamer = deepdream.Dreamer(counted, objectives.deepdream('a'), settings)
  dreamer(image)
  before = len(traced)
  dreamer(image, 1)
  dreamer.replace(strength=2.0)(image)
  assert before and len(traced) == before


def test_a_guide_leads_to_its_own_features(image):
  objective = guides.guide(_network(), 'a', image[:12, :12])
  settings = deepdream.Settings(octaves=1, iterations=3, jitter=0)
  dreamer = deepdream.Dreamer(_network(), objective, settings)
  out = dreamer(image)
  network = _network()
  score = lambda x: objective(
    network.apply(network.variables, x[None], ('a',)), None
  )
  assert score(out) > score(image)


def test_a_panorama_has_no_ends():
  """Rolling the photo rolls the dream: no column is special.

  Away from the poles, whose views turn: a kernel is not the same turned.
  """
  image = _RNG.random((32, 64, 3)).astype(np.float32)
  change, _ = _step(image, border='panorama')
  moved, _ = _step(np.roll(image, 23, 1), border='panorama')
  change, moved = (c[10:-10] for c in (np.roll(change, 23, 1), moved))
  change, moved = (c / np.abs(c).mean() for c in (change, moved))
  np.testing.assert_allclose(change, moved, atol=3e-2)


def test_refuses(image):
  network, objective = _network(), objectives.deepdream('a')
  dream = lambda image=image, mask=None, **settings: deepdream.dream(
    network, image, objective, deepdream.Settings(**settings), mask=mask
  )
  for message, call in {
    'smallest octave': lambda: dream(image[:1, :1]),
    'at most 2 octaves': lambda: dream(image[:12, :12]),
    'shape': lambda: dream(image[..., :1]),
    'outside': lambda: dream(image * 3),
    'NaN': lambda: dream(image * np.nan),
    'mask': lambda: dream(mask=np.ones((3, 3))),
    'mean .reflect.': lambda: dream(border='reflekt'),
    'strength': lambda: dream(strength=float('nan')),
    'window': lambda: dream(window=10),
    'octaves': lambda: dream(octaves=0),
    'jobs': lambda: deepdream.Dreamer(
      network, objectives.channel('a', np.arange(3))
    ),
    'positions': lambda: guides.guide(small.network(), 'logits', image),
  }.items():
    with pytest.raises(errors.FvizError, match=message):
      call()


def test_a_gradient_that_is_not_finite_is_named(image):
  bad = optax.GradientTransformation(
    lambda p: optax.EmptyState(), lambda g, s, p=None: (g * jnp.nan, s)
  )
  settings = deepdream.Settings(iterations=1, gradient=bad)
  with pytest.raises(errors.FvizError, match='octave 1 of 4'):
    deepdream.dream(_network(), image, objectives.deepdream('a'), settings)


def test_conditioned_steps_and_noise():
  conditioning = optax.chain(gradients.smooth(), gradients.normalize())
  start = deepdream.noise((24, 24))
  assert 100 / 255 <= start.min() and start.max() <= 101 / 255
  settings = deepdream.Settings(
    octaves=1, iterations=2, gradient=conditioning, border='reflect'
  )
  out = deepdream.dream(_network(), start, objectives.channel('a', 2), settings)
  assert out.std() > start.std()
