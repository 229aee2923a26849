"""Every network against an independent implementation in PyTorch.

`tests/models/golden` holds what timm and torchvision compute with weights that
are a formula of their names; `scripts/make_golden.py` wrote it. Where both can
be imported they run here as well, and every number is compared.
"""

import importlib.util
import json
import pathlib

import formula
import freed
import jax
import numpy as np
import pytest
import references
from flax import nnx

from fviz import models
from fviz.models.weights import layouts

_GOLDEN = pathlib.Path(__file__).with_name('golden')
_RTOL = 1e-4
# Networks with a test of their own.
_ELSEWHERE = {
  'pareidolia': 'pareidolia_test.py',
  'inception_v1': 'inception_v1_test.py',
}
# Published counts, without auxiliary heads.
_PARAMETERS = {
  'inception_v3': 23_834_568,
  'googlenet': 6_624_904,
  'vgg16': 138_357_544,
  'vgg19': 143_667_240,
  'alexnet': 61_100_840,
  'resnet18': 11_689_512,
  'resnet50': 25_557_032,
  'squeezenet1_0': 1_248_424,
  'squeezenet1_1': 1_235_496,
  'mobilenet_v1': 4_231_976,
  'mobilenet_v2': 3_504_872,
  'convnext_tiny': 28_589_128,
  'resnet20': 269_722,
  'resnet56': 853_018,
}
# (channels, size, stride) of layers before and after a nonlinearity, of a
# branch, of a block.
_LAYERS = {
  'inception_v3': {
    'Conv2d_2b_3x3/bn': (64, (147, 147), 2),
    'Mixed_5b/branch5x5_2': (64, (35, 35), 8),
    'Mixed_7c/branch3x3dbl_3b': (384, (8, 8), 32),
    'Mixed_7c': (2048, (8, 8), 32),
  },
  'googlenet': {
    'conv3/bn': (192, (56, 56), 4),
    'inception4b/branch3/1': (64, (14, 14), 16),
    'inception5b': (1024, (7, 7), 32),
  },
  'vgg16': {
    'features/0': (64, (224, 224), 1),
    'features/1': (64, (224, 224), 1),
    'features/30': (512, (7, 7), 32),
    'classifier/3': (4096, (), 0),
  },
  'vgg19': {'features/34': (512, (14, 14), 16), 'classifier/6': (1000, (), 0)},
  'alexnet': {
    'features/0': (64, (55, 55), 4),
    'features/12': (256, (6, 6), 32),
  },
  'resnet18': {
    'layer2/0/downsample/1': (128, (28, 28), 8),
    'layer4/1/add': (512, (7, 7), 32),
    'layer4/1': (512, (7, 7), 32),
  },
  'resnet50': {
    'layer3/5/bn2': (256, (14, 14), 16),
    'layer3/5/act2': (256, (14, 14), 16),
    'layer3/5/add': (1024, (14, 14), 16),
    'layer4/2': (2048, (7, 7), 32),
    'fc': (1000, (), 0),
  },
  'squeezenet1_0': {
    'features/3/expand3x3': (64, (54, 54), 4),
    'features/12': (512, (13, 13), 16),
  },
  'squeezenet1_1': {
    'features/3/squeeze_activation': (16, (55, 55), 4),
    'classifier/1': (1000, (13, 13), 16),
  },
  'mobilenet_v1': {
    'blocks/4/1/bn2': (1024, (7, 7), 32),
    'blocks/4/1/act2': (1024, (7, 7), 32),
  },
  'mobilenet_v2': {
    'blocks/0/0/bn2': (16, (112, 112), 2),
    'blocks/6/0/act2': (960, (7, 7), 32),
    'blocks/6/0': (320, (7, 7), 32),
    'act2': (1280, (7, 7), 32),
  },
  'convnext_tiny': {
    'stem': (96, (56, 56), 4),
    'stages/2/blocks/8/mlp/act': (1536, (14, 14), 16),
    'stages/3': (768, (7, 7), 32),
  },
  'resnet20': {
    'act1': (16, (32, 32), 1),
    'layer3/2/add': (64, (8, 8), 4),
    'linear': (10, (), 0),
  },
  'resnet56': {'layer2/8/act1': (32, (16, 16), 2)},
}


_held = {}  # One network at a time: VGG's weights take half a gigabyte.


def _ours(name):
  """A network filled by formula, and all its layers on one image."""
  if name not in _held:
    _held.clear()
    freed.give_back()
    _held[name] = _filled(name)
  return _held[name]


def _filled(name):
  golden = np.load(_GOLDEN / f'{name}.npz')
  filled = {
    k: formula.tensor(k, tuple(shape))
    for k, shape in json.loads(str(golden['tensors'])).items()
  }
  _, family = models._family(name)
  network = layouts.fill(name, family.LAYOUTS[name], filled)
  del filled  # The network has its own, and VGG's take half a gigabyte.
  images = formula.images(references.MODELS[name][2])
  layers = tuple(network.layers)
  apply = jax.jit(lambda v, x: network.apply(v, x, layers))
  return network, jax.device_get(apply(network.variables, images))


@pytest.fixture(autouse=True, scope='module')
def _quick_compilation():
  """Compiling is the most of the time here."""
  jax.config.update('jax_disable_most_optimizations', True)
  yield
  jax.config.update('jax_disable_most_optimizations', False)
  _held.clear()


@pytest.mark.parametrize('name', references.MODELS)
def test_golden_activations(name):
  golden = np.load(_GOLDEN / f'{name}.npz')
  network, ours = _ours(name)
  layers = json.loads(str(golden['layers']))
  shapes = json.loads(str(golden['shapes']))
  assert not set(layers) - set(ours)
  for layer, shape, summary in zip(
    layers, shapes, golden['summaries'], strict=True
  ):
    assert list(ours[layer].shape) == shape, layer
    _close(formula.summary(ours[layer]), summary, summary[-1], layer)
  assert golden['parameters'] == _PARAMETERS[name]
  _check_table(name, network)


@pytest.mark.parametrize('name', references.MODELS)
def test_every_number_where_the_reference_runs(name):
  library = references.MODELS[name][0]
  for package in ('torch', library if library != 'cifar' else 'torch'):
    if importlib.util.find_spec(package) is None:
      pytest.skip(f'{package} is not installed: golden slices stand in')
  _, ours = _ours(name)
  for layer, theirs in references.run(name).activations.items():
    _close(ours[layer], theirs, theirs.std(), layer)


def test_every_model_is_proved():
  """In parity, count and layers; a new model cannot be forgotten."""
  here = pathlib.Path(__file__).parent
  for name in models.names():
    if name in _ELSEWHERE:
      text = (here / _ELSEWHERE[name]).read_text()
      assert f"models.load('{name}'" in text
      continue
    assert name in references.MODELS
    assert (_GOLDEN / f'{name}.npz').exists()
    assert _PARAMETERS[name] and _LAYERS[name]


def _close(ours, theirs, deviation, layer):
  # Sums of many terms cancel: an element near zero is exact to the scale of
  # its layer.
  np.testing.assert_allclose(
    ours, theirs, rtol=_RTOL, atol=_RTOL * deviation, err_msg=layer
  )


def _check_table(name, network):
  assert layouts.parameters(network) == _PARAMETERS[name]
  for layer, expected in _LAYERS[name].items():
    assert network.layers[layer] == expected, layer
  for path, _ in nnx.to_flat_state(network.variables):
    if path[-1] == 'kernel':  # Every convolution and linear layer.
      assert '/'.join(path[:-1]) in network.layers
  assert list(network.layers)[-1] == 'output'
