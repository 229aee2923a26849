"""Sweeps that are killed, starved, cut off and lied to, and then run again.

Whatever happens: no half file, no finished unit lost or rendered twice, and in
the end the pictures of a run that nothing happened to. `scripts/soak.py` does
more of the same.
"""

import json
import os
import shutil
import signal
import subprocess

import faults
import numpy as np
import pytest

_KILLS = 20
_FEW = '0,1,2,3,4,5,6,7'


@pytest.fixture(scope='module')
def nursery(tmp_path_factory):
  with faults.Nursery(tmp_path_factory.mktemp('nursery')) as nursery:
    yield nursery


@pytest.fixture(scope='module')
def whole(nursery, tmp_path_factory):
  """What a run comes to that nothing happens to: 64 units."""
  path = tmp_path_factory.mktemp('whole') / 'run'
  code, said = nursery.run(path, variants=2)
  assert code == 0, said
  assert '64 pictures, 2 failed' in said  # Channel 1 is not a number.
  return path


@pytest.fixture
def few(nursery, tmp_path):
  """A run of 8 units to be damaged."""
  code, said = nursery.run(tmp_path / 'run', channels=_FEW)
  assert code == 0, said
  return tmp_path / 'run'


@pytest.fixture
def small_disk(tmp_path):
  """A function that mounts a disk of so many bytes, or changes its size."""
  path = tmp_path / 'disk'
  path.mkdir()

  def mount(options):
    command = ['mount', '-t', 'tmpfs', '-o', options, 'tmpfs', str(path)]
    if subprocess.run(command, capture_output=True).returncode:
      pytest.skip('only root may mount')
    return path / 'run'

  yield mount
  subprocess.run(['umount', str(path)], capture_output=True)


def _resume(nursery, path, whole, **flags):
  """Runs to the end and compares."""
  before = faults.finished(path)
  code, said = nursery.run(path, **flags)
  assert code == 0, said
  faults.check_done(path, whole)
  after = faults.finished(path)
  # None was rendered twice: what was finished has its old line.
  assert before.items() <= after.items()
  return after, said


def test_killed_at_random_moments(nursery, whole, tmp_path):
  path, before, rng = tmp_path / 'run', {}, np.random.default_rng(0)
  for number in range(_KILLS):
    code, said = faults.killed(nursery, path, rng, number, variants=2)
    assert code == -signal.SIGKILL, said
    faults.check_whole(path)
    assert before.items() <= (before := faults.finished(path)).items()
  assert 0 < len(before) < 64
  after, said = _resume(nursery, path, whole, variants=2)
  assert len(after) == 64 and '64 pictures, 2 failed' in said
  faults.check_same(path, whole, 'gallery')


def test_one_that_is_not_a_number_fails_alone(whole):
  failed = {u: r['failed'] for u, r in faults.finished(whole).items()}
  assert failed == {u: 0 if u[1] == 1 else -1 for u in failed}


@pytest.mark.parametrize('most', [200, 1500, 4000])
def test_a_file_that_cannot_grow(nursery, whole, tmp_path, most):
  fault = dict(name='file_size', most=most)
  code, said = nursery.run(tmp_path / 'run', fault, channels=_FEW)
  assert code == 1 and 'File too large' in said.splitlines()[-1], said
  assert said.splitlines()[-1].startswith('error: Cannot ')
  faults.check_whole(tmp_path / 'run')
  after, _ = _resume(nursery, tmp_path / 'run', whole, channels=_FEW)
  assert len(after) == 8


def test_a_full_disk(nursery, whole, small_disk):
  path = small_disk('size=64k')
  code, said = nursery.run(path, channels=_FEW)
  assert code == 1 and 'No space left' in said.splitlines()[-1], said
  assert said.splitlines()[-1].startswith('error: Cannot ')
  faults.check_whole(path)
  small_disk('remount,size=8m')
  after, _ = _resume(nursery, path, whole, channels=_FEW)
  assert len(after) == 8


def test_a_read_only_disk(nursery, whole, small_disk):
  path = small_disk('size=8m')
  code, said = nursery.run(path, dict(name='kill_at', moment=40), channels=_FEW)
  assert code == -signal.SIGKILL, said
  small_disk('remount,ro')
  code, said = nursery.run(path, channels=_FEW)
  assert code == 1 and 'Read-only file system' in said.splitlines()[-1]
  small_disk('remount,rw')
  _resume(nursery, path, whole, channels=_FEW)


@pytest.mark.parametrize('largest', [1, 0])
def test_out_of_memory(nursery, whole, tmp_path, largest):
  """Smaller batches, or an error that says so; what is finished stays."""
  path = tmp_path / 'run'
  # The third of four steps of the second batch.
  fault = dict(name='out_of_memory', moment=7, largest=largest)
  code, said = nursery.run(path, fault, channels=_FEW)
  if largest:
    assert code == 0 and len(faults.finished(path)) == 8, said
  else:
    assert code == 1 and len(faults.finished(path)) == 2, said
    assert said.splitlines()[-1].startswith('error: The memory is full')
  _resume(nursery, path, whole, channels=_FEW)


def test_a_clock_that_jumps(nursery, whole, tmp_path):
  fault = dict(name='clock', jump=1e7)
  code, said = nursery.run(tmp_path / 'run', fault, channels=_FEW)
  assert code == 0, said
  after, _ = _resume(nursery, tmp_path / 'run', whole, channels=_FEW)
  assert all(0 <= record['seconds'] < 1000 for record in after.values())


def test_the_second_of_two_processes_refuses(nursery, whole, tmp_path):
  path, go = tmp_path / 'run', tmp_path / 'go'
  hold = dict(name='hold', appends=2, until=str(go))
  first = nursery.start(path, hold, channels=_FEW)
  try:
    while len(faults.finished(path)) < 4:
      pass
    code, said = nursery.run(path, channels=_FEW)
    assert code == 1 and f'in use by another process (pid {first.pid}' in said
    assert said.splitlines()[-1].startswith('error: ')
  finally:
    go.touch()
    code, said = first.wait()
  assert code == 0, said
  faults.check_done(path, whole)


@pytest.mark.parametrize('moment', [5, 40])
def test_preempted_with_grace(nursery, whole, tmp_path, moment):
  """SIGTERM: the batch is finished, and the exit code is that of success."""
  path = tmp_path / 'run'
  fault = dict(name='signal_at', moment=moment, number=signal.SIGTERM)
  code, said = nursery.run(path, fault, channels=_FEW)
  assert code == 0, said
  found = len(faults.finished(path))
  assert 0 <= found < 8 and found % 2 == 0
  assert f'{found} of 8 pictures' in said and 'the same command' in said
  _resume(nursery, path, whole, channels=_FEW)


def _spoil(path, how):
  data = path.read_bytes()
  if how == 'gone':
    path.unlink()
  elif how == 'bit':
    middle = len(data) // 2
    flipped = bytes([data[middle] ^ 16])
    path.write_bytes(data[:middle] + flipped + data[middle + 1 :])
  else:
    path.write_bytes(data[: {'empty': 0, 'half': len(data) // 2}[how]])


def test_spoilt_pictures_are_made_again(nursery, whole, few):
  files = sorted((few / 'images').rglob('*.png'))
  for file, how in zip(files, ('gone', 'bit', 'empty', 'half'), strict=False):
    _spoil(file, how)
  for file, how in zip(files, ('gone', 'half', 'bit'), strict=False):
    _spoil(few / 'films' / file.relative_to(few / 'images'), how)
  shutil.rmtree(few / 'gallery')
  code, said = nursery.run(few, channels=_FEW)
  assert code == 0 and '4 of 8 units in the ledger lack' in said, said
  faults.check_done(few, whole)
  lines = (few / 'ledger-0.jsonl').read_bytes().splitlines()
  assert len(lines) == 12 and len(list((few / 'gallery').rglob('*.png'))) == 2


def test_copied_pictures_are_not(nursery, whole, few):
  """Of another time, but whole."""
  before = (few / 'ledger-0.jsonl').read_bytes()
  for file in few.rglob('*.png'):
    os.utime(file, (0, 0))
  _resume(nursery, few, whole, channels=_FEW)
  assert (few / 'ledger-0.jsonl').read_bytes() == before


def test_a_spoilt_ledger(nursery, whole, few):
  """What cannot be read is rendered again, the rest is not."""
  ledger = few / 'ledger-0.jsonl'
  lines = ledger.read_bytes().splitlines(keepends=True)
  lines[1] = lines[1].replace(b'"channel"', b'"chan\x00el"')
  lines[3] = b'\0' * len(lines[3])  # After a power cut.
  lines[4] = b'nonsense\n'
  outside = json.loads(lines[5]) | {'file': '../../outside.png'}
  lines[5] = json.dumps(outside).encode() + b'\n'
  lines[7] = lines[7][:40]
  ledger.write_bytes(b''.join(lines))
  assert len(faults.finished(few)) == 3
  after, said = _resume(nursery, few, whole, channels=_FEW)
  assert len(after) == 8 and 'leaves the working directory' in said


def test_a_spoilt_config(nursery, whole, few):
  """It is refused, and nothing is lost: put it back."""
  config = few / 'config.json'
  good = config.read_bytes()
  config.write_bytes(good[: len(good) // 2])
  code, said = nursery.run(few, channels=_FEW)
  assert code == 1 and 'Put it back' in said.splitlines()[-1]
  assert config.read_bytes() == good[: len(good) // 2]
  config.write_bytes(good)
  _resume(nursery, few, whole, channels=_FEW)
