"""What entry points say of configs that cannot be read."""

import subprocess
import sys

import pytest

_LUCID = '--config=configs/render.py'


@pytest.mark.slow
@pytest.mark.parametrize(
  'flags, message',
  [
    (['--config=configs/none.py'], 'No such file'),
    ([f'{_LUCID}:odd'], "Unknown kind 'odd'"),
    ([_LUCID, '--config.sizee=3'], 'Did you mean "size"'),
    (['--config.size=wide'], '--config.size=wide'),
  ],
)
def test_a_config_that_cannot_be_read_is_a_line(tmp_path, flags, message):
  command = ['experiments.render', f'--out={tmp_path / "out"}', *flags]
  done = subprocess.run(
    [sys.executable, '-m', *command], capture_output=True, text=True
  )
  assert done.returncode == 1
  assert done.stderr.startswith('error: ') and message in done.stderr
  assert 'Traceback' not in done.stderr
  assert not (tmp_path / 'out').exists()
