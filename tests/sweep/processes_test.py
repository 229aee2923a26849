"""Sweeps by several processes: real ones, on one machine."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time

import jax
import numpy as np
import pytest

from fviz import errors
from fviz.media import png
from fviz.storage import workdir
from fviz.sweep import clusters, processes

_ROOT = pathlib.Path(__file__).parents[2]
_FLAGS = (
  '--config=configs/sweep.py:smoke',
  '--config.layer=conv,conv_1',
  '--config.channels=()',
  '--config.size=24',
  '--config.page=6',
  '--config.batch_size=2',
)
_UNITS = 8 + 12
_HUNG = 900  # Seconds that nothing takes, however busy the machine.


@pytest.fixture(scope='module')
def cache(tmp_path_factory):
  """Compilations are shared by all workers."""
  return str(tmp_path_factory.mktemp('cache'))


@pytest.fixture(scope='module')
def whole(cache, tmp_path_factory):
  """What one process makes."""
  path = tmp_path_factory.mktemp('whole')
  (out,) = _finish([_start(cache, path)])
  assert f'{_UNITS} pictures in' in out
  return path


def _port():
  with socket.socket() as probe:
    probe.bind(('127.0.0.1', 0))
    return probe.getsockname()[1]


def _start(cache, path, *flags, **environment):
  environment = {
    **os.environ,
    'PYTHONPATH': f'{_ROOT}:{_ROOT}/tests',
    'JAX_COMPILATION_CACHE_DIR': cache,
    'JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS': '0',
    **environment,
  }
  return subprocess.Popen(
    [sys.executable, 'tests/worker.py', *_FLAGS, f'--workdir={path}', *flags],
    cwd=_ROOT,
    env=environment,
    stdout=subprocess.PIPE,
    stderr=subprocess.STDOUT,
    text=True,
  )


def _start_all(cache, path, count, *flags, **environment):
  """Processes that share a sweep; `path` may be one for each."""
  paths = path if isinstance(path, list) else [path] * count
  port = _port()
  return [
    _start(
      cache,
      paths[i],
      '--distributed',
      f'--coordinator=127.0.0.1:{port}',
      f'--processes={count}',
      f'--process={i}',
      *flags,
      **environment,
    )
    for i in range(count)
  ]


def _finish(workers, code=0):
  """Their outputs, after all have ended with this exit code."""
  try:
    outs = [worker.communicate(timeout=_HUNG)[0] for worker in workers]
  finally:
    for worker in workers:
      worker.kill()  # None outlives a failed test.
  for worker, out in zip(workers, outs, strict=True):
    assert worker.returncode == code, out
  return outs


def _channels(path, index):
  file = path / f'ledger-{index}.jsonl'
  lines = file.read_text().splitlines() if file.exists() else []
  return [(r['layer'], r['channel']) for r in map(json.loads, lines)]


def _assert_same(path, whole):
  """Bit by bit: with a batch size given, all run one program on each batch."""
  for folder in ('images', 'films', 'gallery'):
    names = [
      sorted(f.relative_to(p) for p_ in [p / folder] for f in p_.rglob('*.png'))
      for p in (path, whole)
    ]
    assert names[0] == names[1] and names[0]
    for name in names[0]:
      a, b = (png.read(p / name)[0] for p in (path, whole))
      np.testing.assert_array_equal(a, b, err_msg=str(name))


@pytest.mark.parametrize('count', [2, 3])
def test_many_processes_equal_one(cache, whole, tmp_path, count):
  outs = _finish(_start_all(cache, tmp_path, count))
  parts = [_channels(tmp_path, i) for i in range(count)]
  assert sum(map(len, parts)) == len(set(sum(parts, []))) == _UNITS
  assert max(map(len, parts)) - min(map(len, parts)) <= 1
  assert any(f'{_UNITS} pictures in' in out for out in outs)
  assert (tmp_path / 'config.json').read_bytes() == (
    whole / 'config.json'
  ).read_bytes()
  _assert_same(tmp_path, whole)


def test_a_pattern_is_estimated_once_and_shared_by_time(cache, whole, tmp_path):
  outs = _finish(_start_all(cache, tmp_path, 2, '--config.layer=conv*'))
  assert f'{_UNITS} pictures of 2 layers, 2 processes' in outs[0]
  assert 'pictures of 2 layers' not in outs[1]
  parts = [_channels(tmp_path, i) for i in range(2)]
  assert all(parts) and len(set(sum(parts, []))) == _UNITS
  _assert_same(tmp_path, whole)


@pytest.mark.slow
def test_a_killed_share_is_finished_by_another_number(cache, whole, tmp_path):
  workers = _start_all(cache, tmp_path, 3, FVIZ_TEST_PAUSE='1')
  deadline = time.monotonic() + _HUNG
  while not _channels(tmp_path, 1) and time.monotonic() < deadline:
    time.sleep(0.05)
  workers[1].send_signal(signal.SIGKILL)
  assert workers[1].wait() == -signal.SIGKILL
  workers[1].stdout.close()
  outs = _finish([workers[0], workers[2]])  # Nobody falls with it.
  assert all('for other processes' in out for out in outs)
  done = [_channels(tmp_path, i) for i in range(3)]
  assert len(done[0]) + len(done[2]) == 7 + 7 and 0 < len(done[1]) < 6
  _finish(_start_all(cache, tmp_path, 2))
  again = [_channels(tmp_path, i) for i in range(3)]
  parts = sum(again, [])
  assert len(parts) == len(set(parts)) == _UNITS  # Nothing is done twice.
  assert len(again[0]) > len(done[0]) and len(again[1]) > len(done[1])
  _assert_same(tmp_path, whole)


def test_directories_apart_are_merged_by_copying(cache, whole, tmp_path):
  paths = [tmp_path / 'a', tmp_path / 'b']
  outs = _finish(_start_all(cache, paths, 2))
  assert 'does not see what process 0 wrote' in outs[1]
  assert all('for other processes' in out for out in outs)
  shutil.copytree(paths[1], paths[0], dirs_exist_ok=True)
  _finish([_start(cache, paths[0])])
  assert len(_channels(paths[0], 0)) == len(_channels(paths[0], 1)) == 10
  _assert_same(paths[0], whole)


def test_slurm_is_detected(cache, whole, tmp_path):
  path = shutil.copytree(whole, tmp_path / 'run')
  slurm = dict(
    SLURM_JOB_ID=str(_port()), SLURM_STEP_NODELIST='127.0.0.1', SLURM_NTASKS='2'
  )
  workers = [
    _start(
      cache,
      path,
      '--distributed',
      SLURM_PROCID=str(i),
      SLURM_LOCALID=str(i),
      **slurm,
    )
    for i in range(2)
  ]
  outs = _finish(workers)
  assert all(f'{_UNITS} pictures in' in out for out in outs)
  assert (path / '.lock-1').exists()


@pytest.mark.slow
def test_another_config_in_one_process_stops_all(cache, tmp_path):
  workers = _start_all(cache, tmp_path, 2)
  workers[1].kill()
  workers[1].communicate()
  (flag,) = [a for a in workers[0].args if a.startswith('--coordinator')]
  workers[1] = _start(
    cache,
    tmp_path,
    '--distributed',
    flag,
    '--processes=2',
    '--process=1',
    '--config.steps=9',
  )
  for out in _finish(workers, code=1):
    assert 'error:' in out and 'steps: 8 -> 9' in out
  assert not (tmp_path / 'config.json').exists()


@pytest.mark.slow
def test_the_same_number_twice_and_nobody_there(cache, tmp_path):
  flags = (
    '--distributed',
    f'--coordinator=127.0.0.1:{_port()}',
    '--processes=2',
    '--process=1',
    '--join_timeout=15',
  )
  twins = [_start(cache, tmp_path, *flags) for _ in range(2)]
  outs = sorted(_finish(twins, code=1), key=len)
  assert any('process number 1' in out and 'in use' in out for out in outs)
  assert any('Nobody answers at the coordinator' in out for out in outs)


@pytest.mark.slow
def test_waits_only_so_long(cache, tmp_path):
  flags = (
    '--distributed',
    f'--coordinator=127.0.0.1:{_port()}',
    '--processes=3',
    '--process=0',
    '--join_timeout=2',
  )
  (out,) = _finish([_start(cache, tmp_path, *flags)], code=1)
  assert 'not all 3 processes came within 2 s' in out


def _join(path, place, timeout=processes.TIMEOUT, distributed=True):
  given = clusters.Place(*place)
  return processes.join(distributed, str(path), given, timeout)


@pytest.mark.parametrize(
  'place, message',
  [
    (('nowhere', 2, 0), 'HOST:PORT'),
    ((':99', 2, 0), 'HOST:PORT'),
    (('a:0', 2, 0), 'HOST:PORT'),
    (('a:99999', 2, 0), 'HOST:PORT'),
    (('a:99', 0, 0), 'processes is 0'),
    (('a:99', 2, -1), 'process is -1'),
    (('a:99', 2, 2), 'give 0 to 1'),
    (('a:99', 2, None), 'No SLURM.* process:'),
    (('', None, None), 'No SLURM.* coordinator, processes, process:'),
  ],
)
def test_bad_flags_are_refused(tmp_path, place, message):
  with pytest.raises(errors.FvizError, match=message):
    _join(tmp_path / 'run', place)
  with pytest.raises(errors.FvizError, match='join_timeout is 0'):
    _join(tmp_path / 'run', ('a:99', 2, 0), timeout=0)
  assert not (tmp_path / 'run').exists()


@pytest.mark.parametrize(
  'given, devices', [({}, '3'), ({'JAX_LOCAL_DEVICE_IDS': '0,1'}, '0,1')]
)
def test_processes_of_one_machine_take_gpus_of_their_own(
  tmp_path, monkeypatch, given, devices
):
  slurm = dict(
    SLURM_JOB_ID='1',
    SLURM_STEP_NODELIST='node',
    SLURM_NTASKS='8',
    SLURM_PROCID='7',
    SLURM_LOCALID='3',
  )
  for name, value in (slurm | given).items():
    monkeypatch.setenv(name, value)
  set_ = {}
  monkeypatch.setattr(jax.config, 'update', set_.__setitem__)
  with pytest.raises(errors.FvizError, match='Nobody answers at.*localhost'):
    _join(tmp_path, (f'localhost:{_port()}',), timeout=0.1)
  assert set_ == {
    'jax_cuda_visible_devices': devices,
    'jax_rocm_visible_devices': devices,
  }


def test_flags_for_many_need_distributed(tmp_path):
  for place in (('a:99',), ('', 2), ('', None, 0)):
    with pytest.raises(errors.FvizError, match='add --distributed'):
      _join(tmp_path, place, distributed=False)
  assert processes.join(False, str(tmp_path)) is processes.ALONE


def test_a_taken_port_is_refused(tmp_path):
  with contextlib.closing(socket.socket()) as other:
    other.bind(('', 0))
    other.listen()
    port = other.getsockname()[1]
    with pytest.raises(errors.FvizError, match=f'Port {port} is taken'):
      _join(tmp_path, (f'localhost:{port}', 2, 0))
  workdir.reserve(tmp_path, 0).release()  # The refusal left no lock.


def test_one_process_is_refused_beside_a_process_of_many(tmp_path):
  lock = workdir.reserve(tmp_path, 2)
  try:
    with pytest.raises(errors.FvizError, match='process number 2'):
      workdir.Workdir.open(tmp_path, {'a': 1})
    workdir.Workdir.open(tmp_path, {'a': 1}, processes=3).close()
  finally:
    lock.release()
  workdir.Workdir.open(tmp_path, {'a': 1}).close()
