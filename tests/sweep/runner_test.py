import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import small
from tensorboard.backend.event_processing import event_accumulator

from fviz import config as configs
from fviz import errors, networks, sweep
from fviz.media import png

_ROOT = os.fspath(pathlib.Path(__file__).parents[2])


def _config(**changes):
  config = configs.sweep()
  config.layer = 'conv_1'
  config.size = 24
  config.steps = 8
  config.snapshots = 2
  config.page = 6
  config.batch_size = 4
  config.transforms = 'pad(2)|jitter(2)|rotate(-5, 5)|jitter(2)'
  config.update(changes)
  return config.lock()


def _run(path, **changes):
  return sweep.run(_config(**changes), str(path), small.network())


def _pictures(path):
  files = sorted((path / 'images').rglob('*.png'))
  return {f.name: png.read(f)[0].astype(int) for f in files}


def _ledger(path):
  lines = (path / 'ledger-0.jsonl').read_text().splitlines()
  return [json.loads(line) for line in lines]


def test_a_whole_layer_with_record_and_sheets(tmp_path):
  report = _run(tmp_path)
  assert report.units == 12 and report.failed == 0
  assert len(_pictures(tmp_path)) == 12
  records = _ledger(tmp_path)
  assert [r['channel'] for r in records] == list(range(12))
  assert all(np.isfinite(r['activation']) for r in records)
  _, record = png.read(tmp_path / records[3]['file'])
  assert record['channel'] == 3 and record['seed'] == 0
  assert len(report.sheets) == 2  # Two pages of six.
  assert all(os.path.exists(s) for s in report.sheets)
  assert 'tensorboard --logdir' in str(report)


def test_tensorboard_holds_sheets_scalars_histogram_and_config(tmp_path):
  _run(tmp_path)
  events = event_accumulator.EventAccumulator(
    str(tmp_path), {'images': 0, 'tensors': 0}
  )
  events.Reload()
  tags = events.Tags()['tensors']
  assert {'config/text_summary', 'config'} & set(tags)
  for tag in ('conv_1/channels 0–5', 'conv_1/channels 6–11'):
    assert [e.step for e in events.Tensors(tag)] == [4, 8]
  for tag in (
    'units_per_second',
    'conv_1/mean_objective',
    'conv_1/activations',
  ):
    assert tag in tags


def test_resume_finishes_with_the_same_pictures(tmp_path):
  _run(tmp_path / 'whole')
  _run(tmp_path / 'part')
  part = tmp_path / 'part'
  ledger = part / 'ledger-0.jsonl'
  lines = ledger.read_text().splitlines(keepends=True)
  ledger.write_text(''.join(lines[:5]) + lines[5][:20])  # Killed in a line.
  for sheet in (part / 'gallery').rglob('*.png'):
    sheet.unlink()
  report = _run(part)
  assert report.units == 12
  a, b = _pictures(tmp_path / 'whole'), _pictures(part)
  assert a.keys() == b.keys()
  assert all(np.abs(a[k] - b[k]).max() <= 2 for k in a)


def test_resume_of_a_finished_run_does_nothing(tmp_path):
  _run(tmp_path)
  before = (tmp_path / 'ledger-0.jsonl').read_bytes()
  _run(tmp_path)
  assert (tmp_path / 'ledger-0.jsonl').read_bytes() == before


def test_another_config_is_refused_with_its_fields(tmp_path):
  _run(tmp_path, channels=(1,))
  with pytest.raises(errors.FvizError, match='steps'):
    _run(tmp_path, channels=(1,), steps=9)
  _run(tmp_path, channels=(1,), batch_size=2)  # No picture depends on it.


def test_chosen_channels_variants_and_layers(tmp_path):
  report = _run(tmp_path, layer='conv,conv_1', channels=(7, 2), variants=2)
  assert report.units == 8
  units = [(r['layer'], r['channel'], r['variant']) for r in _ledger(tmp_path)]
  assert units[:4] == [
    ('conv', 7, 0),
    ('conv', 7, 1),
    ('conv', 2, 0),
    ('conv', 2, 1),
  ]


@pytest.mark.parametrize(
  'changes, message',
  [
    (dict(layer='conv_2'), "Did you mean 'conv_1'"),
    (dict(layer=''), 'layer is empty'),
    (dict(channels=(3, 12)), r'\[12\].*0 to 11'),
    (dict(channels=(-1,)), r'\[-1\]'),
    (dict(steps=-4), 'config.steps is -4'),
    (dict(steps=0, size=2), 'config.steps is 0.*|config.size is 2'),
    (dict(transforms='pad(2)|jiter(2)'), "Did you mean 'jitter'"),
    (dict(transforms='pad(2'), 'pad'),
    (dict(transforms='jitter(200)'), '200'),
    (dict(parameterization='fourrier()'), "Did you mean 'fourier'"),
    (dict(parameterization='fourier(speed=2)'), 'fourier'),
    (dict(color='decorelated'), "Did you mean 'decorrelated'"),
    (dict(optimizer='adm(0.1)'), "Did you mean 'adam'"),
  ],
)
def test_bad_input_is_refused_before_anything_is_written(
  tmp_path, changes, message
):
  with pytest.raises(errors.FvizError, match=message):
    _run(tmp_path / 'run', **changes)
  assert not (tmp_path / 'run').exists()


def test_unknown_model_is_refused(tmp_path):
  with pytest.raises(errors.FvizError, match='pareidolia'):
    sweep.run(_config(model='paridolia'), str(tmp_path / 'run'))
  assert not (tmp_path / 'run').exists()


def test_a_typo_in_a_config_gets_a_hint():
  with pytest.raises(AttributeError, match='layer'):
    _config().layr = 'conv'


def test_unwritable_workdir(tmp_path):
  (tmp_path / 'file').write_text('in the way')
  with pytest.raises(errors.FvizError, match='file'):
    _run(tmp_path / 'file')


def _experiment(path, *flags):
  return subprocess.Popen(
    [
      sys.executable,
      '-m',
      'experiments.sweep',
      '--config=configs/sweep.py:smoke',
      f'--workdir={path}',
      *flags,
    ],
    cwd=_ROOT,
    stdout=subprocess.PIPE,
    stderr=subprocess.PIPE,
    text=True,
  )


@pytest.mark.thorough  # tests/sweep/faults_test.py kills, too.
def test_kill_nine_and_restart_equals_undisturbed(tmp_path):
  flags = (
    '--config.channels=0,1,2,3,4,5,6,7',
    '--config.batch_size=1',
    '--config.steps=24',
  )
  whole, killed = tmp_path / 'whole', tmp_path / 'killed'
  out, err = _experiment(whole, *flags).communicate(timeout=300)
  assert 'tensorboard --logdir' in out, err
  process = _experiment(killed, *flags)
  ledger = killed / 'ledger-0.jsonl'
  deadline = time.monotonic() + 120
  while time.monotonic() < deadline and process.poll() is None:
    if ledger.exists() and ledger.read_bytes().count(b'\n') >= 3:
      break
    time.sleep(0.01)
  process.send_signal(signal.SIGKILL)
  process.communicate()
  done = ledger.read_bytes().count(b'\n')
  assert done < 8, 'the run was over before it could be killed'
  out, err = _experiment(killed, *flags).communicate(timeout=300)
  assert '8 pictures' in out, err
  a, b = _pictures(whole), _pictures(killed)
  assert a.keys() == b.keys() and len(a) == 8
  assert all(np.abs(a[k] - b[k]).max() <= 2 for k in a)


@pytest.mark.slow
def test_command_refuses_in_one_line(tmp_path):
  process = _experiment(tmp_path / 'run', '--config.layer=mixd3')
  out, err = process.communicate(timeout=120)
  assert process.returncode == 1
  assert err.strip().splitlines()[-1].startswith('error: Unknown layer')
  assert not (tmp_path / 'run').exists()


@pytest.mark.parametrize('pair', ['a/b,a.b', 'A,a'])
def test_layers_that_would_share_a_folder_are_refused(tmp_path, pair):
  apply = lambda v, x, layers: {name: x for name in layers}
  network = networks.from_function(
    apply, {}, ['a/b', 'a.b', 'A', 'a'], input_size=(8, 8)
  )
  config = configs.sweep()
  config.update(layer=pair, channels=(0, 1), size=16, steps=1)
  with pytest.raises(errors.FvizError, match='would share the folder'):
    sweep.run(config.lock(), str(tmp_path / 'w'), network)
  assert not (tmp_path / 'w' / 'images').exists()


def test_sheets_go_on_as_they_were_begun(tmp_path):
  config = configs.sweep()
  config.update(layer='conv', channels=(0, 1, 2, 3), size=16, steps=1, page=2)
  sweep.run(config.lock(), str(tmp_path), small.network())
  for sheet in (tmp_path / 'gallery').rglob('*.png'):
    sheet.unlink()
  config = config.copy_and_resolve_references()
  config.page = 3
  report = sweep.run(config.lock(), str(tmp_path), small.network())
  assert len(report.sheets) == 2
