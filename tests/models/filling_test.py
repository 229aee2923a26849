"""The rules from a file's tensors to a module."""

import numpy as np
import pytest
from flax import nnx

from fviz import errors
from fviz.models import layers
from fviz.models.weights import filling


class _Net(nnx.Module):
  def __init__(self, rngs):
    self.conv = layers.conv(3, 8, (3, 5), rngs=rngs)
    self.norm = layers.norm(8, rngs=rngs)
    self.fc = nnx.Linear(8 * 2 * 2, 4, rngs=rngs)


def _tensors(seed=0):
  """The state dict of `_Net` in torch's names and layouts."""
  random = np.random.default_rng(seed)
  shapes = {
    'conv.weight': (8, 3, 3, 5),
    'conv.bias': (8,),
    'norm.weight': (8,),
    'norm.bias': (8,),
    'norm.running_mean': (8,),
    'norm.running_var': (8,),
    'fc.weight': (4, 32),
    'fc.bias': (4,),
  }
  return {k: random.normal(size=s).astype('f') for k, s in shapes.items()}


def _fill(tensors, **options):
  model = nnx.eval_shape(lambda: _Net(nnx.Rngs(0)))
  options.setdefault('convert', filling.from_torch)
  return filling.fill(model, tensors, filling.torch_key, 'file', **options)


def test_torch_layouts_become_ours():
  tensors = _tensors()
  net = _fill(tensors)
  for o, i, y, x in ((0, 0, 0, 0), (7, 2, 1, 4), (3, 1, 2, 0)):
    assert net.conv.kernel[y, x, i, o] == tensors['conv.weight'][o, i, y, x]
  assert net.fc.kernel[5, 3] == tensors['fc.weight'][3, 5]
  np.testing.assert_array_equal(net.norm.mean, tensors['norm.running_mean'])
  np.testing.assert_array_equal(net.norm.scale, tensors['norm.weight'])


def test_linear_after_flatten_is_reordered():
  """(out, c h w) @ flatten(chw) = flatten(hwc) @ ours."""
  tensors = _tensors()
  convert = lambda value, shape: filling.from_torch(
    value, shape, flattened=(8, 2, 2)
  )
  net = _fill(tensors, convert=convert)
  x = np.random.default_rng(1).normal(size=(2, 2, 8)).astype('f')
  expected = tensors['fc.weight'] @ x.transpose(2, 0, 1).ravel()
  np.testing.assert_allclose(
    x.ravel() @ net.fc.kernel[...], expected, rtol=1e-5
  )


def test_all_problems_come_at_once():
  tensors = _tensors()
  del tensors['norm.bias']
  tensors['conv.weight'] = tensors['conv.weight'][:5]
  tensors['aux.weight'] = tensors['extra'] = np.zeros(2, 'f')
  with pytest.raises(errors.FvizError) as error:
    _fill(tensors, ignored=('aux.*',))
  message = str(error.value)
  assert 'missing in the file: norm.bias (8,)' in message
  assert 'wrong shape: conv.weight is (3, 5, 3, 5), not (3, 5, 3, 8)' in message
  assert 'not in the model: extra (2,)' in message
  assert 'aux' not in message
