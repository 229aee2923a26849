"""The classes and how to render them, one by one or as a shuffled data set."""

import collections
import difflib
import multiprocessing
import os

import numpy as np

from scripts.rendering import (
  animals,
  blocks,
  buildings,
  creatures,
  fabrics,
  flowers,
  insects,
  patterns,
  people,
  plants,
  scene,
  textures,
  things,
)

_PAINTERS = blocks.classes_of(
  animals,
  buildings,
  creatures,
  fabrics,
  flowers,
  insects,
  patterns,
  people,
  plants,
  textures,
  things,
)
CLASSES = tuple(sorted(_PAINTERS))

# Pictures of one class rendered together: large enough to hide the overhead
# of NumPy calls, small enough for the fields to stay in the cache.
_CHUNK = 10


def render(names, seed, size, shifted=False):
  """Renders one picture for each class name.

  Args:
    names: class names, repetitions welcome.
    seed: whole number >= 0.
    size: side of the pictures in pixels, >= 16.
    shifted: palettes and backgrounds that are not used in training.

  Returns:
    uint8 [len(names), size, size, 3].
  """
  names = [names] if isinstance(names, str) else list(names)
  _check(names, seed, size)
  images = np.empty((len(names), size, size, 3), np.uint8)
  places = collections.defaultdict(list)
  for i, name in enumerate(names):
    places[name].append(i)
  for name, where in places.items():
    for start, stop in _chunks(len(where)):
      job = (name, start, stop, seed, size, shifted)
      images[where[start:stop]] = _render_chunk(job)
  return images


def dataset(per_class, seed, size, processes=1, shifted=False):
  """Renders a shuffled data set of all classes.

  Args:
    per_class: number of pictures a class, >= 1.
    seed: whole number >= 0; decides the pictures and their order.
    size: side of the pictures in pixels, >= 16.
    processes: worker processes; the result does not depend on it.
    shifted: palettes and backgrounds that are not used in training.

  Returns:
    images: uint8 [n, size, size, 3], n = per_class * len(CLASSES).
    labels: int32 [n], indices into CLASSES.
  """
  _check((), seed, size)
  if per_class < 1 or processes < 1:
    raise ValueError(f'Expected {per_class=} and {processes=} to be >= 1.')
  n = per_class * len(CLASSES)
  order = np.random.default_rng(seed).permutation(n)
  place = np.argsort(order)  # Where the i-th rendered picture goes.
  images = np.empty((n, size, size, 3), np.uint8)
  jobs = [
    (name, start, stop, seed, size, shifted)
    for name in CLASSES
    for start, stop in _chunks(per_class)
  ]
  done = 0
  for chunk in _run(jobs, processes):
    images[place[done : done + len(chunk)]] = chunk
    done += len(chunk)
  return images, (order // per_class).astype(np.int32)


def _chunks(n):
  return [(k, min(k + _CHUNK, n)) for k in range(0, n, _CHUNK)]


def _render_chunk(job):
  name, start, stop, seed, size, shifted = job
  numbers = range(start, stop)
  return scene.draw(name, _PAINTERS[name], numbers, seed, size, shifted)


def _run(jobs, processes):
  if processes == 1:
    yield from map(_render_chunk, jobs)
    return
  # Spawned, not forked: the caller may hold JAX's threads and locks.
  context = multiprocessing.get_context('spawn')
  with context.Pool(processes, _single_thread) as pool:
    yield from pool.imap(_render_chunk, jobs, chunksize=4)


def _single_thread():
  # One core a worker; more threads would only fight for it.
  os.environ['OMP_NUM_THREADS'] = '1'


def _check(names, seed, size):
  problems = []
  for name in dict.fromkeys(names):
    if name not in _PAINTERS:
      close = difflib.get_close_matches(str(name), CLASSES, 3, 0.5)
      hint = f' (did you mean {", ".join(close)}?)' if close else ''
      problems.append(f'unknown class {name!r}{hint}')
  if problems:
    raise ValueError(f'{"; ".join(problems)}; classes are: {CLASSES}')
  if size != int(size) or size < 16:
    raise ValueError(f'Expected a whole size >= 16, got {size=}.')
  if seed != int(seed) or seed < 0:
    raise ValueError(f'Expected a whole seed >= 0, got {seed=}.')
