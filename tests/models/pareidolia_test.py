"""Tests of the embedded network: file, layers, statistics, training."""

import dataclasses
import math
import os
import time

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import fviz.models
from fviz import errors, networks
from fviz.models import pareidolia, pareidolia_network


@pytest.fixture(scope='module')
def network():
  return fviz.models.load('pareidolia')


@pytest.fixture(scope='module')
def training():
  return pytest.importorskip('scripts.pareidolia.training')


@pytest.fixture(scope='module')
def small():
  """A narrow network of three classes with random weights."""
  model = nnx.eval_shape(
    lambda: pareidolia_network.Pareidolia(3, 0.25, rngs=nnx.Rngs(0))
  )
  graphdef, state = nnx.split(model)
  rng = np.random.default_rng(0)
  state = jax.tree.map(
    lambda x: jnp.asarray(rng.normal(0, 0.1, x.shape), jnp.float32), state
  )
  return nnx.merge(graphdef, state)


@pytest.fixture
def images():
  return jax.random.uniform(jax.random.key(0), (2, 32, 40, 3))


def test_loads_offline_in_two_seconds():
  start = time.process_time()  # Other processes must not fail it.
  fviz.models.load('pareidolia')
  assert time.process_time() - start < 2


def test_layers(network):
  names = ['conv0', 'conv1', *(f'mixed{k}' for k in range(1, 6)), 'logits']
  assert [n for n in network.layers if n in names] == names
  for block in range(1, 6):
    for branch in (
      'branch0',
      'branch1/conv0',
      'branch1/conv1',
      'branch2/conv1',
      'branch3',
    ):
      name = f'mixed{block}/{branch}'
      layer, before = network.layers[name], network.layers[name + '/pre_relu']
      assert layer == before
  assert network.layers['logits'].channels == len(network.labels)
  assert network.layers['mixed5'].stride == 8


def test_relu_follows_pre_relu(network, images):
  wanted = ('mixed3/branch1/conv1', 'mixed3/branch1/conv1/pre_relu')
  after, before = network.apply(network.variables, images, wanted).values()
  np.testing.assert_array_equal(after, np.maximum(before, 0))
  assert np.min(before) < 0


def test_block_joins_its_branches(network, images):
  branches = tuple(f'mixed4/branch{k}' for k in range(4))
  found = network.apply(network.variables, images, ('mixed4', *branches))
  joined = np.concatenate([found[b] for b in branches], -1)
  np.testing.assert_array_equal(found['mixed4'], joined)


def test_size_of_network_and_file(network):
  count = sum(x.size for x in jax.tree.leaves(network.variables))
  assert 0.9e6 < count <= 3e6
  assert os.path.getsize(pareidolia.WEIGHTS) <= 6e6


def test_labels_are_class_names(network):
  assert len(network.labels) >= 60
  assert len(set(network.labels)) == len(network.labels)
  assert {'eye', 'owl', 'sunflower'} <= set(network.labels)


def test_statistics_of_every_layer(network):
  statistics = pareidolia.statistics()
  assert set(statistics) == set(network.layers)
  for name, (mean, std) in statistics.items():
    assert mean.shape == std.shape == (network.layers[name].channels,)
    assert np.isfinite(mean).all() and (std >= 0).all()
    if not name.endswith(('pre_relu', 'logits', 'output')):
      assert (mean >= 0).all()


@pytest.mark.parametrize('size', [1, 2, 7, 8])
def test_pools_keep_a_constant(size):
  ones = jnp.ones((1, size, size + 1, 2))
  averaged = pareidolia_network.Average()(ones)
  np.testing.assert_allclose(averaged, ones, rtol=1e-6)
  blurred = pareidolia_network.Blur()(ones)
  assert blurred.shape == (1, math.ceil(size / 2), (size + 2) // 2, 2)
  np.testing.assert_allclose(blurred, 1, rtol=1e-6)


def test_blur_is_binomial():
  line = jnp.zeros((1, 8, 1, 1)).at[0, 3].set(1.0)
  out = pareidolia_network.Blur()(line)[0, :, 0, 0]
  np.testing.assert_allclose(out, [0, 0.375, 0.125, 0], rtol=1e-6)


def test_missing_file(tmp_path):
  with pytest.raises(errors.FvizError, match='No weights file'):
    fviz.models.load('pareidolia', str(tmp_path / 'none.safetensors'))


def test_corrupt_file(tmp_path):
  file = tmp_path / 'cut.safetensors'
  file.write_bytes(pareidolia.WEIGHTS.read_bytes()[:5000])
  with pytest.raises(errors.FvizError, match='not a readable safetensors'):
    fviz.models.load('pareidolia', str(file))


def test_file_without_description(tmp_path):
  import safetensors.numpy

  file = tmp_path / 'other.safetensors'
  safetensors.numpy.save_file({'a': np.zeros(3)}, file)
  with pytest.raises(errors.FvizError, match='metadata'):
    fviz.models.load('pareidolia', str(file))


def test_wrong_shapes_are_named(tmp_path, small):
  file = tmp_path / 'wrong.safetensors'
  labels = ('a', 'b', 'c', 'd')  # One more than the network has.
  pareidolia.save(file, small, labels, {})
  with pytest.raises(errors.FvizError, match='wrong shape: logits/bias'):
    fviz.models.load('pareidolia', str(file))


@pytest.mark.parametrize(
  'shape', [(1, 32, 32, 1), (32, 32, 3), (1, 0, 32, 3), (0, 32, 32, 3)]
)
def test_wrong_images_are_refused(network, shape):
  with pytest.raises(errors.FvizError, match=r'images \[n, .* 3\], not of'):
    network.apply(network.variables, jnp.zeros(shape), ('logits',))


def test_save_and_load(tmp_path, images, small, quick_compile):
  moments = {'conv0': (np.zeros(8), np.ones(8))}
  file = tmp_path / 'small.safetensors'
  pareidolia.save(file, small, ('a', 'b', 'c'), moments)
  network = fviz.models.load('pareidolia', str(file))
  out = network.apply(network.variables, images, ('logits',))['logits']
  expected = nnx.jit(small)(pareidolia_network.preprocess(images))
  # float16 keeps 11 bits of each weight.
  np.testing.assert_allclose(out, expected, rtol=0.02, atol=0.02)
  assert network.labels == ('a', 'b', 'c')
  assert list(pareidolia.statistics(str(file))) == ['conv0']


def test_knows_a_handful_of_renders(network):
  rendering = pytest.importorskip('scripts.rendering')
  names = [n for n in network.labels if n in rendering.CLASSES][::6]
  pictures = rendering.render(names * 4, seed=77, size=64)
  out = jax.jit(network.apply, static_argnums=2)(
    network.variables, jnp.float32(pictures) / 255, ('logits',)
  )['logits']
  guesses = [network.labels[k] for k in np.argmax(out, -1)]
  right = np.mean([a == b for a, b in zip(guesses, names * 4, strict=True)])
  assert right > 0.6


def test_fold_is_exact(images, quick_compile):
  net = pytest.importorskip('scripts.pareidolia.net')
  model = net.build(5, 0.25, 0, jnp.float32)
  rng = np.random.default_rng(1)
  for _, module in nnx.iter_modules(model):
    if isinstance(module, net.ConvNorm):
      for name, low in dict(scale=0.5, bias=-1, mean=-1, var=0.5).items():
        variable = getattr(module, name)
        values = rng.uniform(low, 1.5, variable.shape)
        variable[...] = jnp.asarray(values, jnp.float32)
  model.eval()
  plain = net.fold(model)
  x = pareidolia_network.preprocess(images)
  np.testing.assert_allclose(
    nnx.jit(plain)(x), nnx.jit(model)(x), rtol=1e-4, atol=1e-4
  )
  # The running average path must itself be batch norm as defined.
  unit = model.conv0.pre_relu
  kernel, scale, bias, mean, var = map(np.asarray, unit.variables())
  y = np.asarray(net.convolve(x, kernel, jnp.float32)) - mean
  y = y / np.sqrt(var + 1e-3) * scale + bias
  np.testing.assert_allclose(unit(x), y, rtol=1e-4, atol=1e-4)


def test_fast_convolution_and_its_gradients(quick_compile):
  net = pytest.importorskip('scripts.pareidolia.net')
  x = jax.random.normal(jax.random.key(0), (2, 6, 5, 3))
  for side in (1, 5):
    kernel = jax.random.normal(jax.random.key(side), (side, side, 3, 4))

    def plain(x, kernel):
      return jax.lax.conv_general_dilated(
        x, kernel, (1, 1), 'SAME', dimension_numbers=('NHWC', 'HWIO', 'NHWC')
      )

    def fast(x, kernel):
      return net.convolve(x, kernel, jnp.float32)

    ours, pull = jax.vjp(fast, x, kernel)
    theirs, pull_plain = jax.vjp(plain, x, kernel)
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)
    for a, b in zip(pull(ours), pull_plain(ours), strict=True):
      np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-3)


def test_attack_stays_in_its_ball(quick_compile):
  step = pytest.importorskip('scripts.pareidolia.step')
  x = jax.random.uniform(
    jax.random.key(0), (3, 8, 8, 3), minval=0.3, maxval=0.7
  )
  weight = jax.random.normal(jax.random.key(1), (8 * 8 * 3, 4))

  def classify(x):
    return x.reshape(len(x), -1) @ weight

  labels = jnp.array([0, 1, 2])
  for steps in (1, 4):
    out = step.attack(jax.random.key(2), classify, x, labels, 0.5, steps)
    length = jnp.sqrt(jnp.sum((out - x) ** 2, (1, 2, 3)))
    assert (length <= 0.5 + 1e-5).all() and (length > 0.3).all()
    picked = jnp.arange(3), labels
    worse = jax.nn.log_softmax(classify(out))[picked]
    assert (worse < jax.nn.log_softmax(classify(x))[picked]).all()


def test_resumed_training_equals_uninterrupted(
  training, tmp_path, monkeypatch, quick_compile
):
  monkeypatch.setattr(training, '_VALIDATION', {'per_class': 1, 'seed': 9})
  monkeypatch.setattr(training, '_MOMENTS', 16)
  monkeypatch.setattr(training.pareidolia_network, 'INPUT_SIZE', (32, 32))
  config = training.Config(
    data=str(tmp_path / 'data'),
    per_class=1,
    image_size=24,
    steps=4,
    width=0.17,
    batch=4,
    sizes=(16,),
    until=(),
    adversarial_from=0.5,
    save_minutes=0.0,
  )
  whole, parts = tmp_path / 'whole', tmp_path / 'parts'
  # Optax's Adam raises a float to an integer power: never strict.
  with jax.numpy_dtype_promotion('standard'):
    training.train(config, whole)

  class Killed(Exception):
    pass

  original, calls = training.training_step.step, []

  def dying(*args, **kwargs):
    if len(calls) == 2:
      raise Killed
    calls.append(1)
    return original(*args, **kwargs)

  with jax.numpy_dtype_promotion('standard'):
    with monkeypatch.context() as patch:
      patch.setattr(training.training_step, 'step', dying)
      with pytest.raises(Killed):
        training.train(config, parts)
    training.train(config, parts, resume=True)
  a, b = (np.load(d / 'checkpoint.npz') for d in (whole, parts))
  assert set(a.files) == set(b.files)
  for name in a.files:
    if name != 'spent':
      np.testing.assert_array_equal(a[name], b[name])
  loaded = fviz.models.load('pareidolia', str(parts / 'pareidolia.safetensors'))
  assert loaded.layers['mixed5'].channels > 0


def test_resume_wants_the_same_network(training, tmp_path):
  states = [
    training.training_step.State(np.zeros(n), {}, {}, {}, np.int32(0))
    for n in (3, 4)
  ]
  training.save(tmp_path / 'checkpoint.npz', states[0], 1.5)
  state, spent = training.restore(tmp_path / 'checkpoint.npz', states[0])
  assert spent == 1.5 and state.params.shape == (3,)
  with pytest.raises(ValueError, match='another network'):
    training.restore(tmp_path / 'checkpoint.npz', states[1])
  with pytest.raises(FileNotFoundError, match='without --resume'):
    training.restore(tmp_path / 'other.npz', states[0])


def test_schedule(training):
  config = training.Config(
    data='', sizes=(48, 64), until=(0.6,), adversarial_from=0.25, radius=1.0
  )
  assert [config.size(p) for p in (0, 0.59, 0.6, 0.99)] == [48, 48, 64, 64]
  assert config.attack_radius(0.2) == 0
  assert config.attack_radius(0.3) == pytest.approx(0.75 * (0.25 + 0.2))
  assert config.attack_radius(0.9) == 1
  with pytest.raises(ValueError, match='until'):
    dataclasses.replace(config, until=())


def test_checks_layers(network):
  with pytest.raises(errors.FvizError, match="mean 'mixed3'"):
    networks.check_layer(network, 'mixd3')
