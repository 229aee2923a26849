"""Tests of fviz.storage.ledger: a million lines in little memory, read once."""

import json
import logging
import tracemalloc

import pytest

from fviz.storage import ledger, ledger_lines


def _line(layer, channel, **more):
  return ledger_lines.to_line(
    dict(layer=layer, channel=channel, variant=0, **more)
  )


def _index(*paths, is_done=lambda unit, record: True):
  return ledger.Index(lambda: paths, is_done)


def test_a_unit_takes_at_most_200_bytes(tmp_path):
  path, count = tmp_path / 'ledger-0.jsonl', 20_000
  with path.open('wb') as file:
    for i in range(count):
      more = dict(history=[0.5] * 8, file=f'{i}.png', failed=-1)
      file.write(_line(f'layer_{i // 1000}', i % 1000, **more))
  tracemalloc.start()
  index = _index(path)
  held, peak = tracemalloc.get_traced_memory()
  tracemalloc.stop()
  assert len(index) == count and not index.failed
  assert held < 200 * count and peak < held + 1e6
  assert index['layer_7', 12, 0]['file'] == '7012.png'
  assert ('layer_7', 1000, 0) not in index


def test_refresh_reads_what_is_new_of_every_ledger(tmp_path):
  paths = [tmp_path / f'ledger-{i}.jsonl' for i in range(2)]
  paths[0].write_bytes(_line('a', 0))
  seen = []
  index = ledger.Index(
    lambda: [p for p in paths if p.exists()],
    lambda unit, record: seen.append(unit) or record.get('done', True),
  )
  assert list(index) == [('a', 0, 0)]
  with paths[0].open('ab') as file:
    file.write(_line('a', 1, failed=3) + _line('a', 2, done=False))
  paths[1].write_bytes(_line('b', 1 << 40))
  index.refresh()
  assert set(index) == {('a', 0, 0), ('a', 1, 0), ('b', 1 << 40, 0)}
  assert index.failed == {('a', 1, 0)} and index.undone == {('a', 2, 0)}
  assert len(seen) == 4  # None twice.
  with paths[1].open('ab') as file:  # Again, and well this time.
    file.write(_line('a', 1, failed=-1) + _line('a', 2))
  index.refresh()
  assert len(index) == 4 and not index.failed and not index.undone
  assert index['a', 1, 0]['failed'] == -1


def test_half_a_line_is_read_when_it_is_whole(tmp_path):
  path = tmp_path / 'ledger-0.jsonl'
  whole = _line('a', 0) + _line('a', 1)
  path.write_bytes(whole[:-9])
  index = _index(path)
  assert len(index) == 1
  path.write_bytes(whole + _line('a', 2))
  index.refresh()
  assert len(index) == 3


def test_a_ledger_that_changed_has_no_record(tmp_path):
  path = tmp_path / 'ledger-0.jsonl'
  path.write_bytes(_line('a', 0))
  index = _index(path)
  path.write_bytes(b'')
  with pytest.raises(KeyError):
    index['a', 0, 0]


def test_many_broken_lines_are_few_warnings(tmp_path, caplog):
  path = tmp_path / 'ledger-0.jsonl'
  path.write_bytes(b'{"layer": \n' * 5000 + _line('a', 0))
  with caplog.at_level(logging.WARNING):
    assert len(_index(path)) == 1
  assert len(caplog.records) == 11
  assert 'Skipped 5000 broken lines' in caplog.text


def test_append_leaves_whole_lines(tmp_path):
  path = tmp_path / 'ledger-0.jsonl'
  ledger.append(str(path), _line('a', 0))
  with path.open('ab') as file:
    file.write(_line('a', 1) + _line('a', 2)[:9])
  ledger.append(str(path), _line('a', 3))
  lines = path.read_bytes().splitlines()
  assert [json.loads(line)['channel'] for line in lines] == [0, 1, 3]
