"""Tests of fviz.storage.workdir: it survives kills, edits and other people."""

import json
import logging
import os
import pathlib
import subprocess
import sys

import faults
import numpy as np
import pytest

from fviz.errors import FvizError
from fviz.media import png
from fviz.storage import directory
from fviz.storage.atomic_files import write
from fviz.storage.workdir import Workdir

_CONFIG = {
  'layer': 'mixed3',
  'size': (32, 32),
  'regularizers': {'total_variation': 0.0},
  'batch_size': 8,
}
_PIXELS = np.zeros([2, 2, 3], np.uint8)


def _record(work, channel, variant=0, layer='mixed3', **fields):
  """A record whose picture is on the disk."""
  path = work.image_path(layer, channel, variant)
  png.save(path, _PIXELS)
  unit = dict(layer=layer, channel=channel, variant=variant)
  return dict(unit, file=work.relative(path), **fields)


def _ledger(root, process=0):
  return pathlib.Path(root) / f'ledger-{process}.jsonl'


def test_resume_knows_finished_units(tmp_path):
  with Workdir.open(tmp_path / 'new' / 'run', _CONFIG) as work:
    assert work.finished() == {}
    work.append([_record(work, 3, seconds=np.float32(0.5)), _record(work, 4)])
    work.append([_record(work, np.int64(5), variant=1)])
  with Workdir.open(tmp_path / 'new' / 'run', _CONFIG) as work:
    finished = work.finished()
    assert set(finished) == {
      ('mixed3', 3, 0),
      ('mixed3', 4, 0),
      ('mixed3', 5, 1),
    }
    assert finished['mixed3', 3, 0]['seconds'] == 0.5
    assert finished['mixed3', 3, 0]['file'] == 'images/mixed3/0003-00.png'


def test_config_is_recorded_and_ignored_fields_may_differ(tmp_path):
  Workdir.open(tmp_path, _CONFIG).close()
  recorded = json.loads((tmp_path / 'config.json').read_text())
  assert recorded == {**_CONFIG, 'size': [32, 32]}
  with Workdir.open(tmp_path, {**_CONFIG, 'batch_size': 'auto'}) as work:
    assert work.config == recorded
  other = {**_CONFIG, 'regularizers': {'total_variation': 1.0}}
  Workdir.open(tmp_path, other, ignore=['batch_size', 'regularizers']).close()


def test_another_config_is_refused_field_by_field(tmp_path):
  Workdir.open(tmp_path, _CONFIG).close()
  other = {
    **_CONFIG,
    'layer': 'mixed4',
    'regularizers': {'total_variation': 0.5},
    'seed': 1,
  }
  del other['size']
  with pytest.raises(FvizError) as error:
    Workdir.open(tmp_path, other)
  message = str(error.value)
  assert '  layer: "mixed3" -> "mixed4"\n' in message
  assert '  regularizers.total_variation: 0.0 -> 0.5\n' in message
  assert '  size: [32, 32] -> (absent)\n' in message
  assert '  seed: (absent) -> 1\n' in message
  assert 'batch_size' not in message and 'another workdir' in message
  Workdir.open(tmp_path, _CONFIG).close()  # The refusal left no lock.


@pytest.mark.parametrize('text', [b'', b'{"a":', b'[]', b'\xff', b'[' * 9999])
def test_broken_config_is_refused(tmp_path, text):
  (tmp_path / 'config.json').write_bytes(text)
  with pytest.raises(FvizError, match='config.json'):
    Workdir.open(tmp_path, _CONFIG)


def test_ledger_without_config_is_refused(tmp_path):
  _ledger(tmp_path).write_text('')
  with pytest.raises(FvizError, match='no config.json'):
    Workdir.open(tmp_path, _CONFIG)


def test_cut_at_every_byte_recovers(tmp_path):
  with Workdir.open(tmp_path, _CONFIG) as work:
    work.append([_record(work, channel) for channel in range(2)])
    whole = _ledger(tmp_path).read_bytes()
    third = _record(work, 2)
    first = whole.index(b'\n') + 1
    for cut in range(len(whole) + 1):
      _ledger(tmp_path).write_bytes(whole[:cut])
      # A record that lacks only its newline is whole.
      before = (cut >= first - 1) + (cut >= len(whole) - 1)
      assert len(work.finished()) == before, cut
      work.append([third])
      channels = [channel for _, channel, _ in work.finished()]
      assert channels == [*range(before), 2], cut
      lines = _ledger(tmp_path).read_bytes().splitlines()
      assert [json.loads(line)['channel'] for line in lines] == channels


@pytest.mark.parametrize(
  'line',
  [
    b'nonsense',
    b'[1]',
    b'7',
    b'\xff\xfe',
    b'{"layer": "mixed3", "channel": 0}',
    b'{"layer": "mixed3", "channel": "0", "variant": 0}',
    b'{"layer": "mixed3", "channel": true, "variant": 0}',
    b'{"layer": "mixed3", "channel": -1, "variant": 0}',
    b'{"layer": 3, "channel": 0, "variant": 0}',
    b'{"layer": "mixed3", "channel": 0, "variant": 0, "file": 1}',
    b'[' * 100_000,
    b'1' * 3_000_000,
  ],
  ids=range(12),
)
def test_bad_line_in_the_middle_is_skipped(tmp_path, caplog, line):
  with Workdir.open(tmp_path, _CONFIG) as work:
    work.append([_record(work, 1)])
    with _ledger(tmp_path).open('ab') as file:
      file.write(line + b'\n')
    work.append([_record(work, 2)])
    with caplog.at_level(logging.WARNING):
      assert [channel for _, channel, _ in work.finished()] == [1, 2]
  assert 'ledger-0.jsonl' in caplog.text
  assert len(caplog.text) < 2000


def test_last_of_duplicates_wins_and_all_ledgers_count(tmp_path):
  with (
    Workdir.open(tmp_path, _CONFIG) as work,
    Workdir.open(tmp_path, _CONFIG, process=1) as other,
  ):
    work.append([_record(work, 1, loss=1), _record(work, 1, loss=2)])
    other.append([_record(other, 2)])
    assert {k[1]: r.get('loss') for k, r in work.finished().items()} == {
      1: 2,
      2: None,
    }


@pytest.mark.parametrize('keep', [0, 5, 30, -12, -1, None])
def test_a_unit_needs_its_whole_picture(tmp_path, keep):
  with Workdir.open(tmp_path, _CONFIG) as work:
    work.append([_record(work, 1)])
    path = work.image_path('mixed3', 1, 0)
    data = path.read_bytes()
    path.unlink()
    if keep is not None:
      path.write_bytes(data[:keep])
    assert work.finished() == {}
    path.write_bytes(data)
    assert len(work.finished()) == 1


@pytest.mark.parametrize(
  'file',
  ['../x.png', '/etc/x.png', 'images/../../x.png', 'out/x.png', 'x.png', '\0'],
)
def test_no_path_leaves_the_directory(tmp_path, file):
  png.save(tmp_path / 'x.png', _PIXELS)
  root = tmp_path / 'run'
  root.mkdir()
  (root / 'out').symlink_to(tmp_path)
  (root / 'x.png').symlink_to(tmp_path / 'x.png')
  with Workdir.open(root, _CONFIG) as work:
    with pytest.raises(FvizError):
      work.resolve(file)
    record = dict(layer='a', channel=0, variant=0, file=file)
    work.append([record])
    assert work.finished() == {}
    # Nor by a stamp that is right.
    outside = os.stat(tmp_path / 'x.png')
    for stamp in ([outside.st_size, outside.st_mtime_ns], None, []):
      line = json.dumps({**record, 'stamp': stamp})
      _ledger(root).write_text(f'{line}\n')
      assert work.finished() == {}


def test_a_link_inside_is_a_picture(tmp_path):
  with Workdir.open(tmp_path, _CONFIG) as work:
    record = _record(work, 1)
    (tmp_path / 'link.png').symlink_to(tmp_path / record['file'])
    work.append([record | {'file': 'link.png'}])
    assert len(work.finished()) == 1


def test_paths(tmp_path):
  with Workdir.open(tmp_path, _CONFIG) as work:
    image = work.image_path('block/conv', 7, 1)
    assert work.relative(image) == 'images/block.conv/0007-01.png'
    assert work.resolve(work.relative(image)) == image
    film = work.film_path('a', 7, 1)
    assert work.relative(film) == 'films/a/0007-01.png'
    page = work.gallery_path('a', 2, 256)
    assert work.relative(page) == 'gallery/a/002-000256.png'
    for layer in ('', '.', '..', '../a', '/a', 'a\0', 'a' * 300):
      with pytest.raises(FvizError, match='layer'):
        work.image_path(layer, 0, 0)


def test_folders_of_layers_have_names_that_windows_takes():
  assert directory._folder('a/b:0') == 'a.b:0'
  assert directory._folder('a/b:0', 'nt') == 'a.b.0'
  assert directory._folder('aux', 'nt') == '_aux'
  assert directory._folder('con/1', 'nt') == '_con.1'
  assert directory._folder('a/', 'nt') == 'a_'
  assert directory._folder('auxiliary', 'nt') == 'auxiliary'
  with pytest.raises(FvizError, match='layer'):
    directory._folder(':a', 'nt')


_HOLD = """
import sys, time
from fviz.storage.workdir import Workdir
work = Workdir.open(sys.argv[1], {'a': 1})
print('held', flush=True)
time.sleep(60)
"""


def test_second_process_waits_its_turn(tmp_path):
  holder = subprocess.Popen(
    [sys.executable, '-c', _HOLD, os.fspath(tmp_path)],
    stdout=subprocess.PIPE,
    text=True,
    cwd=pathlib.Path(__file__).parents[2],
  )
  try:
    assert holder.stdout.readline() == 'held\n'
    with pytest.raises(FvizError, match=f'in use.*pid {holder.pid}'):
      Workdir.open(tmp_path, {'a': 1})
    Workdir.open(tmp_path, {'a': 1}, process=1).close()
  finally:
    holder.kill()
    holder.wait()
    holder.stdout.close()
  Workdir.open(tmp_path, {'a': 1}).close()  # The lock died with its holder.


def test_unusable_directories_say_what_to_do(tmp_path):
  (tmp_path / 'file').write_text('')
  for path in (tmp_path / 'file', tmp_path / 'file' / 'run'):
    with pytest.raises(FvizError, match='Choose a directory'):
      Workdir.open(path, _CONFIG)
  with pytest.raises(FvizError, match='local'):
    Workdir.open('gs://bucket/run', _CONFIG)


@pytest.mark.skipif(
  getattr(os, 'geteuid', int)() == 0, reason='root may write anywhere'
)
def test_read_only_directory(tmp_path):
  tmp_path.chmod(0o500)
  with pytest.raises(FvizError, match='Choose a directory'):
    Workdir.open(tmp_path, _CONFIG)


def test_bad_records_write_nothing(tmp_path):
  with Workdir.open(tmp_path, _CONFIG) as work:
    good = _record(work, 1)
    for bad in ({}, {**good, 'x': object()}, {**good, 'x': 'x' * 2_000_000}):
      with pytest.raises(FvizError, match='record'):
        work.append([good, bad])
    assert not _ledger(tmp_path).exists()
  with pytest.raises(FvizError, match='closed'):
    work.append([good])


def test_write_leaves_no_temporary_file(tmp_path, monkeypatch):
  write(tmp_path / 'a' / 'b', b'old')

  def fail(*unused):
    raise OSError(28, 'No space left on device')

  monkeypatch.setattr(os, 'replace', fail)
  with pytest.raises(FvizError, match='No space'):
    write(tmp_path / 'a' / 'b', b'new')
  assert os.listdir(tmp_path / 'a') == ['b']
  assert (tmp_path / 'a' / 'b').read_bytes() == b'old'


def test_failed_append_is_undone(tmp_path, monkeypatch):
  with Workdir.open(tmp_path, _CONFIG) as work:
    work.append([_record(work, 1)])
    before, record = _ledger(tmp_path).read_bytes(), _record(work, 2)
    with monkeypatch.context() as patch:
      patch.setattr(os, 'write', faults.full_after(9))
      with pytest.raises(FvizError, match='No space'):
        work.append([record])
    assert _ledger(tmp_path).read_bytes() == before
    work.append([record])
    assert len(work.finished()) == 2
