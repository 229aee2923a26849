"""A whole comparison: pictures, numbers, table, TensorBoard, resume."""

import importlib
import json
import shutil
import types as python_types

import numpy as np
import pytest
import server
import small
from tensorboard.backend.event_processing import event_accumulator

from fviz import compare, engine, errors, models
from fviz import config as configs
from fviz.compare import candidates, metrics, shared_programs
from fviz.media import png

_CHANNELS = (1, 4)


def _config(**changes):
  config = configs.compare()
  config.layer = 'conv_1'
  config.channels = _CHANNELS
  config.size = 16
  config.steps = 4
  config.snapshots = 2
  config.batch_size = 4
  config.update(changes)
  return config.lock()


def _sweep(add):
  add('none')
  add('tv', **{'regularizers.total_variation': 0.5})
  add('fast', optimizer='adam(1.5)')
  steep = '|'.join(['sgd(1e10)'] * 4)
  add('broken', optimizer=steep)  # Overflows.
  add('fourier', parameterization='fourier()', seed=1)


def _run(path, sweep=_sweep, **changes):
  return compare.run(_config(**changes), str(path), sweep, small.network())


def _pictures(path, name):
  files = sorted((path / name / 'images').rglob('*.png'))
  return [png.read(file)[0].astype(int) for file in files]


def _ledger(path, name):
  lines = (path / name / 'ledger-0.jsonl').read_text().splitlines()
  return [json.loads(line) for line in lines]


def _counted(monkeypatch):
  """Every engine that is made from now on."""
  engines, init = [], engine.Engine.__init__

  def counting(self, *args, **kwargs):
    init(self, *args, **kwargs)
    engines.append(self)

  monkeypatch.setattr(engine.Engine, '__init__', counting)
  return engines


def test_a_comparison_from_end_to_end(tmp_path, monkeypatch):
  path, engines = tmp_path / 'run', _counted(monkeypatch)
  report = _run(path)
  # One a structure: none, tv and fast share theirs.
  assert [e.programs.compilations for e in engines] == [1, 1, 1]
  _check_ledgers(path)
  _check_table(path, report)
  _check_events(path)
  _check_hparams(path, tmp_path / 'log.txt')
  _check_alone(path, tmp_path / 'alone')
  engines.clear()
  _check_resume(path, tmp_path / 'resumed', engines)


def _check_ledgers(path):
  for name in ('none', 'tv', 'fast', 'fourier'):
    records = _ledger(path, name)
    assert [r['channel'] for r in records] == list(_CHANNELS)
    for record in records:
      assert record['failed'] == -1 and len(record['history']) == 4
      found = record['metrics']
      assert {'activation', 'heldout_worst', 'high_frequency'} <= set(found)
      assert found['activation'] == pytest.approx(record['activation'], 1e-3)
      assert found['heldout_worst'] <= found['heldout_mean']
      assert 1 <= found['steps_to_95'] <= 4 and found['seconds_to_95'] > 0
      share = found['steps_to_95'] / 4 * record['seconds']
      assert found['seconds_to_95'] == pytest.approx(share, abs=1e-3)
      picture, kept = png.read(path / name / record['file'])
      assert kept['comparison_variant'] == name
      again = metrics.total_variation(picture[None] / 255.0)[0]
      assert found['total_variation'] == pytest.approx(again, abs=2e-3)
  assert [r['failed'] for r in _ledger(path, 'broken')] == [0, 0]
  a, b = _pictures(path, 'none'), _pictures(path, 'tv')
  assert np.abs(a[0] - b[0]).max() > 0


def _check_table(path, report):
  rows = {row.name: row for row in report.table.rows}
  assert set(rows) == {'none', 'tv', 'fast', 'broken', 'fourier'}
  assert report.failed == 2 and rows['broken'].failed == 2
  assert report.table.rows[-1].name == 'broken'
  places = [row.place[0] for row in report.table.rows]
  assert places == sorted(places)
  assert sum(places) == pytest.approx(15)  # 1 + ... + 5 on every unit.
  values = [r['metrics']['heldout_mean'] for r in _ledger(path, 'none')]
  mean, low, high = rows['none'].metrics['heldout_mean']
  assert mean == pytest.approx(np.mean(values))
  assert low == pytest.approx(min(values)) and high == pytest.approx(
    max(values)
  )
  assert 0 <= rows['none'].metrics['diversity'][0] <= 1
  text = (path / 'report.md').read_text()
  assert '2 of 2' in text and '- heldout_mean:' in text
  page = (path / 'report.html').read_text()
  assert page.count('<tr>') == 6 and 'gallery/comparison.png' in page
  assert 'layer conv_1, channels 1, 4' in page
  assert 'regularizers.total_variation = 0.5' in page
  assert page.index('<img') < page.index('<table')
  record = json.loads((path / 'report.json').read_text())
  assert [v['name'] for v in record['variants']] == [
    row.name for row in report.table.rows
  ]
  sheet, _ = png.read(path / 'gallery' / 'comparison.png')
  assert sheet.shape[1] > 3 * 16 and 'tensorboard --logdir' in str(report)


def _check_events(path):
  tags = {}
  for name in ('none', 'fourier'):
    events = event_accumulator.EventAccumulator(
      str(path / name), {'images': 0, 'tensors': 0}
    )
    events.Reload()
    tags[name] = set(events.Tags()['tensors'])
    for tag in ('conv_1/unit-1', 'conv_1/unit-4', 'conv_1/all'):
      assert [e.step for e in events.Tensors(tag)] == [2, 4]
    assert [e.step for e in events.Tensors('mean_objective')] == [1, 2, 3, 4]
  assert tags['none'] == tags['fourier']


def _check_hparams(path, log):
  with server.serving(path, log) as get:
    runs = json.loads(get('runs'))
    assert set(runs) == {'.', 'none', 'tv', 'fast', 'broken', 'fourier'}
    tags = json.loads(get('plugin/images/tags'))
    assert tags['.'].keys() == {'comparison'}
    assert 'conv_1/unit-4' in tags['tv']
    experiment = json.loads(
      get('plugin/hparams/experiment', request='{"experimentName": ""}')
    )
    columns = {info['name'] for info in experiment['hparamInfos']}
    assert columns == {
      'candidate',
      'seed',
      'optimizer',
      'parameterization',
      'regularizers.total_variation',
    }
    ask = {
      'startIndex': 0,
      'sliceSize': 99,
      'allowedStatuses': [
        'STATUS_SUCCESS',
        'STATUS_UNKNOWN',
        'STATUS_RUNNING',
        'STATUS_FAILURE',
      ],
    }
    answer = get('plugin/hparams/session_groups', request=json.dumps(ask))
    groups = json.loads(answer)['sessionGroups']
  rows = {group['hparams']['candidate']: group for group in groups}
  assert set(rows) == {'none', 'tv', 'fast', 'broken', 'fourier'}
  assert rows['tv']['hparams']['regularizers.total_variation'] == 0.5
  assert rows['fast']['hparams']['optimizer'] == 'adam(1.5)'
  shown = {m['name']['tag']: m['value'] for m in rows['none']['metricValues']}
  values = [r['metrics']['activation'] for r in _ledger(path, 'none')]
  assert shown['metrics/activation'] == pytest.approx(np.mean(values), 1e-4)
  assert 'metrics/place' in shown and 'metrics/saturation' in shown


def _check_alone(path, alone):
  """A candidate by itself is the same as among others."""

  def sweep(add):
    add('tv', **{'regularizers.total_variation': 0.5})

  _run(alone, sweep)
  for a, b in zip(_pictures(path, 'tv'), _pictures(alone, 'tv'), strict=True):
    assert np.abs(a - b).max() <= 2


def _check_resume(path, resumed, engines):
  """Killed in a line of one candidate, with another candidate to come."""
  shutil.copytree(path, resumed)
  ledger = resumed / 'fourier' / 'ledger-0.jsonl'
  lines = ledger.read_text().splitlines(keepends=True)
  ledger.write_text(lines[0] + lines[1][:30])
  (resumed / 'report.md').unlink()
  shutil.rmtree(resumed / 'none')
  report = _run(resumed)
  assert len(engines) == 2 and report.pictures == 10
  assert (resumed / 'report.md').exists()
  for name in ('none', 'fourier'):
    for a, b in zip(
      _pictures(path, name), _pictures(resumed, name), strict=True
    ):
      assert np.abs(a - b).max() <= 2
  engines.clear()
  _run(resumed)
  assert not engines  # Nothing left to do.
  with pytest.raises(errors.FvizError, match='steps'):
    _run(resumed, steps=5)


@pytest.mark.parametrize(
  'changes, message',
  [
    ({'comparison': {'rank_by': 'actvation'}}, "Did you mean 'activation'"),
    ({'comparison': {'rank_by': 'diversity'}}, 'neither better'),
    ({'comparison': {'rank_by': 'transfer'}}, 'give config.comparison.trans'),
    ({'comparison': {'natural_images': 'nowhere'}}, 'No folder'),
    ({'layer': 'conv,conv_1'}, 'one layer'),
    ({'layer': 'conv*'}, 'one layer'),
    ({'channels': (1, 99)}, '99'),
    ({'steps': 0}, 'at least 1'),
  ],
)
def test_bad_configs_are_refused_before_anything_is_written(
  tmp_path, changes, message
):
  with pytest.raises(errors.FvizError, match=message):
    _run(tmp_path / 'run', **changes)
  assert not (tmp_path / 'run').exists()


def test_ranking_by_classes_needs_labels(tmp_path):
  config = _config(comparison={'rank_by': 'class_probability'})
  network = small.network(labels=())
  with pytest.raises(errors.FvizError, match='no labels'):
    compare.run(config, str(tmp_path / 'run'), _sweep, network)
  assert not (tmp_path / 'run').exists()


def test_bad_candidates_are_refused_together(tmp_path):
  def sweep(add):
    add('a')
    add('a')
    add('b', optimizer='adm(1.0)')

  with pytest.raises(errors.FvizError, match='(?s)twice.*Did you mean .adam'):
    _run(tmp_path / 'run', sweep)
  assert not (tmp_path / 'run').exists()


def test_a_module_is_a_config(tmp_path):
  module = python_types.ModuleType('module')
  module.get_config = lambda: _config(steps=0)
  module.sweep = _sweep
  with pytest.raises(errors.FvizError, match='steps is 0'):
    compare.run(module, str(tmp_path / 'run'))


def test_a_config_file_without_candidates_is_refused(tmp_path):
  file = tmp_path / 'config.py'
  file.write_text('def get_config():\n  return None\n')
  with pytest.raises(errors.FvizError, match='defines no sweep'):
    compare.sweep_of(str(file))
  assert callable(compare.sweep_of('configs/sweep_learning_rate.py'))


@pytest.mark.parametrize(
  'name, count, programs',
  [('compare_regularizers', 11, 9), ('sweep_learning_rate', 9, 1)],
)
def test_configs_compile_once_a_structure(name, count, programs):
  module = importlib.import_module(f'configs.{name}')
  network = models.load('pareidolia')
  for kind in ('full', 'smoke'):
    config = module.get_config(kind)
    found = candidates.collect(module.sweep, config, network)
    assert len(found) == count
  assert len(shared_programs.shared(found, network)) == programs
  with pytest.raises(ValueError, match='Unknown kind'):
    module.get_config('tiny')
