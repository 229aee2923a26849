"""The other spellings of MobileNets, and TensorFlow's v1 as a whole."""

import formula
import graphs
import jax
import numpy as np
import pytest

from fviz import models
from fviz.models import mobilenet
from fviz.models.weights import layouts

# Channels and stride of v1's thirteen blocks, from the paper's table 1.
_TABLE = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)]
_TABLE += [(512, 1)] * 5 + [(1024, 2), (1024, 1)]
_KERAS = ('gamma', 'beta', 'moving_mean', 'moving_variance')


def _keras():
  """Tensors as Keras and TensorFlow.js name and lay them out."""
  shapes = {'conv1/kernel': (3, 3, 3, 32), 'conv1_bn': 32}
  inputs = 32
  for i, (outputs, _) in enumerate(_TABLE, 1):
    shapes[f'conv_dw_{i}/depthwise_kernel'] = (3, 3, inputs, 1)
    shapes[f'conv_dw_{i}_bn'] = inputs
    shapes[f'conv_pw_{i}/kernel'] = (1, 1, inputs, outputs)
    shapes[f'conv_pw_{i}_bn'] = inputs = outputs
  shapes |= {
    'conv_preds/kernel': (1, 1, 1024, 1000),
    'conv_preds/bias': (1000,),
  }
  tensors = {}
  for name, shape in shapes.items():
    if name.endswith('_bn'):
      tensors |= {
        f'{name}/{k}': _values(f'{name}/{k}', (shape,)) for k in _KERAS
      }
    else:
      tensors[name] = _values(name, shape)
  return tensors


def _values(name, shape):
  values = np.random.RandomState(len(name) + shape[0]).standard_normal(shape)
  if len(shape) == 4:
    fan = np.prod(shape[:2]) * (1 if 'depthwise' in name else shape[2])
    values *= np.sqrt(2 / fan)
  elif name.endswith(('gamma', 'variance')):
    values = 1 + 0.2 * np.tanh(values)
  else:
    values *= 0.1
  return values.astype(np.float32)


def _evaluated(tensors, x):
  """Logits by NumPy: SAME padding, epsilon 1e-3, ReLU6."""

  def norm(x, name):
    gamma, beta, mean, variance = (tensors[f'{name}/{k}'] for k in _KERAS)
    x = (x - mean) / np.sqrt(variance + 1e-3) * gamma + beta
    return np.clip(x, 0, 6)

  windows = lambda x, stride: graphs._windows(x, 3, stride, b'SAME', 0)
  x = x * 2 - 1
  x = np.einsum('nyxhwc,hwcd->nyxd', windows(x, 2), tensors['conv1/kernel'])
  x = norm(x, 'conv1_bn')
  for i, (_, stride) in enumerate(_TABLE, 1):
    kernel = tensors[f'conv_dw_{i}/depthwise_kernel'][..., 0]
    x = np.einsum('nyxhwc,hwc->nyxc', windows(x, stride), kernel)
    x = norm(x, f'conv_dw_{i}_bn') @ tensors[f'conv_pw_{i}/kernel'][0, 0]
    x = norm(x, f'conv_pw_{i}_bn')
  weights, bias = tensors['conv_preds/kernel'][0, 0], tensors['conv_preds/bias']
  return x.mean((1, 2)) @ weights + bias


def test_keras_names_compute_what_tensorflow_does():
  tensors = _keras()
  network = _fill('mobilenet_v1', tensors)
  images = formula.images(64)
  ours = network.apply(network.variables, images, ('output',))['output']
  theirs = _evaluated(tensors, images)
  np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4 * theirs.std())
  assert network.labels[1].startswith('goldfish')


def test_slim_is_keras_with_a_background_class():
  keras = _keras()
  slim = {}
  for name, value in keras.items():
    module, leaf = name.split('/')
    if module == 'conv_preds':
      zeros = np.zeros((*value.shape[:-1], 1), np.float32)
      leaf = {'kernel': 'weights', 'bias': 'biases'}[leaf]
      slim[f'MobilenetV1/Logits/Conv2d_1c_1x1/{leaf}'] = np.concatenate(
        [zeros, value], -1
      )
      continue
    number, kind = '0', ''
    if not module.startswith('conv1'):
      _, kind, number = module.removesuffix('_bn').split('_')
      kind = {'dw': '_depthwise', 'pw': '_pointwise'}[kind]
    leaf = leaf.replace('kernel', 'weights')
    norm = 'BatchNorm/' if module.endswith('_bn') else ''
    slim[f'MobilenetV1/Conv2d_{number}{kind}/{norm}{leaf}'] = value
  a, b = (_fill('mobilenet_v1', t).variables for t in (keras, slim))
  jax.tree.map(np.testing.assert_array_equal, a, b)


def test_torchvision_names_of_v2():
  """Every tensor of torchvision's state dict has its place, and its shape."""
  tensors = {}

  def unit(name, outputs, inputs, kernel):  # A convolution and its norm.
    conv, norm = name
    tensors[f'{conv}.weight'] = (outputs, inputs, kernel, kernel)
    for leaf in ('weight', 'bias', 'running_mean', 'running_var'):
      tensors[f'{norm}.{leaf}'] = (outputs,)

  pair = lambda prefix: (f'{prefix}.0', f'{prefix}.1')
  unit(pair('features.0'), 32, 3, 3)
  unit(pair('features.1.conv.0'), 32, 1, 3)
  unit(('features.1.conv.1', 'features.1.conv.2'), 16, 32, 1)
  widths = [16, *[24] * 2, *[32] * 3, *[64] * 4, *[96] * 3, *[160] * 3, 320]
  for i, (inputs, outputs) in enumerate(
    zip(widths, widths[1:], strict=False), 2
  ):
    conv = f'features.{i}.conv'
    unit(pair(f'{conv}.0'), 6 * inputs, inputs, 1)
    unit(pair(f'{conv}.1'), 6 * inputs, 1, 3)
    unit((f'{conv}.2', f'{conv}.3'), outputs, 6 * inputs, 1)
  unit(pair('features.18'), 1280, 320, 1)
  tensors |= {'classifier.1.weight': (1000, 1280), 'classifier.1.bias': (1000,)}
  _fill('mobilenet_v2', {k: np.zeros(s, 'f') for k, s in tensors.items()})
  torchvision = pytest.importorskip('torchvision')
  state = torchvision.models.mobilenet_v2().state_dict()
  live = {k: tuple(v.shape) for k, v in state.items() if 'tracked' not in k}
  assert live == tensors


def _fill(name, tensors):
  _, family = models._family(name)
  assert family is mobilenet
  return layouts.fill(name, family.LAYOUTS[name], tensors, file='file')
