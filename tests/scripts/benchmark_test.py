"""What the benchmark measures, and against whom; its speed is not tested."""

import pytest

from scripts import benchmark
from scripts.benchmarks import works


def test_every_work_of_the_defaults_is_measurable():
  all_works = list(benchmark._works(benchmark._arguments([])))
  assert {w.kind for w in all_works} == set(works.IMPLEMENTATIONS)
  assert {w.network for w in all_works} == set(works.LAYERS)
  channels = [w.batch for w in all_works if w.kind == 'channels']
  assert channels == [1, 4, 8, 32, 64] * len(works.LAYERS)


def test_flags():
  args = benchmark._arguments(['--batches=2,3', '--kinds=channels,lucid'])
  assert args.batches == [2, 3] and args.kinds == ['channels', 'lucid']
  (smoke,) = benchmark._works(benchmark._arguments(['--smoke']))
  assert smoke == works.Work('channels', 'inception_v3', 4)
  for wrong in ('--kinds=all', '--networks=lenet', '--batches=few'):
    with pytest.raises(SystemExit):
      benchmark._arguments([wrong])


def _row(implementation, ms, **changes):
  same = dict(work='channels', network='inception_v3', batch=4, size=224)
  same['precision'] = 'float32'
  row = dict(same, implementation=implementation, ms_per_image_step=ms)
  return row | changes


def test_ratios_are_of_equal_works():
  rows = [
    _row('fviz', 3.0, batch=1),
    _row('torch', 1.0, batch=1),
    _row('fviz', 1.0),
    _row('torch', 2.0),
    _row('fviz', 1.0, work='lucid', batch=8),
    _row('lucent', 4.0, work='lucid', batch=8),
  ]
  found = benchmark.ratios(rows)
  assert found['fviz_over_torch'] == 0.5 and found['fviz_over_lucent'] == 0.25
  assert [r['ratio'] for r in found['every']] == [3.0, 0.5, 0.25]
