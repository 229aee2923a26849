"""Locks: one holder at a time, and a run where the system has none."""

import json
import os
import pathlib
import subprocess
import sys
import threading

import filelock
import pytest

from fviz.storage import atomic_files, locks

_ROOT = pathlib.Path(__file__).parents[2]


def test_one_holder_at_a_time(tmp_path):
  file = tmp_path / 'lock'
  with locks.Lock(file) as first, locks.Lock(file) as second:
    assert first.take() and not second.take()
    second.release()
    assert first.is_open and not second.is_open
    with locks.Lock(file) as third:
      assert not third.take()  # Letting go what one has not changes nothing.
      first.release()
      first.release()
      assert third.take()
  assert file.exists()


def test_the_owner_is_known_to_others(tmp_path):
  file = tmp_path / 'lock'
  file.write_bytes(b' 12345678901234567890')
  with locks.Lock(file) as lock, locks.Lock(file) as other:
    assert other.owner() == '12345678901234567890'
    lock.take()
    lock.sign()
    assert not other.take() and other.owner() == str(os.getpid())
  with locks.Lock(tmp_path / 'new') as lock:
    assert lock.owner() == ''


def test_waiting_for_a_holder(tmp_path):
  first, second = (locks.Lock(tmp_path / 'lock') for _ in range(2))
  assert first.take()
  timer = threading.Timer(0.2, first.release)
  timer.start()
  assert second.take(wait=True)
  timer.join()  # The lock is free before its holder says so.
  assert not first.is_open
  second.release()


def test_without_locks_there_is_a_warning(tmp_path, monkeypatch, caplog):
  def fail(*unused, **unused_too):
    raise OSError(38, 'Function not implemented')

  monkeypatch.setattr(filelock, 'lock_descriptor', fail)
  with locks.settling(tmp_path):
    locks.hold(tmp_path, 0).release()
  assert 'run one process only' in caplog.text
  assert locks.alone(tmp_path, [0]) and not locks.alone(tmp_path, [1])


_SWEEP = """
import sys, warnings
sys.modules['fcntl'] = None  # As on Windows.
import fviz, small
config = fviz.config.sweep()
config.layer, config.channels, config.size, config.steps = 'conv_1', (3,), 24, 2
config.transforms = 'jitter(2)'
fviz.sweep.run(config.lock(), sys.argv[1], small.network())
"""


@pytest.mark.slow
def test_a_sweep_where_fcntl_is_missing(tmp_path):
  for _ in range(2):  # Begins, and resumes.
    done = subprocess.run(
      [sys.executable, '-c', _SWEEP, os.fspath(tmp_path)],
      env={**os.environ, 'PYTHONPATH': f'{_ROOT}{os.pathsep}{_ROOT / "tests"}'},
      capture_output=True,
      text=True,
    )
    assert done.returncode == 0, done.stderr
    assert 'run one process only' in done.stderr
    (line,) = (tmp_path / 'ledger-0.jsonl').read_text().splitlines()
    assert json.loads(line)['channel'] == 3
    assert atomic_files.is_whole_png(tmp_path / json.loads(line)['file'])
