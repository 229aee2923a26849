"""Memory that is there to use: of the machine, and of its container."""

import psutil

from fviz.compiler import host_memory


def test_without_a_group_all_that_is_available_counts(tmp_path):
  found = host_memory.available(tmp_path)
  assert 0.5 < found / psutil.virtual_memory().available < 2


def test_what_a_container_leaves_counts_with_its_cached_files(tmp_path):
  (tmp_path / 'memory.max').write_text('1000\n')
  (tmp_path / 'memory.current').write_text('700\n')
  (tmp_path / 'memory.stat').write_text('anon 300\ninactive_file 400\n')
  assert host_memory.available(tmp_path) == 700
  (tmp_path / 'memory.max').write_text('max\n')
  assert host_memory.available(tmp_path) > 1000


def test_groups_of_the_first_version(tmp_path):
  folder = tmp_path / 'memory'
  folder.mkdir()
  (folder / 'memory.limit_in_bytes').write_text('1000\n')
  (folder / 'memory.usage_in_bytes').write_text('900\n')
  (folder / 'memory.stat').write_text('total_inactive_file 50\n')
  assert host_memory.available(tmp_path) == 150
