"""Jobs shared among the devices of one machine: equal, apart, and evenly."""

import json
import os
import pathlib
import subprocess
import sys

import jax
import numpy as np
import optax
import pytest
import small

from fviz import engine, parameterizations, transforms
from fviz.compiler import hardware

_ROOT = pathlib.Path(__file__).parents[2]
_COLLECTIVES = (
  'all-reduce',
  'all-gather',
  'collective-permute',
  'all-to-all',
  'reduce-scatter',
  'collective-broadcast',
)
_DEVICES = 4
_JOBS = 6  # Not divisible.


def _jobs(count=_JOBS):
  keys = engine.job_keys(0, np.arange(count), np.zeros(count, int))
  channels = np.arange(count) % 12
  return engine.channel_jobs(small.network(), 'conv_1', channels, keys)


def _engine(count, jobs=_JOBS):
  network = small.network()
  recipe = engine.Recipe(
    parameterizations.fourier(24),
    optax.adam(0.05),
    transforms.compose(transforms.pad(2), transforms.jitter(2)),
    steps=6,
  )
  return engine.Engine(network, _jobs(jobs), recipe, jax.devices()[:count])


def _texts(one, batch):
  """The compiled HLO of all that runs on the devices."""
  programs, numbers = one.programs, ()
  jobs = _jobs(batch)
  state = jax.eval_shape(programs.init, jobs.keys, numbers)
  images = jax.eval_shape(programs.images, state.params, numbers)
  fresh = np.ones(batch, bool)
  score = (one.job.clean.constants, jobs.objective, images, numbers)
  text = lambda function, *args: function.lower(*args).compile().as_text()
  return {
    'step': programs.step(batch).as_text(),
    'init': text(programs.init, jobs.keys, numbers),
    'renew': text(programs.renew, fresh, jobs.keys, numbers, state),
    'images': text(programs.images, state.params, numbers),
    'score': text(programs.score, *score),
  }


def _collectives(text):
  return [name for name in _COLLECTIVES if name in text]


def _a_reduction():
  """That collectives would be seen."""
  mesh = hardware.mesh(_engine(_DEVICES).devices)
  spec = jax.sharding.PartitionSpec('jobs')
  total = jax.shard_map(
    lambda x: x - jax.lax.psum(x, 'jobs'),
    mesh=mesh,
    in_specs=spec,
    out_specs=spec,
  )
  return jax.jit(total).lower(np.ones(_DEVICES)).compile().as_text()


def _measure():
  """Runs in a process of its own, with virtual devices."""
  engines = {n: _engine(n) for n in (1, _DEVICES)}
  results, flops = {}, {}
  for count, one in engines.items():
    ((_, results[count]),) = one.run(_jobs(), 8)
    flops[count] = one.programs.step(8).cost_analysis()['flops']
  return {
    'devices': jax.device_count(),
    'shape': results[_DEVICES].images.shape,
    'difference': float(
      np.abs(results[1].images - results[_DEVICES].images).max()
    ),
    'efficiency': flops[1] / (_DEVICES * flops[_DEVICES]),
    'collectives': {
      name: _collectives(text)
      for name, text in _texts(engines[_DEVICES], 8).items()
    },
    'control': _collectives(_a_reduction()),
  }


@pytest.fixture(scope='module')
def measured():
  out = subprocess.run(
    [sys.executable, __file__],
    capture_output=True,
    text=True,
    env={
      **os.environ,
      'XLA_FLAGS': f'--xla_force_host_platform_device_count={_DEVICES}',
      'PYTHONPATH': f'{_ROOT}:{_ROOT}/tests',
    },
  )
  assert out.returncode == 0, out.stderr
  return json.loads(out.stdout)


def test_pictures_do_not_depend_on_the_devices(measured):
  assert measured['devices'] == _DEVICES
  assert measured['shape'] == [_JOBS, 1, 24, 24, 3]
  # To the last bits of float32: a shard is another program, whose sums XLA
  # may order in another way. Measured: 1.2e-7.
  assert measured['difference'] < 1e-5


def test_no_device_waits_for_another(measured):
  assert measured['control'] == ['all-reduce']
  parts = ('step', 'init', 'renew', 'images', 'score')
  assert measured['collectives'] == dict.fromkeys(parts, [])


def test_devices_share_the_work(measured):
  assert 0.9 <= measured['efficiency'] < 1.1


@pytest.mark.parametrize('jobs', [5, 17, 40, 65, 100, 129, 768])
def test_batches_are_filled_evenly(jobs, monkeypatch):
  monkeypatch.setattr(hardware, 'largest_batch', lambda device, pixels: 16)
  devices = jax.devices()[:2]
  one = _engine(2, jobs)
  batch = one.largest_batch(jobs)
  count = -(-jobs // batch)
  assert batch <= 32 and batch % len(devices) == 0
  idle = count * batch - jobs
  assert idle < count * len(devices)  # Less than a job a device and batch.
  if jobs >= 40:
    assert jobs / (count * batch) >= 0.9


if __name__ == '__main__':
  print(json.dumps(_measure()))
