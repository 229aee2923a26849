"""Real weights on real photos, where they are at hand."""

import json

import jax
import numpy as np
import pytest
from PIL import Image

from fviz import models, objectives

_PHOTOS = (
  'dalmatian.jpg',
  'flowers.jpg',
  'goldfish.jpg',
  'seattle.jpg',
  'siamese_cat.jpg',
  'sky1024px.jpg',
  'zebra.jpg',
)


@pytest.fixture(scope='module')
def squeezenet(weights_file):
  """One network and one compilation for all photos."""
  file = weights_file('squeezenet_v1_0.safetensors')
  network = models.load('squeezenet', file)
  apply = jax.jit(
    lambda x: network.apply(network.variables, x, ('output',))['output']
  )
  return network, apply


@pytest.mark.parametrize('photo', _PHOTOS)
def test_squeezenet_top_5(squeezenet, weights_file, image_file, photo):
  with open(weights_file('reference_values.json')) as file:
    expected = json.load(file)['imagenet'][photo]['squeezenet_v1_0']
  network, apply = squeezenet
  logits = np.asarray(apply(_cropped(image_file(photo), 256, 227)))[0]
  e = np.exp(logits - logits.max())
  probabilities = e / e.sum()
  top = np.argsort(-probabilities)[:5]
  assert top.tolist() == [index for index, _, _ in expected]
  for index, (_, name, probability) in zip(top, expected, strict=True):
    assert network.labels[index].split(',')[0] == name
    np.testing.assert_allclose(probabilities[index], probability, atol=1.5e-4)


def test_squeezenet_knows_its_labels(squeezenet):
  network, _ = squeezenet
  bound = objectives.bind(objectives.logit('goldfish'), network)
  assert bound.leaves[0].value == 1


@pytest.mark.parametrize('filter_', ['BILINEAR', 'BICUBIC', 'BOX'])
def test_resnet20_classifies_the_cat(weights_file, image_file, filter_):
  """The one photo of a CIFAR class that 32 pixels leave recognizable."""
  network = models.load('resnet20', weights_file('cifar_resnet20.safetensors'))
  with Image.open(image_file('siamese_cat.jpg')) as file:
    photo = file.convert('RGB')
  photo = photo.resize((32, 32), Image.Resampling[filter_])
  images = np.asarray(photo, np.float32)[None] / 255
  logits = network.apply(network.variables, images, ('output',))['output'][0]
  assert network.labels[int(logits.argmax())] == 'cat'


def _cropped(path, shorter, size):
  """[1, size, size, 3]: shorter side by PIL's bicubic filter, then centre."""
  with Image.open(path) as file:
    photo = file.convert('RGB')
  scale = shorter / min(photo.size)
  new = [round(n * scale) for n in photo.size]
  photo = photo.resize(new, Image.Resampling.BICUBIC)
  left, top = ((n - size) // 2 for n in new)
  photo = photo.crop((left, top, left + size, top + size))
  return np.asarray(photo, np.float32)[None] / 255
