"""Training data of pareidolia: rendered once, cached, augmented on the fly."""

from __future__ import annotations

import hashlib
import json
import os
import pathlib

import jax
import jax.numpy as jnp
import numpy as np

from scripts import rendering


def cached(
  directory: str | os.PathLike,
  per_class: int,
  seed: int,
  size: int,
  processes: int = 1,
  shifted: bool = False,
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
  """A rendered data set, from the cache where it has been rendered before.

  The file name holds what the pictures depend on but the renderer's code:
  empty the directory when that changes.

  Returns:
    images: uint8 [n, size, size, 3], memory-mapped.
    labels: int32 [n].
    names: class names in the order of the labels.
  """
  names = tuple(rendering.CLASSES)
  digest = hashlib.sha256(','.join(names).encode()).hexdigest()[:8]
  kind = 'shifted' if shifted else 'plain'
  folder = pathlib.Path(directory) / (
    f'{kind}-{per_class}x{len(names)}-{size}px-seed{seed}-{digest}'
  )
  if not (folder / 'names.json').exists():
    images, labels = rendering.dataset(
      per_class, seed, size, processes, shifted
    )
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / 'images.npy', images)
    np.save(folder / 'labels.npy', labels)
    # Written last: its existence means that the rest is complete.
    (folder / 'names.json').write_text(json.dumps(names))
  images = np.load(folder / 'images.npy', mmap_mode='r')
  labels = np.load(folder / 'labels.npy')
  return images, labels, tuple(json.loads((folder / 'names.json').read_text()))


def batch_indices(n: int, batch: int, seed: int, step: int) -> np.ndarray:
  """Which pictures step number `step` sees: epochs of permutations.

  A function of the step alone, so a resumed training sees what it would have.

  >>> sorted(np.concatenate([batch_indices(4, 2, 0, k) for k in (0, 1)]))
  [np.int64(0), np.int64(1), np.int64(2), np.int64(3)]
  """
  epoch, position = divmod(step, max(1, n // batch))
  order = np.random.default_rng([seed, epoch]).permutation(n)
  return order[position * batch : (position + 1) * batch]


def augment(key: jax.Array, images: jax.Array, size: int) -> jax.Array:
  """Random crop, scale, mirror, blur, contrast, colour, grey and noise.

  Args:
    key: one key a batch.
    images: uint8 [n, side, side, 3].
    size: of the result in pixels.

  Returns:
    float32 [n, size, size, 3] in [0, 1].
  """
  crop, mirror, soft, tone, noise = jax.random.split(key, 5)
  x = images.astype(jnp.float32) / 255
  x = _crop(crop, x, size)
  x = jnp.where(_chance(mirror, x, 0.5), x[:, :, ::-1], x)
  x = jnp.where(_chance(soft, x, 0.25), _blur(x), x)
  x = _tone(tone, x)
  strength, pattern = jax.random.split(noise)
  sigma = 0.08 * jax.random.uniform(strength, (len(x), 1, 1, 1))
  return jnp.clip(x + sigma * jax.random.normal(pattern, x.shape), 0, 1)


def resize(images: jax.Array, size: int) -> jax.Array:
  """uint8 [n, h, w, 3] -> float32 [n, size, size, 3] in [0, 1]."""
  x = jnp.asarray(images, jnp.float32) / 255
  return jax.image.resize(x, (len(x), size, size, 3), 'linear')


def _crop(key, x, size):
  """A window of .6 to 1.05 of the side, at random aspect, as size x size."""
  n, side = x.shape[:2]
  zoom, aspect, place = jax.random.split(key, 3)
  part = jax.random.uniform(zoom, (n, 1), minval=0.6, maxval=1.05)
  stretch = jax.random.uniform(aspect, (n, 1), minval=-0.12, maxval=0.12)
  window = side * part * jnp.exp(jnp.concatenate([stretch, -stretch], 1))
  start = (side - window) * jax.random.uniform(place, (n, 2))
  scale = size / window

  def one(image, scale, start):
    return jax.image.scale_and_translate(
      image, (size, size, 3), (0, 1), scale, -start * scale, 'linear'
    )

  return jax.vmap(one)(x, scale, start)


def _tone(key, x):
  """Contrast about the mean, brightness, a colour cast, sometimes grey."""
  contrast, gain, which, light, grey = jax.random.split(key, 5)
  shape, mean = (len(x), 1, 1, 1), x.mean((1, 2, 3), keepdims=True)
  factor = jax.random.uniform(contrast, shape, minval=0.65, maxval=1.3)
  x = (x - mean) * factor + mean
  cast = 0.15 * jax.random.normal(gain, (len(x), 1, 1, 3))
  x = jnp.where(_chance(which, x, 0.6), x * (1 + cast), x)
  x = x + 0.07 * jax.random.normal(light, shape)
  return jnp.where(_chance(grey, x, 0.04), x.mean(3, keepdims=True), x)


def _blur(x):
  """Mean of 3 x 3 pixels, border repeated."""
  for axis in (1, 2):
    pads = [(1, 1) if k == axis else (0, 0) for k in range(4)]
    padded, n = jnp.pad(x, pads, mode='edge'), x.shape[axis]
    x = sum(jnp.take(padded, np.arange(k, k + n), axis) for k in range(3)) / 3
  return x


def _chance(key, x, probability):
  return jax.random.bernoulli(key, probability, (len(x), 1, 1, 1))
