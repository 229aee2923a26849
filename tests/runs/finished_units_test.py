"""What sweeps and comparisons write for a unit, and read back."""

import json

import numpy as np
import pytest

from fviz import engine, errors
from fviz.media import png
from fviz.runs import finished_units
from fviz.storage import workdir

_UNITS = [('mixed/a', 3, 0), ('mixed/a', 5, 1)]
_SWEEP = finished_units.Series('net', 7, (1, 3))
_COMPARED = finished_units.Series('net', 7, (1, 3), 'tv')
# Old working directories are resumed: neither names nor order may change.
_FIELDS = (
  'layer channel variant seed model objective activation history failed steps '
  'file seconds'
).split()
_COMPARED_FIELDS = (
  'layer channel variant seed model comparison_variant objective activation '
  'history failed file seconds metrics'
).split()


def _result(snapshots=2):
  rng = np.random.default_rng(0)
  frames = rng.random([2, snapshots, 1, 4, 6, 3], np.float32)
  return engine.Result(
    images=frames[:, -1],
    history=np.array([[1, 2, 3], [1, np.nan, np.nan]], np.float32),
    snapshots=frames,
    activation=np.array([4, np.inf], np.float32),
    failed=np.array([-1, 1]),
    steps=np.array([3, 3]),
    params=(),
  )


@pytest.fixture
def directory(tmp_path):
  with workdir.Workdir.open(tmp_path / 'run', {}) as opened:
    yield opened


def _ledger(directory):
  text = (directory.path / 'ledger-0.jsonl').read_text()
  return [json.loads(line) for line in text.splitlines()]


def test_records_of_a_sweep(directory):
  records = finished_units.save(directory, _SWEEP, _UNITS, _result(), 0.12345)
  assert [list(record) for record in records] == [_FIELDS, _FIELDS]
  assert records[0] == dict(
    layer='mixed/a',
    channel=3,
    variant=0,
    seed=7,
    model='net',
    objective=3.0,
    activation=4.0,
    history=[1.0, 3.0],
    failed=-1,
    steps=3,
    file='images/mixed.a/0003-00.png',
    seconds=0.123,
  )
  # JSON has no NaN and no infinity.
  assert records[1]['objective'] is None and records[1]['activation'] is None
  assert records[1]['history'] == [1.0, None]
  for record, line in zip(records, _ledger(directory), strict=True):
    del line['stamp']  # Size and time of the picture, the ledger's own.
    _, kept = png.read(directory.resolve(record['file']))
    assert kept.pop('config') == directory.config
    assert list(line) == list(kept) == _FIELDS
    assert line == kept == record


def test_records_of_a_comparison(directory):
  measured = [{'rank': np.float64(2), 'class': 'owl', 'transfer': np.nan}, {}]
  finished_units.save(
    directory, _COMPARED, _UNITS, _result(), 0.5, metrics=measured
  )
  first, second = _ledger(directory)
  assert list(first) == [*_COMPARED_FIELDS, 'stamp']
  assert first['comparison_variant'] == 'tv'
  assert first['metrics'] == {'rank': 2.0, 'class': 'owl', 'transfer': None}
  assert second['metrics'] == {}


def test_a_line_follows_its_picture(directory, monkeypatch):
  save, files = png.save, []

  def failing(path, image, record=None):
    if len(files) == 3:
      raise OSError('full')
    save(path, image, record)
    files.append(path)

  monkeypatch.setattr(png, 'save', failing)
  with pytest.raises(OSError, match='full'):
    finished_units.save(directory, _SWEEP, _UNITS, _result(), 0.5)
  assert not (directory.path / 'ledger-0.jsonl').exists()


def test_snapshots_are_read_back(directory):
  result = _result()
  one, other = finished_units.save(directory, _SWEEP, _UNITS, result, 0.5)
  read = lambda record: finished_units.snapshots(directory, record, 2)
  wanted = [png.to_uint8(x[0]) for x in result.snapshots[0]]
  np.testing.assert_array_equal(read(one), wanted)
  assert finished_units.has_failed(other) and not finished_units.has_failed(one)
  assert read(other) == [None, None]
  # Without its strip, the picture stands for all; without it, nothing does.
  strip = directory.film_path(*_UNITS[0])
  for data in (strip.read_bytes()[:40], None):
    strip.unlink() if data is None else strip.write_bytes(data)
    np.testing.assert_array_equal(read(one), [wanted[1]] * 2)
  directory.resolve(one['file']).unlink()
  with pytest.raises(errors.FvizError, match='Cannot read'):
    read(one)


def test_one_snapshot_needs_no_strip(directory):
  result = _result(snapshots=1)
  one, _ = finished_units.save(directory, _SWEEP, _UNITS, result, 0.5)
  assert not (directory.path / 'films').exists()
  (picture,) = finished_units.snapshots(directory, one, 1)
  np.testing.assert_array_equal(picture, png.to_uint8(result.images[0, 0]))


def test_means_leave_out_what_is_missing():
  assert finished_units.mean([1.0, None, 2.0]) == 1.5
  assert finished_units.mean([None]) is None
