import os
import pathlib
import subprocess
import sys

import jax
import pytest

from fviz import cli
from fviz.compiler import program_cache

_ROOT = pathlib.Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path, monkeypatch):
  """A cache of our own, and JAX as it is when a program starts."""
  monkeypatch.setenv('FVIZ_CACHE', str(tmp_path / 'cache'))
  tests = jax.config.jax_compilation_cache_dir  # Imports set nothing.
  assert tests == os.environ['JAX_COMPILATION_CACHE_DIR']
  jax.config.update('jax_compilation_cache_dir', None)
  yield tmp_path / 'cache' / 'compiled'
  jax.config.update('jax_compilation_cache_dir', tests)
  jax.config.update('jax_enable_compilation_cache', True)


def test_programs_go_into_a_private_folder_of_this_machine(folder):
  program_cache.keep()
  place = pathlib.Path(jax.config.jax_compilation_cache_dir)
  assert place.parent == folder and place.is_dir()
  assert folder.stat().st_mode & 0o777 == 0o700


def test_what_the_user_has_chosen_stays(folder):
  jax.config.update('jax_compilation_cache_dir', '/their/own')
  program_cache.keep()
  assert jax.config.jax_compilation_cache_dir == '/their/own'
  jax.config.update('jax_compilation_cache_dir', None)
  jax.config.update('jax_enable_compilation_cache', False)
  program_cache.keep()
  assert jax.config.jax_compilation_cache_dir is None
  assert not folder.exists()


def test_a_folder_that_cannot_be_is_a_warning(folder, caplog):
  folder.parent.write_text('a file is in the way')
  program_cache.keep()
  assert jax.config.jax_compilation_cache_dir is None
  assert 'FVIZ_CACHE' in caplog.text and str(folder) in caplog.text


def test_another_cpu_has_another_folder(monkeypatch):
  ours = program_cache._machine()
  read = pathlib.Path.read_text
  other = lambda self: read(self).replace(' sse2', '')
  monkeypatch.setattr(pathlib.Path, 'read_text', other)
  if sys.platform == 'linux' and os.uname().machine == 'x86_64':
    assert program_cache._machine() != ours
  monkeypatch.setattr(program_cache.jaxlib.version, '__version__', '0.0.1')
  assert program_cache._machine() != ours


def test_the_oldest_programs_go_first(tmp_path):
  for i in range(5):
    path = tmp_path / f'machine-{i % 2}' / f'program-{i}'
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(bytes(100))
    os.utime(path, (1000 + i, 1000 + i))
  program_cache.prune(tmp_path, 250)
  left = sorted(p.name for p in tmp_path.rglob('program-*'))
  assert left == ['program-3', 'program-4']


@pytest.mark.parametrize('arguments', [['models'], ['layers', 'pareidolia']])
def test_the_command_keeps_them(monkeypatch, arguments):
  kept = []
  monkeypatch.setattr(program_cache, 'keep', lambda: kept.append(True))
  assert cli.main(arguments) == 0 and kept == [True]


_PROGRAM = """
import jax, jax.numpy as jnp
from fviz.compiler import program_cache

program_cache.keep()
first = jax.jit(lambda x: jnp.sin(x).sum())(jnp.arange(9.0))
second = jax.jit(lambda x: (x @ x.T).sum())(jnp.ones((9, 9)))
print(float(first), float(second))
"""


def _start(cache):
  return subprocess.Popen(
    [sys.executable, '-c', _PROGRAM],
    cwd=_ROOT,
    env={
      **{k: v for k, v in os.environ.items() if 'CACHE_DIR' not in k},
      'FVIZ_CACHE': str(cache),
      'JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS': '0',
      'JAX_EXPLAIN_CACHE_MISSES': 'true',
    },
    stdout=subprocess.PIPE,
    stderr=subprocess.PIPE,
    text=True,
  )


@pytest.mark.slow
def test_two_at_once_and_then_a_third_from_damaged_files(tmp_path):
  """They warn at most, and compute the same."""
  found = []
  for process in [_start(tmp_path), _start(tmp_path)]:
    out, errors = process.communicate()
    assert process.returncode == 0, errors
    found.append(out)
  first, second = sorted(tmp_path.rglob('jit__lambda-*-cache'))
  first.write_bytes(first.read_bytes()[:100])  # Cut short by a kill.
  third = _start(tmp_path)
  out, errors = third.communicate()
  assert third.returncode == 0, errors
  assert found == [out, out]
  assert 'Error reading persistent compilation cache' in errors
  assert second.name.removesuffix('-cache') not in errors  # It was found.
