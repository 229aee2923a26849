"""Four virtual CPU devices and strict types for every test."""

import atexit
import os
import shutil
import tempfile

# Commands keep compiled programs in the user's cache; tests have one of their
# own that all their processes share while they run.
if 'JAX_COMPILATION_CACHE_DIR' not in os.environ:
  _programs = tempfile.mkdtemp(prefix='fviz-programs-')
  atexit.register(shutil.rmtree, _programs, ignore_errors=True)
  os.environ['JAX_COMPILATION_CACHE_DIR'] = _programs
  os.environ['JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS'] = '0.2'

import jax
import pytest

jax.config.update('jax_num_cpu_devices', 4)
jax.config.update('jax_numpy_dtype_promotion', 'standard')

WEIGHTS = os.environ.get('FVIZ_TEST_WEIGHTS', '../shared/weights')
IMAGES = os.environ.get('FVIZ_TEST_IMAGES', '../shared/images')


def pytest_collection_modifyitems(items):
  """Leaves out what takes longest, unless it is wanted."""
  if os.environ.get('FVIZ_TEST_THOROUGH'):
    return
  skip = pytest.mark.skip(reason='set FVIZ_TEST_THOROUGH=1')
  for item in items:
    if item.get_closest_marker('thorough'):
      item.add_marker(skip)


def _file(folder, name):
  path = os.path.join(folder, name)
  if not os.path.exists(path):
    pytest.skip(f'{name} is not here: set FVIZ_TEST_WEIGHTS/FVIZ_TEST_IMAGES')
  return path


@pytest.fixture(scope='session')
def weights_file():
  """name -> path of a published weights file, or skips the test."""
  return lambda name: _file(WEIGHTS, name)


@pytest.fixture(scope='session')
def image_file():
  """name -> path of a test photo, or skips the test."""
  return lambda name: _file(IMAGES, name)
