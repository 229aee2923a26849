"""Deterministic weights: a formula of a tensor's name in the file.

Both sides of a parity test are filled with it: the reference implementations
in `scripts/make_golden.py`, and ours in the tests.
"""

import zlib

import numpy as np

_PERIOD = 65537  # Prime: no axis of a tensor repeats with it.


def tensor(name, shape):
  """A float32 tensor in torch's layout, with activations of order one."""
  size = int(np.prod(shape))
  # The stream of RandomState is frozen for good.
  random = np.random.RandomState(zlib.crc32(name.encode()))
  values = random.standard_normal(min(size, _PERIOD)).astype(np.float32)
  values = np.resize(values, shape)
  leaf = name.rpartition('.')[2]
  if len(shape) > 1:
    return values * np.float32(np.sqrt(2 / np.prod(shape[1:])))
  if leaf == 'running_var' or leaf == 'gamma':
    return 0.5 + np.minimum(abs(values), 1)
  if leaf == 'weight':
    return 1 + 0.2 * values
  return 0.1 * values


def images(size):
  """[1, size, size, 3] in [0, 1]."""
  random = np.random.RandomState(size)
  return random.uniform(size=(1, size, size, 3)).astype(np.float32)


def summary(activation):
  """Twelve values, mean and deviation of [n, ..., channels], float32 [14]."""
  flat = np.asarray(activation, np.float64).ravel()
  places = np.linspace(0, flat.size - 1, 12).astype(int)
  return np.float32([*flat[places], flat.mean(), flat.std()])
