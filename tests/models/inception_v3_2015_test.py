import json

import jax
import numpy as np
import pytest
import safetensors.numpy
from PIL import Image

from fviz import errors, models
from fviz.models import inception_v3_2015

_FILE = 'inception_v3_2015.safetensors'


def test_reference_activations(weights_file, image_file):
  with open(weights_file('reference_values.json')) as file:
    expected = json.load(file)['inception_v3_2015']['values']
  network = models.load('inception_v3', weights_file(_FILE))
  with Image.open(image_file('dalmatian.jpg')) as file:
    photo = file.convert('RGB')
  photo = photo.resize((299, 299), Image.Resampling.BILINEAR)
  images = np.asarray(photo, np.float32)[None] / 255
  layers = tuple(expected)
  apply = jax.jit(lambda v, x: network.apply(v, x, layers))
  activations = apply(network.variables, images)
  for layer, value in expected.items():
    x = np.asarray(activations[layer][0])
    assert list(x.shape) == value['shape_hwc']
    np.testing.assert_allclose(x.mean(), value['mean'], rtol=1e-3)
    np.testing.assert_allclose(x.std(ddof=1), value['std'], rtol=1e-3)
    np.testing.assert_allclose(x.max(), value['max'], rtol=1e-3)
    centre = x[x.shape[0] // 2, x.shape[1] // 2, :8]
    np.testing.assert_allclose(
      centre, value['centre_first8'], rtol=1e-3, atol=1e-4
    )


def test_every_wrong_tensor_is_named(weights_file, tmp_path):
  tensors = safetensors.numpy.load_file(weights_file(_FILE))
  tensors['conv/bias'] = tensors['conv/bias'][:5]
  del tensors['mixed_4_conv/bias']
  tensors['surplus/bias'] = np.zeros(3, np.float16)
  path = tmp_path / 'bad.safetensors'
  safetensors.numpy.save_file(tensors, path)
  with pytest.raises(errors.FvizError) as error:
    models.load('inception_v3', str(path))
  message = str(error.value)
  assert 'wrong shape: conv/bias is (5,), not (32,)' in message
  assert 'missing in the file: mixed_4_conv/bias (192,)' in message
  assert 'not in the model: surplus/bias (3,)' in message


def test_truncated_file_is_refused(weights_file, tmp_path):
  with open(weights_file(_FILE), 'rb') as file:
    data = file.read(100_000)
  path = tmp_path / 'short.safetensors'
  path.write_bytes(data)
  with pytest.raises(errors.FvizError, match='truncated'):
    models.load('inception_v3', str(path))


def test_missing_file_and_unknown_model():
  with pytest.raises(errors.FvizError, match='existing file'):
    models.load('inception_v3', 'nowhere.safetensors')
  with pytest.raises(errors.FvizError, match="Did you mean 'inception_v3'"):
    models.load('inception_v4')


def test_keys_follow_the_graph():
  path = 'mixed_4/tower_1/conv_2/pre_relu/bias'
  assert inception_v3_2015.key_in_file(path) == 'mixed_4_tower_1_conv_2/bias'
