"""Films: geometry against scipy, resuming, and disks that fill up."""

import os
import pathlib

import numpy as np
import pytest
import small
from PIL import Image
from scipy import ndimage

from fviz import config as configs
from fviz import errors, models
from fviz.media import host_sampling
from fviz.runs import dream, dream_plan, films
from fviz.storage import atomic_files

_RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def tiny(monkeypatch, tmp_path):
  network = small.network()
  monkeypatch.setattr(models, 'load', lambda name, weights='': network)
  monkeypatch.chdir(tmp_path)
  Image.fromarray(_RNG.integers(0, 256, (24, 32, 3), np.uint8)).save('a.png')


def _config(kind, frames=3, layer='conv', **more):
  config = configs.dream()
  config.update(input='a.png', layer=layer, octaves=1, iterations=2, jitter=2)
  config.film.update(kind=kind, frames=frames, **more)
  return config.lock()


def _run(config, output, path=None):
  dream.run(dream_plan.plan_of(config, output, path))


def _files(path):
  return sorted(pathlib.Path(path, 'frames').glob('[0-9]*.png'))


def _frames(path='f.gif.frames'):
  return [np.asarray(Image.open(f)) for f in _files(path)]


def test_moved_is_an_affine_transform():
  image = np.float32(_RNG.random((21, 30, 3)))
  # The notebook's zoom, but about pixel centres.
  zoom = 1 / 1.05
  offset = [(1 - zoom) * (n - 1) / 2 for n in image.shape[:2]]
  expected = np.stack(
    [
      ndimage.affine_transform(image[..., c], [zoom] * 2, offset, order=1)
      for c in range(3)
    ],
    -1,
  )
  np.testing.assert_allclose(
    host_sampling.moved(image, 1.05), expected, atol=1e-5
  )
  square = image[:, :21]
  np.testing.assert_allclose(
    host_sampling.moved(square, degrees=90), np.rot90(square), atol=1e-5
  )
  np.testing.assert_allclose(
    host_sampling.moved(image, shift=(3, 2))[2:, 3:], image[:-2, :-3], atol=1e-5
  )


def test_zoom_films_resume_as_if_never_stopped(monkeypatch):
  _run(_config('zoom', rotate=2.0), 'f.gif')
  whole = _frames()
  assert len(whole) == 3 and whole[0].shape == (24, 32, 3)
  with Image.open('f.gif') as gif:
    assert gif.n_frames == 3
  save, saved = films.Frames.save, []

  def full(self, number, image, **more):
    if number == 2:
      raise KeyboardInterrupt
    saved.append(number)
    return save(self, number, image, **more)

  monkeypatch.setattr(films.Frames, 'save', full)
  with pytest.raises(KeyboardInterrupt):
    _run(_config('zoom', rotate=2.0), 'f.gif', 'cut')
  assert len(_frames('cut')) == 2
  monkeypatch.setattr(films.Frames, 'save', save)
  _run(_config('zoom', rotate=2.0), 'f.gif', 'cut')
  for a, b in zip(whole, _frames('cut'), strict=True):
    np.testing.assert_array_equal(a, b)
  with pytest.raises(errors.FvizError, match='film.zoom'):
    _run(_config('zoom', rotate=2.0, zoom=1.2), 'f.gif', 'cut')


def test_a_full_disk_leaves_whole_frames(monkeypatch):
  write, count = atomic_files._write_local, []

  def full(temporary, path, data):
    if 'frames' in path and path.endswith('2.png'):
      raise OSError(28, 'No space left on device')
    count.append(path)
    write(temporary, path, data)

  monkeypatch.setattr(atomic_files, '_write_local', full)
  with pytest.raises(errors.FvizError, match='No space'):
    _run(_config('zoom'), 'f.gif')
  assert len(_frames()) == 2


@pytest.fixture
def disk():
  """A full disk: lets no file grow beyond some bytes, if any are given."""
  resource = pytest.importorskip('resource')
  soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
  limit = lambda size=soft: resource.setrlimit(
    resource.RLIMIT_FSIZE, (size, hard)
  )
  yield limit
  limit(soft)


def test_a_film_goes_on_when_there_is_space_again(disk):
  """The system itself refuses; the first frame is nearly flat, and fits."""
  pixels = np.full((96, 128, 3), 130, np.uint8)
  pixels[_RNG.integers(0, 96, 60), _RNG.integers(0, 128, 60)] = 200
  Image.fromarray(pixels).save('a.png')
  _run(_config('iterations'), 'whole.gif')
  sizes = [os.path.getsize(f) for f in _files('whole.gif.frames')]
  assert 1.5 * sizes[0] < sizes[1]
  disk((sizes[0] + sizes[1]) // 2)
  with pytest.raises(errors.FvizError, match='too large[.] Check .* space'):
    _run(_config('iterations'), 'f.gif')
  (frame,) = _frames()
  np.testing.assert_array_equal(frame, Image.open('a.png'))
  disk()
  _run(_config('iterations'), 'f.gif')
  # The film itself has no room.
  disk(200)
  with pytest.raises(errors.FvizError, match='frames are kept'):
    _run(_config('iterations'), 'f.webp', 'f.gif.frames')
  assert not [f for f in os.listdir() if 'webp' in f or 'partial' in f]
  for a, b in zip(_frames('whole.gif.frames'), _frames(), strict=True):
    np.testing.assert_array_equal(a, b)


def test_films_grow():
  """More frames go on where a film ends; only a walk is spread over them."""
  _run(_config('zoom', frames=2), 'f.gif')
  before = [os.stat(f).st_mtime_ns for f in _files('f.gif.frames')]
  _run(_config('zoom', frames=3, fps=12.0), 'f.gif')
  after = [os.stat(f).st_mtime_ns for f in _files('f.gif.frames')]
  assert len(after) == 3 and after[:2] == before
  walk = dict(layer='conv,conv_1')
  _run(_config('layers', frames=2, **walk), 'g.gif')
  with pytest.raises(errors.FvizError, match='film.frames'):
    _run(_config('layers', frames=3, **walk), 'g.gif')


def test_films_of_iterations_and_layers():
  _run(_config('iterations'), 'f.gif')
  frames = np.float32(_frames())
  photo = np.asarray(Image.open('a.png'))
  np.testing.assert_array_equal(frames[0], photo)
  change = np.abs(frames - photo).mean((1, 2, 3))
  assert 0 < change[1] < change[2]
  _run(_config('layers', layer='conv,conv_1*0.5'), 'g.gif')
  first, middle, last = np.float32(_frames('g.gif.frames'))
  assert np.abs(first - last).mean() > 0.5
  far = np.abs(first - last).mean()
  assert np.abs(first - middle).mean() < far > np.abs(middle - last).mean()


def test_refuses(tmp_path):
  for message, config, output in (
    ('Unknown kind', _config('zoon'), 'f.gif'),
    ('frames', _config('zoom', frames=0), 'f.gif'),
    ('zoom', _config('zoom', zoom=0.0), 'f.gif'),
    ('two or more', _config('layers'), 'f.gif'),
    ('film format', _config('zoom'), 'f.png'),
    ('directory', _config('zoom'), f'{tmp_path}/d.gif'),
  ):
    (tmp_path / 'd.gif').mkdir(exist_ok=True)
    with pytest.raises(errors.FvizError, match=message):
      _run(config, output)
