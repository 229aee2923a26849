"""A little fuzzing of every reader; `scripts/fuzz.py` does it for hours."""

import importlib.util

import pytest

pytest.importorskip('hypothesis', reason='needs the extra test')

import fuzzing  # noqa: E402
import hypothesis  # noqa: E402


@pytest.mark.parametrize('name', fuzzing.READERS)
def test_only_our_own_error(name, tmp_path):
  """Whatever is in a file: it is read, or refused, in bounded memory."""
  if name == 'torch' and importlib.util.find_spec('torch') is None:
    pytest.skip('needs the extra torch')
  reader = fuzzing.READERS[name]
  accepted = []

  @hypothesis.given(reader.data())
  @hypothesis.settings(
    max_examples=150, deadline=None, derandomize=True, database=None
  )
  def run(data):
    accepted.append(fuzzing.attack(reader, data, tmp_path))

  run()
  # A fuzzer that is always refused at the door proves nothing.
  assert any(accepted) and not all(accepted)
