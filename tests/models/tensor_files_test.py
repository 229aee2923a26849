"""Readers of weight files."""

import pickle
import subprocess
import sys
import zipfile

import numpy as np
import pytest
import safetensors.numpy

from fviz import errors
from fviz.models.weights import tensor_files

_SHAPES = {'conv.weight': (8, 3, 3, 5), 'conv.bias': (8,), 'fc.weight': (4, 32)}


def _tensors(seed=0):
  random = np.random.default_rng(seed)
  return {k: random.normal(size=s).astype('f') for k, s in _SHAPES.items()}


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
  torch = pytest.importorskip('torch', reason='needs the extra torch')
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
  torch = pytest.importorskip('torch', reason='needs the extra torch')
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
  torch = pytest.importorskip('torch', reason='needs the extra torch')
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
  torch = pytest.importorskip('torch', reason='needs the extra torch')
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
  with pytest.raises(errors.FvizError, match=r'fviz-jax\[torch\]'):
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
  """`import fviz` waits for no package that only some of its users need."""
  program = (
    'import sys, fviz; '
    "heavy = {'torch', 'tensorflow', 'huggingface_hub', 'timm'}; "
    "bad = (heavy | {'flax'}) & set(sys.modules); "
    'fviz.models.listing(); '
    'from fviz.models.weights import tensorflow_graphs; '
    'bad |= heavy & set(sys.modules); sys.exit(str(bad) if bad else 0)'
  )
  subprocess.run([sys.executable, '-c', program], check=True, timeout=120)


@pytest.mark.parametrize(
  'prefix', ['', 'module.', '_orig_mod.', 'module.model.', 'module._orig_mod.']
)
def test_safetensors_are_cleaned_as_torch_files_are(tmp_path, prefix):
  file = tmp_path / 'model.safetensors'
  tensors = {
    f'{prefix}conv1.weight': np.ones((2, 2), np.float32),
    f'{prefix}bn1.running_mean': np.ones(2, np.float32),
    f'{prefix}bn1.num_batches_tracked': np.array(3),
  }
  if prefix == 'module.model.':
    tensors['module.normalizer.new_mean'] = np.ones(3, np.float32)
  safetensors.numpy.save_file(tensors, file)
  names = tensor_files.read(file).keys()
  assert names == {'conv1.weight', 'bn1.running_mean'}
