import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import small

from fviz import (
  color,
  engine,
  errors,
  networks,
  objectives,
  parameterizations,
  recipes,
  regularizers,
  transforms,
)
from fviz.compiler import hardware
from fviz.engine import slots

_TOLERANCE = dict(rtol=1e-4, atol=2e-4)


def _recipe(steps=6, size=24, **changes):
  recipe = engine.Recipe(
    parameterization=parameterizations.fourier(size),
    optimizer=optax.adam(0.05),
    transform=transforms.compose(
      transforms.pad(2), transforms.jitter(2), transforms.scale(0.9, 1.1)
    ),
    steps=steps,
  )
  return dataclasses.replace(recipe, **changes)


def _images(channels, **options):
  objective = objectives.channel('conv_1', jnp.asarray(channels))
  return engine.render(small.network(), objective, _recipe(), **options).images


def test_a_unit_is_the_same_alone_in_a_batch_and_in_another_order():
  together = _images(np.arange(12))
  alone = _images(7)
  backwards = _images(np.arange(12)[::-1], batch_size=4)
  np.testing.assert_allclose(alone[0], together[7], **_TOLERANCE)
  np.testing.assert_allclose(backwards[::-1], together, **_TOLERANCE)


def test_one_device_equals_four():
  jobs, results = _jobs(6), []
  for n in (1, 4):
    one = engine.Engine(small.network(), jobs, _recipe(), jax.devices()[:n])
    ((_, result),) = one.run(jobs, batch=8)
    results.append(result)
  np.testing.assert_allclose(results[0].images, results[1].images, **_TOLERANCE)


def test_variants_and_seeds_differ():
  a, b, c = _images(3), _images(3, variant=1), _images(3, seed=1)
  assert np.abs(a - b).max() > 0.01
  assert np.abs(a - c).max() > 0.01


def test_one_compilation_for_many_batches():
  one = engine.Engine(small.network(), _jobs(), _recipe())
  assert len(list(one.run(_jobs(), batch=4))) == 3
  assert one.programs.compilations == 1


def test_objective_rises():
  objective = objectives.channel('conv_1', jnp.arange(4))
  result = engine.render(small.network(), objective, _recipe(steps=40))
  assert np.all(result.history[:, -5:].mean(1) > result.history[:, :5].mean(1))
  assert result.images.shape == (4, 1, 24, 24, 3)
  assert np.all(result.failed == -1)


def test_jobs_that_rise_no_more_make_room_without_compiling():
  network = small.network()
  # No transform and a large rate: the objective is level soon.
  recipe = dataclasses.replace(
    _recipe(steps=160, optimizer=optax.adam(0.5)),
    transform=lambda key, images: images,
    snapshot_steps=(64, 160),
    tolerance=0.02,
  )
  one = engine.Engine(network, _jobs(), recipe, jax.devices()[:1])
  found = list(one.run(_jobs(), batch=5))
  where = np.concatenate([places for places, _ in found])
  steps = np.concatenate([result.steps for _, result in found])
  assert one.programs.compilations == 1
  assert sorted(where) == list(range(12))
  assert set(steps % slots.WINDOW) == {0} and steps.min() < steps.max()
  for job in (where[0], where[-1]):
    alone = engine.render(
      network,
      objectives.channel('conv_1', int(job)),
      dataclasses.replace(recipe, snapshot_steps=()),
    )
    places, result = next((p, r) for p, r in found if job in p)
    i = list(places).index(job)
    assert alone.steps[0] == result.steps[i]
    # Such steps enlarge the last bits, in which programs of two sizes differ.
    assert np.abs(result.images[i] - alone.images[0]).mean() < 2e-3
    np.testing.assert_array_equal(result.snapshots[i, 1], result.images[i])
    last = result.history[i, result.steps[i] - 1]
    np.testing.assert_array_equal(result.history[i, result.steps[i] :], last)


def test_snapshots_are_the_pictures_on_the_way():
  objective = objectives.channel('conv_1', 2)
  short = engine.render(small.network(), objective, _recipe(steps=3))
  long = engine.render(
    small.network(), objective, _recipe(steps=6, snapshot_steps=(3, 6))
  )
  np.testing.assert_allclose(
    long.snapshots[0, 0], short.images[0], **_TOLERANCE
  )
  np.testing.assert_allclose(long.snapshots[0, 1], long.images[0], **_TOLERANCE)


def test_a_failing_job_is_marked_and_the_others_go_on():
  bad = objectives.channel('conv_1', jnp.arange(3)) * jnp.array(
    [1.0, jnp.nan, 1.0]
  )
  good = objectives.channel('conv_1', jnp.arange(3))
  a = engine.render(small.network(), bad, _recipe())
  b = engine.render(small.network(), good, _recipe())
  assert a.failed.tolist() == [-1, 0, -1]
  assert np.isfinite(a.images).all()
  np.testing.assert_allclose(a.images[[0, 2]], b.images[[0, 2]], **_TOLERANCE)


@pytest.mark.parametrize('channels', [1, 3, 5])
@pytest.mark.parametrize('size', [24, (17, 30)])
def test_any_channels_and_sizes(channels, size):
  recipe = recipes.lucid(size, channels=channels, steps=2)
  objective = objectives.channel('conv_1', 0)
  network = small.network(channels=channels)
  images = engine.render(network, objective, recipe).images
  height, width = (size, size) if isinstance(size, int) else size
  assert images.shape == (1, 1, height, width, channels)
  assert np.isfinite(images).all() and images.min() >= 0 and images.max() <= 1


def test_wrong_channels_are_refused():
  with pytest.raises(errors.FvizError, match='channels=1'):
    engine.render(
      small.network(channels=1), objectives.channel('conv_1', 0), _recipe()
    )


def test_linen_and_nnx_give_equal_pictures():
  net = small.model()
  a = networks.from_nnx(net, input_size=(24, 24))
  b = networks.from_linen(
    small.LinenNet(),
    small.linen_variables(net),
    input_size=(24, 24),
    train=False,
  )
  objective = objectives.channel('conv_1', jnp.arange(3))
  np.testing.assert_allclose(
    engine.render(a, objective, _recipe()).images,
    engine.render(b, objective, _recipe()).images,
    **_TOLERANCE,
  )


def test_memory_halves_the_batch(monkeypatch):
  network = small.network()
  real = engine.Engine.run

  def run(self, jobs, batch, *rest):
    if batch > 4:
      raise jax.errors.JaxRuntimeError('RESOURCE_EXHAUSTED: out of memory')
    return real(self, jobs, batch, *rest)

  expected = _images(np.arange(12))
  monkeypatch.setattr(engine.Engine, 'run', run)
  objective = objectives.channel('conv_1', jnp.arange(12))
  images = engine.render(network, objective, _recipe()).images
  np.testing.assert_allclose(images, expected, **_TOLERANCE)


def _jobs(count=12):
  units = np.arange(count)
  keys = engine.job_keys(0, units, np.zeros(count, int))
  return engine.channel_jobs(small.network(), 'conv_1', units, keys)


def test_batch_size_follows_the_reported_memory(monkeypatch):
  one = engine.Engine(small.network(), _jobs(), _recipe(), jax.devices()[:1])
  used = one.programs.memory(12)
  monkeypatch.setattr(hardware, 'memory_budget', lambda device: used // 2)
  assert 1 <= one.largest_batch(12) < 12


def test_a_cpu_takes_no_more_than_keep_it_busy(monkeypatch):
  monkeypatch.setattr(hardware.os, 'cpu_count', lambda: 2)
  cpu = jax.devices()[0]
  share = lambda pixels: hardware.largest_batch(cpu, pixels)
  many = jax.local_device_count()
  assert share(224**2) == max(1, round(max(1, 2 // many) * 1e5 / 224**2))
  assert share(2000**2) == 1 and share(1) == 256
  one = engine.Engine(small.network(), _jobs(), _recipe(), jax.devices()[:1])
  one._most = 4
  assert one.batch(12, 32) == one.batch(12) == 4 and one.batch(12, 3) == 3


@pytest.mark.parametrize(
  'recipe',
  [
    lambda n: _recipe(
      parameterization=parameterizations.pixels(n[0].astype(int))
    ),
    lambda n: _recipe(transform=transforms.pad(n[0].astype(int))),
    lambda n: _recipe(transform=transforms.rotate(0.0, n[0])),
    lambda n: _recipe(steps=int(n[0])),
  ],
)
def test_numbers_that_decide_shapes_are_refused(recipe):
  jobs = _jobs(2)._replace(numbers=(np.float32([16, 20]),))
  message = 'decides a shape.*equal shapes together'
  with pytest.raises(errors.FvizError, match=message):
    engine.Engine(small.network(), jobs, recipe)


def _recipe_of(numbers):
  """A recipe all of whose numbers may be traced."""
  return _recipe(
    optimizer=optax.adam(numbers['rate']),
    regularizer=numbers['weight'] * regularizers.total_variation(),
    parameterization=parameterizations.fourier(24, decay=numbers['decay']),
    snapshot_steps=(3,),
  )


def test_many_recipes_in_one_program():
  network, units = small.network(), np.array([3, 3, 3])
  keys = engine.job_keys(0, units, np.zeros(3, int))
  numbers = {
    'rate': np.array([0.05, 0.2, 0.05], np.float32),
    'weight': np.array([0.0, 0.0, 50.0], np.float32),
    'decay': np.array([1.0, 1.0, 1.5], np.float32),
  }
  jobs = engine.channel_jobs(network, 'conv_1', units, keys, numbers)
  one = engine.Engine(network, jobs, _recipe_of)
  ((_, together),) = one.run(jobs, 4)
  assert one.programs.compilations == 1
  for i in (0, 2):  # Off and on in one program.
    plain = {name: float(values[i]) for name, values in numbers.items()}
    alone = engine.render(
      network, objectives.channel('conv_1', units[i]), _recipe_of(plain)
    )
    for field in ('images', 'history', 'snapshots', 'activation'):
      np.testing.assert_allclose(
        getattr(together, field)[i], getattr(alone, field)[0], **_TOLERANCE
      )
  assert np.abs(together.images[0] - together.images[1]).max() > 0.01
  assert np.abs(together.images[0] - together.images[2]).max() > 0.01


# One step of the engine against float64 NumPy, formula by formula.

_COLOR = np.array([[0.26, 0.09, 0.02], [0.27, 0.0, -0.05], [0.27, -0.09, 0.03]])


def _numpy_images(z, height, width):
  """Fourier parameters -> images, as lucid does it (distill.00007)."""
  f = np.sqrt(
    np.fft.fftfreq(height)[:, None] ** 2 + np.fft.rfftfreq(width)[None] ** 2
  )
  scale = np.sqrt(width * height) / np.maximum(f, 1 / max(width, height))
  t = np.fft.irfft2(scale * z, s=(height, width)) / 4  # [n, c, h, w]
  matrix = _COLOR / np.linalg.norm(_COLOR, axis=0).max()
  rgb = np.einsum('rc,nchw->nhwr', matrix, t)
  return 1 / (1 + np.exp(-rgb))


def test_one_step_equals_numpy():
  height, width, rate = 6, 7, 0.05
  weight = np.random.default_rng(0).normal(size=(1, height, width, 3))
  network = networks.from_function(
    lambda v, x, layers: {'a': (x * v).sum((1, 2))},
    jnp.asarray(weight, jnp.float32),
    ['a'],
    input_size=(height, width),
  )
  recipe = engine.Recipe(
    parameterizations.fourier((height, width), color=color.decorrelated()),
    optax.adam(rate),
    steps=1,
  )
  objective = objectives.channel('a', 1)
  result = engine.render(network, objective, recipe, seed=3)
  key = engine.job_keys(3, np.array([1]), np.array([0]))[0]
  params = recipe.parameterization.init(key)
  start = np.asarray(recipe.parameterization.images(params), np.float64)
  z = np.asarray(params, np.float64)  # [n, 2, c, h, w // 2 + 1]

  def images(z):
    return _numpy_images(z[:, 0] + 1j * z[:, 1], height, width)

  def loss(z):
    return -(images(z) * weight)[..., 1].sum()

  np.testing.assert_allclose(start, images(z), rtol=1e-5, atol=1e-6)
  gradient = np.zeros_like(z)
  for place in np.ndindex(*z.shape):  # Central differences, float64.
    step = np.zeros_like(z)
    step[place] = 1e-5
    gradient[place] = (loss(z + step) - loss(z - step)) / 2e-5
  # Adam's first step: both moments equal their bias corrections.
  new = z - rate * gradient / (np.abs(gradient) + 1e-8)
  # Where the gradient is exactly zero (self-conjugate bins) nothing moves.
  new = np.where(np.abs(gradient) < 1e-7, z, new)
  expected = images(new)
  np.testing.assert_allclose(result.images[0], expected, rtol=1e-4, atol=1e-4)
