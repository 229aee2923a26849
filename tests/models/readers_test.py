"""Readers of weight files, and the rules from file to module."""

import pickle
import subprocess
import sys
import zipfile

import numpy as np
import pytest
import safetensors.numpy
from flax import nnx

from fviz import errors
from fviz.models import layers
from fviz.models.weights import filling, tensor_files


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


@pytest.mark.parametrize('wrap', [
  lambda d, t: d,
  lambda d, t: {'state_dict': d, 'epoch': 3},
  lambda d, t: {'state_dict': {f'module.{k}': v for k, v in d.items()}},
  lambda d, t: {'model': {  # The robustness library's.
    **{f'module.model.{k}': v for k, v in d.items()},
    **{f'module.attacker.model.{k}': v for k, v in d.items()},
    'module.normalizer.new_mean': t(np.zeros(3, 'f')),
  }, 'epoch': 90},
])  # fmt: skip
def test_torch_checkpoints(tmp_path, wrap):
  torch = pytest.importorskip('torch', reason='needs fviz[torch]')
  tensors = {k: torch.tensor(v) for k, v in _tensors().items()}
  tensors['norm.num_batches_tracked'] = torch.tensor(7)
  for i, zipped in enumerate((True, False)):  # False is before torch 1.6.
    path = tmp_path / f'{i}.ckpt'
    data = wrap(tensors, torch.tensor)
    torch.save(data, path, _use_new_zipfile_serialization=zipped)
    read = tensor_files.read(path)
    assert read.keys() == _tensors().keys()
    np.testing.assert_array_equal(read['conv.bias'], _tensors()['conv.bias'])


def test_half_precision_is_widened(tmp_path):
  torch = pytest.importorskip('torch', reason='needs fviz[torch]')
  path = tmp_path / 'x.pth'
  torch.save({'a': torch.tensor([1.5, -2.0], dtype=torch.bfloat16)}, path)
  np.testing.assert_array_equal(tensor_files.read(path)['a'], [1.5, -2.0])


class _Bomb:
  ran = False

  def __reduce__(self):
    return _explode, ()


def _explode():
  _Bomb.ran = True


def test_pickle_of_other_objects_is_refused(tmp_path):
  torch = pytest.importorskip('torch', reason='needs fviz[torch]')
  path = tmp_path / 'bomb.pth'
  torch.save({'a': torch.zeros(1), 'b': _Bomb()}, path)
  with pytest.raises(errors.FvizError, match='refused.*_explode'):
    tensor_files.read(path)
  plain = tmp_path / 'plain.pth'
  plain.write_bytes(pickle.dumps({'b': _Bomb()}, protocol=2))
  with pytest.raises(errors.FvizError, match='refused|not a readable'):
    tensor_files.read(plain)
  assert not _Bomb.ran


def test_damaged_torch_files(tmp_path):
  torch = pytest.importorskip('torch', reason='needs fviz[torch]')
  path = tmp_path / 'x.pth'
  torch.save({'a': torch.zeros(1000)}, path)
  path.write_bytes(path.read_bytes()[:2000])
  with pytest.raises(errors.FvizError, match='truncated'):
    tensor_files.read(path)
  torch.save({'epoch': 3}, path)
  with pytest.raises(errors.FvizError, match='holds no state dict'):
    tensor_files.read(path)


def test_without_torch_the_extra_is_named(tmp_path, monkeypatch):
  monkeypatch.setitem(sys.modules, 'torch', None)
  path = tmp_path / 'x.pth'
  with zipfile.ZipFile(path, 'w') as archive:
    archive.writestr('x/data.pkl', b'')
  with pytest.raises(errors.FvizError, match=r'fviz\[torch\]'):
    tensor_files.read(path)


def test_unknown_format_lists_the_known(tmp_path):
  path = tmp_path / 'weights.h5'
  path.write_bytes(b'\x89HDF\r\n\x1a\n' + bytes(100))
  with pytest.raises(errors.FvizError, match=r'no known format.*\.safetensors'):
    tensor_files.read(path)


def test_content_decides_not_the_name(tmp_path):
  path = tmp_path / 'weights.bin'
  safetensors.numpy.save_file(_tensors(), path)
  assert tensor_files.read(path).keys() == _tensors().keys()


def test_import_is_light():
  """`import fviz` takes none of the optional or heavy packages with it."""
  program = (
    'import sys, fviz; '
    "bad = {'torch', 'tensorflow', 'huggingface_hub', 'timm'} "
    '& set(sys.modules); '
    'fviz.models.listing(); from fviz.models import graphdef; '
    "bad |= {'torch', 'tensorflow', 'huggingface_hub', 'timm'} "
    '& set(sys.modules); '
    'sys.exit(str(bad) if bad else 0)'
  )
  subprocess.run([sys.executable, '-c', program], check=True, timeout=120)
