import dataclasses
import types

import numpy as np
import pytest
import small

from fviz import config as configs
from fviz import sweep
from fviz.sweep import estimate


def _config(**changes):
  config = configs.sweep()
  config.layer = '*'
  config.channels = (0, 1, 2)
  config.size = 24
  config.steps = 64
  config.snapshots = 2
  config.page = 2
  config.transforms = 'pad(2)|jitter(2)'
  config.update(changes)
  return config.lock()


def test_follows_operations_and_order_between_two_trials(monkeypatch):
  flops = {'a': 100.0, 'b': 200.0, 'c': 400.0}
  tried = []

  def trial(plan, layer, channels):
    tried.append((layer, list(channels)))
    step = 0.01 + 1e-4 * flops[layer]
    return estimate.Trial(flops[layer] / 50, step, (400.0, 500.0), 0.002)

  monkeypatch.setattr(estimate, '_try', trial)
  plan = sweep.plan(_config(), small.network())
  missing = {'c': [0, 1], 'a': [5], 'b': [1, 2, 3]}
  found = estimate.measure(dataclasses.replace(plan, flops=flops), missing)
  assert tried == [('a', [5]), ('c', [0, 1])]
  assert found.units == {'a': 1, 'b': 3, 'c': 2}
  assert found.compile == pytest.approx({'a': 2.0, 'b': 5.0, 'c': 8.0})
  save = 0.002 * (1 + 3 * 2)
  assert found.unit == pytest.approx(
    {k: 64 * (0.01 + 1e-4 * f) + save for k, f in flops.items()}
  )
  # 100 bytes at each doubling: 600 after 32 steps, 700 after 64.
  assert found.bytes['TensorBoard'] == pytest.approx(6 * 1300)
  assert found.bytes['pictures'] == 6 * 4096  # A block each.
  assert found.files == 2 * 6 + (1 + 2 + 1) * 2
  text = found.text(2)
  seconds = (15 + 64 * (0.02 + 3 * 0.03 + 2 * 0.05) + 6 * save) / 2
  assert f'about {round(seconds)} s (' in text and '2 processes' in text


def test_a_png_is_no_larger_than_its_pixels():
  trials = [estimate.Trial(1, 1, (900.0, 1000.0), 0.1)]
  size = estimate._sizes(trials, 256, 1200)
  assert size(16) == 1000 and size(32) == 1100 and size(4096) == 1200


def test_a_sweep_by_pattern_begins_with_an_estimate(tmp_path, capsys):
  told = []
  run = lambda: sweep.run(
    _config(steps=8), str(tmp_path), small.network(), tell=told.append
  )
  # logits is the same array as output, drop has the shape of norm.
  assert run().units == 3 * 5
  (text,) = told
  assert '15 pictures of 5 layers' in text and ', between ' in text
  assert '4 of 5 layers in ' in capsys.readouterr().err
  assert 'from a trial of conv and logits' in text
  folders = sorted(f.name for f in (tmp_path / 'images').iterdir())
  assert folders == ['conv', 'conv_1', 'drop', 'logits', 'norm']
  run()
  assert len(told) == 1  # Nothing is left to estimate.
  assert capsys.readouterr().out == ''  # Commands print, the library does not.


def test_the_disk_is_as_estimated(tmp_path):
  config = _config(layer='conv*', channels=(), size=64, page=6)
  network = small.network()
  plan = sweep.plan(config, network)
  plan = dataclasses.replace(plan, flops={'conv': 1.0, 'conv_1': 2.0})
  missing = {'conv': range(8), 'conv_1': range(12)}
  found = estimate.measure(plan, missing)
  sweep.run(config, str(tmp_path), network)
  files = [f for f in tmp_path.rglob('*') if f.is_file()]
  used = lambda part: sum(f.stat().st_size for f in files if part in str(f))
  kinds = {'films': 'films/', 'sheets': 'gallery/', 'TensorBoard': 'events.out'}
  for kind, part in kinds.items():
    assert 0.6 < found.bytes[kind] / used(part) < 1.6, kind
  pictures = np.mean([f.stat().st_size for f in files if 'images/' in str(f)])
  assert abs(found.bytes['pictures'] / 20 - pictures) < 4096 + 0.3 * pictures


def test_what_is_left_is_in_proportion():
  plan = types.SimpleNamespace(flops={'a': 1.0, 'b': 2.0, 'c': 4.0})
  units = {'a': 10, 'b': 10, 'c': 5}
  found = estimate.left(plan, units, ['a', 'b'], 60.0)
  assert found == '2 of 3 layers in 1 min 0 s, about 40 s left'
