"""Event files: records as TensorBoard reads them, on bad days too."""

import os
import struct
import time

import faults
import numpy as np
import pytest
from tensorboard.backend.event_processing import event_file_loader
from tensorboard.compat.proto import event_pb2
from tensorboard.compat.tensorflow_stub import pywrap_tensorflow

from fviz.tensorboard import event_file


@pytest.mark.parametrize('size', [0, 1, 100, 8191, 8192, 12289, 30000])
def test_checksums_are_tensorboards(size):
  data = np.random.default_rng(size).bytes(size)
  expected = pywrap_tensorflow.masked_crc32c(data)
  assert event_file._checksum(data) == struct.pack('<I', expected)


def _event(step):
  return event_pb2.Event(step=step).SerializeToString()


def _steps(path):
  loader = event_file_loader.EventFileLoader(path)
  return [event.step for event in loader.Load()]


def test_a_full_disk_leaves_whole_records(tmp_path, monkeypatch):
  file = event_file.File(str(tmp_path / 'new'))
  file.add(_event(1))
  with monkeypatch.context() as patch:
    patch.setattr(os, 'write', faults.full_after(9))
    with pytest.raises(OSError, match='No space'):
      file.add(_event(2))
  file.add(_event(3))
  file.sync()
  file.close()
  file.close()
  assert _steps(file.path) == [1, 3]


def test_a_clock_put_back_leaves_the_files_in_order(tmp_path, monkeypatch):
  """TensorBoard goes from file to file by name."""
  names = []
  for now in (1_700_000_000.5, 1_600_000_000.0, 1_800_000_000.0, -5.0, 9e9):
    monkeypatch.setattr(time, 'time', lambda now=now: now)
    file = event_file.File(str(tmp_path))
    names.append(os.path.basename(file.path))
    file.close()
  assert names == sorted(names)
  assert len(set(names)) == 5
