"""What `evaluate` measures on renders: accuracies, dead channels."""

from __future__ import annotations

import collections
import pathlib

import jax
import jax.numpy as jnp
import numpy as np
from PIL import Image

from fviz import types
from scripts import rendering
from scripts.pareidolia import data, step

_BATCH = 64
_DEAD = 1e-3  # A channel that never rises above this is dead.


class Renders:
  """Held-out pictures of the network's classes, rendered when asked for."""

  def __init__(self, names, per_class: int, seed: int, size: int):
    known = set(rendering.CLASSES)
    # The renderer may have moved on: the network's classes are what counts.
    self.names = [n for n in names if n in known]
    self.labels = np.repeat([names.index(n) for n in self.names], per_class)
    self.seed, self.size = seed, size
    self._cache: dict[bool, np.ndarray] = {}
    self._all = tuple(names)

  def __call__(self, shifted: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """uint8 [n, size, size, 3] and int labels [n]."""
    if shifted not in self._cache:
      wanted = [self._all[k] for k in self.labels]
      self._cache[shifted] = rendering.render(
        wanted, self.seed, self.size, shifted
      )
    return self._cache[shifted], self.labels


def top1(network: types.Network, renders, size: int) -> dict:
  """Accuracy, the weakest classes and the commonest confusions."""
  images, labels = renders
  guesses = classify(network, images, size)
  return _accuracy_table(network.labels, labels, guesses)


def attacked(network: types.Network, renders, size: int, radius: float) -> dict:
  """Accuracy under L2 PGD of ten steps, all classes."""
  images, labels = renders
  # Compiled a pass at a time: ten in one program take minutes to compile.
  logits = jax.jit(classifier(network))
  guesses = []
  for k in range(0, len(images), _BATCH):
    x = data.resize(images[k : k + _BATCH], size)
    known = jnp.asarray(labels[k : k + _BATCH])
    key = jax.random.fold_in(jax.random.key(0), k)
    x = step.attack(key, logits, x, known, radius, steps=10)
    guesses.append(np.asarray(logits(x).argmax(-1)))
  return _accuracy_table(network.labels, labels, np.concatenate(guesses))


def dead(network: types.Network, renders, photos: str) -> dict:
  """Share of never active channels a layer, on renders and on photos."""
  images = data.resize(renders[0][::4], network.input_size[0])
  table = {'renders': _dead_share(network, np.asarray(images))}
  if photos:
    table['photos'] = _dead_share(network, _photo_crops(photos))
    table['photo crops'] = len(_photo_crops(photos))
  return table


def classifier(network: types.Network):
  """images [n, h, w, 3] in [0, 1] -> logits [n, classes]."""

  def logits(images):
    found = network.apply(network.variables, images, ('logits',))
    return found['logits']

  return logits


def classify(network: types.Network, images, size: int) -> np.ndarray:
  """Classes of uint8 pictures [n, side, side, 3], seen at size x size."""
  logits = classifier(network)
  guess = jax.jit(lambda x: logits(data.resize(x, size)).argmax(-1))
  parts = range(0, len(images), _BATCH)
  return np.concatenate([guess(images[k : k + _BATCH]) for k in parts])


def _accuracy_table(names, labels, guesses) -> dict:
  right = labels == guesses
  each = {names[k]: float(right[labels == k].mean()) for k in set(labels)}
  worst = sorted(each, key=each.get)[:10]
  mistakes = collections.Counter(
    (names[a], names[b])
    for a, b in zip(labels[~right], guesses[~right], strict=True)
  )
  return {
    'top-1': float(right.mean()),
    'worst classes': {n: each[n] for n in worst},
    'classes under 60 %': sum(v < 0.6 for v in each.values()),
    'confusions': {f'{a} > {b}': n for (a, b), n in mistakes.most_common(12)},
  }


def _dead_share(network, images) -> dict:
  layers = tuple(
    k
    for k in network.layers
    if '/' not in k and k.startswith(('conv', 'mixed'))
  )

  @jax.jit
  def peaks(x):
    found = network.apply(network.variables, x, layers)
    return {k: v.max((0, 1, 2)) for k, v in found.items()}

  highest = jax.tree.map(
    lambda *x: np.max(x, 0),
    *(peaks(images[k : k + _BATCH]) for k in range(0, len(images), _BATCH)),
  )
  return {k: float((highest[k] <= _DEAD).mean()) for k in layers}


def _photo_crops(folder: str, side: int = 96) -> np.ndarray:
  """Crops of all photos at three scales: float32 [n, side, side, 3]."""
  rng, crops = np.random.default_rng(0), []
  for path in sorted(pathlib.Path(folder).glob('*.jpg')):
    photo = Image.open(path).convert('RGB')
    for scale in (1, 2, 4):
      height = scale * side
      width = max(side, round(photo.width * height / photo.height))
      small = np.asarray(photo.resize((width, height), Image.Resampling.BOX))
      for _ in range(2 * scale):
        top = rng.integers(small.shape[0] - side + 1)
        left = rng.integers(small.shape[1] - side + 1)
        crops.append(small[top : top + side, left : left + side])
  if not crops:
    raise FileNotFoundError(f'No *.jpg in {folder!r}.')
  return np.float32(crops) / 255
