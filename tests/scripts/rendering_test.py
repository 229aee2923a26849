"""Tests of scripts.rendering."""

import itertools
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from scripts import rendering
from scripts.rendering import blocks, palettes, sampler, scene, shapes

_CAT = rendering.CLASSES.index('cat')


@pytest.fixture(scope='module')
def gallery():
  """Four pictures of every class: [classes, 4, 32, 32, 3]."""
  names = [name for name in rendering.CLASSES for _ in range(4)]
  images = rendering.render(names, seed=1, size=32)
  return images.reshape(-1, 4, 32, 32, 3)


def test_classes_are_many_sorted_and_unique():
  assert len(rendering.CLASSES) >= 64
  assert rendering.CLASSES == tuple(sorted(set(rendering.CLASSES)))


def test_every_class_has_a_one_sentence_docstring():
  for name, painter in rendering.pictures._PAINTERS.items():
    assert painter.__doc__.rstrip().endswith('.'), name


@pytest.mark.parametrize('k', range(len(rendering.CLASSES)))
def test_pictures_have_contrast_and_differ(gallery, k):
  images = gallery[k]
  assert images.dtype == np.uint8 and images.shape == (4, 32, 32, 3)
  # 8 grey levels: even marble has twice as much.
  assert (images.std(axis=(1, 2, 3)) > 8).all()
  for a, b in itertools.combinations(images, 2):
    assert np.abs(a.astype(int) - b).mean() > 5


def test_class_means_differ_pairwise(gallery):
  means = gallery.mean(axis=1).reshape(len(gallery), -1)
  for i, mean in enumerate(means[:-1]):
    distance = np.abs(means[i + 1 :] - mean).mean(axis=1)
    assert distance.min() > 4, rendering.CLASSES[i]


def test_most_objects_fill_the_frame():
  n = 300
  view = blocks.View(0.3, (1.0, 1.3), 0.1, 0.0, False)
  g = sampler.Sampler(scene.streams('cat', range(n), 0), 16)
  _, _, px = scene._object_view(g, view)
  # Object units a picture; an object is about 2.2 units wide.
  assert (px * 16 <= 2.6).mean() >= 0.6


@pytest.mark.parametrize('size', [16, 33, 64])
def test_same_seed_same_pictures(size):
  names = ['cat', 'gear', 'water', 'text']
  a = rendering.render(names, seed=3, size=size)
  np.testing.assert_array_equal(a, rendering.render(names, 3, size))
  other = rendering.render(names, seed=4, size=size)
  assert (a != other).any(axis=(1, 2, 3)).all()


def test_companions_do_not_matter():
  names = ['cat', 'gear', 'cat', 'coral'] + 15 * ['cat']
  images = rendering.render(names, seed=5, size=32)
  np.testing.assert_array_equal(
    images[[0, 2]], rendering.render(['cat', 'cat'], 5, 32)
  )
  np.testing.assert_array_equal(images[3:4], rendering.render('coral', 5, 32))


def test_shifted_pictures_differ():
  names = ['cat', 'polka', 'glass', 'rose']
  plain = rendering.render(names, seed=6, size=32).astype(int)
  shifted = rendering.render(names, seed=6, size=32, shifted=True)
  assert (np.abs(plain - shifted).mean(axis=(1, 2, 3)) > 5).all()


def test_shifted_palette_is_held_out():
  distance = palettes.SHIFTED[:, None] - palettes.NATURAL[None]
  assert np.abs(distance).max(axis=-1).min() > 0.03


def test_dataset_is_shuffled_and_labelled():
  images, labels = rendering.dataset(per_class=2, seed=7, size=16)
  n = len(rendering.CLASSES)
  assert images.shape == (2 * n, 16, 16, 3) and images.dtype == np.uint8
  assert labels.dtype == np.int32
  np.testing.assert_array_equal(np.bincount(labels), np.full(n, 2))
  assert (labels != np.sort(labels)).mean() > 0.9
  names = [rendering.CLASSES[k] for k in labels]
  rendered = rendering.render(names, seed=7, size=16)
  # The same two pictures a class, possibly in another order.
  for k in range(n):
    ours, theirs = images[labels == k], rendered[labels == k]
    assert sorted(i.tobytes() for i in ours) == sorted(
      i.tobytes() for i in theirs
    )


def test_larger_dataset_contains_the_smaller():
  small = rendering.dataset(per_class=1, seed=8, size=16)
  large = rendering.dataset(per_class=2, seed=8, size=16)
  cat = small[0][small[1] == _CAT][0]
  assert any((cat == image).all() for image in large[0][large[1] == _CAT])


def test_processes_do_not_matter():
  one = rendering.dataset(per_class=1, seed=9, size=16)
  two = rendering.dataset(per_class=1, seed=9, size=16, processes=2)
  np.testing.assert_array_equal(one[0], two[0])
  np.testing.assert_array_equal(one[1], two[1])


def test_bad_input():
  with pytest.raises(ValueError, match=r"'catt' \(did you mean cat"):
    rendering.render(['cat', 'catt'], seed=0, size=32)
  with pytest.raises(ValueError, match='size=15'):
    rendering.render(['cat'], seed=0, size=15)
  with pytest.raises(ValueError, match='seed=-1'):
    rendering.render(['cat'], seed=-1, size=32)
  with pytest.raises(ValueError, match='per_class=0'):
    rendering.dataset(per_class=0, seed=0, size=32)
  with pytest.raises(ValueError, match='height=8'):
    rendering.cloudscape(0, 8, 32)


def test_empty_list_of_names():
  assert rendering.render([], seed=0, size=16).shape == (0, 16, 16, 3)


def test_cloudscape():
  image = rendering.cloudscape(seed=0, height=48, width=80)
  assert image.shape == (48, 80, 3) and image.dtype == np.uint8
  np.testing.assert_array_equal(image, rendering.cloudscape(0, 48, 80))
  sky, land = image[:24].mean(axis=(0, 1)), image[-6:].mean(axis=(0, 1))
  assert sky[2] > sky[0]
  assert land[1] > land[2]


def test_command_line(tmp_path):
  sheet, data = tmp_path / 'sheet.png', tmp_path / 'data.npz'
  command = [sys.executable, '-m', 'scripts.rendering', '--size', '16']
  options = ['--preview', str(sheet), '--classes', 'cat,gear']
  subprocess.run(command + options, check=True)
  with Image.open(sheet) as image:
    assert image.width >= 4 * 16
  subprocess.run([*command, '--out', str(data), '--per_class', '1'], check=True)
  with np.load(data) as arrays:
    assert len(arrays['images']) == len(rendering.CLASSES)
    assert tuple(arrays['names']) == rendering.CLASSES


def test_noise_is_normalised():
  g = sampler.Sampler(scene.streams('x', range(3), 0), 32)
  for field in (
    g.noise(1.5),
    g.noise(0.0, 4, 9),
    g.noise(1, angle=g.uniform()),
  ):
    np.testing.assert_allclose(field.mean(axis=(2, 3)), 0, atol=1e-3)
    np.testing.assert_allclose(field.std(axis=(2, 3)), 1, rtol=1e-3)


def test_voronoi_finds_the_nearest_points():
  rng = np.random.default_rng(0)
  x, y = rng.uniform(-5, 5, (2, 1, 1, 9, 9)).astype(np.float32)
  cells = blocks.voronoi(x, y, np.uint32(7), jitter=0.0)
  # Without jitter the points are the centres of the unit squares.
  fx, fy = x - np.floor(x) - 0.5, y - np.floor(y) - 0.5
  np.testing.assert_allclose(cells.first, np.hypot(fx, fy), atol=1e-5)
  side = 1 - np.maximum(np.abs(fx), np.abs(fy))
  other = np.minimum(np.abs(fx), np.abs(fy))
  np.testing.assert_allclose(cells.second, np.hypot(side, other), atol=1e-5)


def test_signed_distances():
  x, y = np.float32([0.0, 2.0]), np.float32([0.0, 0.0])
  np.testing.assert_allclose(shapes.circle(x, y, 1), [-1, 1], atol=1e-4)
  square = ((-1, -1), (1, -1), (1, 1), (-1, 1))
  np.testing.assert_allclose(shapes.polygon(x, y, square), [-1, 1], atol=1e-5)
  np.testing.assert_allclose(
    shapes.segment(x, y, 0, 1, 0, 2), [1, 5**0.5], atol=1e-4
  )
  folded = shapes.fold(np.float32([0.1, 0.1 + np.pi / 2]), 4)
  np.testing.assert_allclose(folded, [0.1, 0.1], atol=1e-5)
