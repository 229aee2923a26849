"""Four virtual CPU devices, and processes that stay small."""

import atexit
import os
import shutil
import sys
import tempfile

# Commands keep compiled programs in the user's cache; tests have one of their
# own that all their processes share while they run. Small programs are kept
# too, as each process forgets them after every module.
if 'JAX_COMPILATION_CACHE_DIR' not in os.environ:
  _programs = tempfile.mkdtemp(prefix='fviz-programs-')
  atexit.register(shutil.rmtree, _programs, ignore_errors=True)
  os.environ['JAX_COMPILATION_CACHE_DIR'] = _programs
os.environ.setdefault('JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS', '0')

import freed
import jax
import pytest

jax.config.update('jax_num_cpu_devices', 4)
jax.config.update('jax_numpy_dtype_promotion', 'standard')

WEIGHTS = os.environ.get('FVIZ_TEST_WEIGHTS', '../shared/weights')
IMAGES = os.environ.get('FVIZ_TEST_IMAGES', '../shared/images')


# These fork, limit what a process may use, or look into /proc.
collect_ignore = []
if sys.platform != 'linux':
  collect_ignore += ['fuzz_test.py', 'sweep/faults_test.py']


def pytest_collection_modifyitems(items):
  """Leaves out what takes longest, unless it is wanted."""
  if not os.environ.get('FVIZ_TEST_THOROUGH'):
    _skip(items, 'thorough', 'set FVIZ_TEST_THOROUGH=1')
  if sys.platform == 'win32':
    _skip(items, 'slow', 'sends signals that Windows does not have')


def _skip(items, marker, reason):
  for item in items:
    if item.get_closest_marker(marker):
      item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope='module', autouse=True)
def _small_modules():
  """Gives memory back after a module: processes would grow to gigabytes."""
  yield
  freed.give_back()


@pytest.fixture(autouse=True)
def _small_processes():
  """And after a test, in modules of many programs."""
  yield
  freed.give_back_much()


def _file(folder, name):
  path = os.path.join(folder, name)
  if not os.path.exists(path):
    pytest.skip(f'{name} is not here: set FVIZ_TEST_WEIGHTS/FVIZ_TEST_IMAGES')
  return path


@pytest.fixture
def quick_compile():
  """For tests of small programs, which spend their time in optimizing them."""
  jax.config.update('jax_disable_most_optimizations', True)
  yield
  jax.config.update('jax_disable_most_optimizations', False)


@pytest.fixture(scope='session')
def weights_file():
  """name -> path of a published weights file, or skips the test."""
  return lambda name: _file(WEIGHTS, name)


@pytest.fixture(scope='session')
def image_file():
  """name -> path of a test photo, or skips the test."""
  return lambda name: _file(IMAGES, name)
