"""Tests of fviz.tensorboard against a real TensorBoard server."""

import io
import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
import server
from PIL import Image

from fviz.errors import FvizError
from fviz.media import png
from fviz.tensorboard.writer import Writer

_IMAGE = np.random.default_rng(0).random([32, 48, 3], np.float32)
_GREY = np.arange(12, dtype=np.uint8).reshape(3, 4, 1)
_VALUES = np.array([0.0, 0.1, 1.0, np.nan, np.inf])


def _write(logdir):
  with Writer(logdir) as writer:
    writer.image('gallery/mixed3', _IMAGE, 8)
    writer.image('grey', _GREY, 1)
    for step in range(3):
      writer.scalar('objective', np.float32(step) / 2, step)
    writer.histogram('scores', _VALUES, 5, bins=10)
    writer.histogram('none', [], 5)
    writer.text('config', 'rate: **0.5**')
  writer.close()  # A second time does nothing.


@pytest.fixture(scope='module')
def get(tmp_path_factory):
  """A function (path, **query) -> bytes that asks a server of `_write`."""
  logdir = tmp_path_factory.mktemp('logs')
  log = tmp_path_factory.mktemp('server') / 'log.txt'
  _write(logdir)
  with server.serving(logdir, log) as get:
    yield get


def test_there_is_one_run(get):
  assert json.loads(get('runs')) == ['.']


@pytest.mark.parametrize(
  'tag, image, step', [('gallery/mixed3', _IMAGE, 8), ('grey', _GREY, 1)]
)
def test_images_arrive_pixel_for_pixel(get, tag, image, step):
  tags = json.loads(get('plugin/images/tags'))
  assert tags['.'][tag]['samples'] == 1
  (entry,) = json.loads(get('plugin/images/images', run='.', tag=tag, sample=0))
  assert entry['step'] == step
  data = get('plugin/images/individualImage?' + entry['query'])
  pixels = np.asarray(Image.open(io.BytesIO(data))).reshape(image.shape)
  np.testing.assert_array_equal(pixels, png.to_uint8(image))


def test_scalars(get):
  points = json.loads(get('plugin/scalars/scalars', run='.', tag='objective'))
  assert [point[1:] for point in points] == [[0, 0.0], [1, 0.5], [2, 1.0]]


def test_histograms(get):
  ask = 'plugin/histograms/histograms'
  ((_, step, buckets),) = json.loads(get(ask, run='.', tag='scores'))
  assert step == 5 and len(buckets) == 10
  np.testing.assert_allclose(buckets[0], [0, 0.1, 1], atol=1e-6)
  np.testing.assert_allclose(buckets[1], [0.1, 0.2, 1], atol=1e-6)
  np.testing.assert_allclose(buckets[9], [0.9, 1, 1], atol=1e-6)
  ((_, _, buckets),) = json.loads(get(ask, run='.', tag='none'))
  assert sum(count for _, _, count in buckets) == 0


def test_text(get):
  ((entry),) = json.loads(get('plugin/text/text', run='.', tag='config'))
  assert 'rate: <strong>0.5</strong>' in entry['text'] and entry['step'] == 0


def test_flush_is_enough(tmp_path):
  writer = Writer(tmp_path)
  writer.scalar('x', 1, 0)
  writer.flush()
  (path,) = tmp_path.glob('events.out.tfevents.*')
  assert b'scalars' in path.read_bytes()
  writer.close()


def test_mistakes_say_what_is_wrong(tmp_path):
  with Writer(tmp_path / 'new' / 'run') as writer:
    with pytest.raises(FvizError, match='no scalar'):
      writer.scalar('x', [1, 2], 0)
    with pytest.raises(FvizError, match='bin'):
      writer.histogram('x', [1, 2], 0, bins=0)
    with pytest.raises(FvizError, match='An image'):
      writer.image('x', [1, 2], 0)
  (tmp_path / 'file').write_text('')
  with pytest.raises(FvizError, match='Choose'):
    Writer(tmp_path / 'file' / 'run')


def test_tensorflow_is_not_imported():
  code = """
import sys
sys.modules['tensorflow'] = None
import tempfile
from fviz.tensorboard import Writer
with tempfile.TemporaryDirectory() as logdir, Writer(logdir) as writer:
  writer.scalar('x', 1, 0)
"""
  cwd = os.fspath(pathlib.Path(__file__).parents[2])
  subprocess.run([sys.executable, '-c', code], check=True, cwd=cwd)
