"""Numbers that need networks: what a picture does to its unit, and to others.

See `fviz.compare.metrics` for the list, and for what needs the pixels alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from fviz import errors, transforms, types
from fviz.compare import metrics
from fviz.media import photo_folders

HELD_OUT = 16  # Draws of the transform below; the same for every picture.
_BATCH = 16  # Pictures at once; one compiled shape.
_NEAREST = 5  # Natural images that stand for a unit, at most.


def held_out(size: int) -> types.Transform:
  """Harsher than what recipes train under: shifts, turns, zooms and noise.

  The size stays. +-1/16 of the side, +-20 degrees, 0.8 to 1.25, sd 0.04.

  >>> held_out(32)(jax.random.key(0), jnp.zeros([1, 32, 32, 3])).shape
  (1, 32, 32, 3)
  """
  shift = max(1, size // 16)
  return transforms.compose(
    transforms.pad(shift),
    transforms.jitter(2 * shift),
    transforms.rotate(-20, 20),
    transforms.scale(0.8, 1.25),
    transforms.noise(0.04),
  )


class Judge:
  """Measures pictures of the units of one layer.

  Args:
    network: whose units they are.
    layer: where the units are.
    other: another network with the same labels, for `transfer`.
    natural: images [m, h, w, c] of the pictures' size, for `natural_path`.

  Attributes:
    logits: the layer of the classes, '' where there is none with labels.

  Raises:
    FvizError: where the other network shares no labels with this one.
  """

  def __init__(
    self,
    network: types.Network,
    layer: str,
    other: types.Network | None = None,
    natural: np.ndarray | None = None,
  ):
    self.network, self.layer, self.other = network, layer, other
    self.logits = _logits(network)
    self._path = _path(network, layer) if natural is not None else ()
    wanted = {layer, *self._path} | ({self.logits} if self.logits else set())
    # In the order of the forward pass: equal for equal arguments.
    self._wanted = tuple(name for name in network.layers if name in wanted)
    self._apply = jax.jit(network.apply, static_argnums=2)
    self._features = jax.jit(self._features_of, static_argnums=2)
    self._transformed = jax.jit(_transformed, static_argnums=0)
    self._shared = _shared_labels(network, other) if other else {}
    self._natural = (
      None if natural is None else self.features(natural, self._wanted)
    )

  def measure(
    self, images: np.ndarray, channels: np.ndarray
  ) -> list[dict[str, float]]:
    """All metrics of pictures; those without meaning here are absent.

    Args:
      images: [n, h, w, c] in [0, 1].
      channels: [n], the unit of each.

    Returns:
      A dictionary of `metrics.METRICS` names a picture, and 'class' (the
      label that class_probability and transfer are about).
    """
    channels = np.asarray(channels)
    found = {**metrics.of_pictures(images)}
    features = self.features(images, self._wanted)
    found |= self._strength(images, features[self.layer], channels)
    if self.logits:
      found |= self._classes(images, features[self.logits], channels)
    if self._natural is not None:
      found['natural_path'] = self._similarity(features, channels)
    return [
      {name: _plain(values[i]) for name, values in found.items()}
      for i in range(len(images))
    ]

  def features(
    self, images: np.ndarray, layers: tuple[str, ...]
  ) -> dict[str, np.ndarray]:
    """Means over positions, layer -> [n, channels]."""
    parts = [
      self._features(self.network.variables, batch, layers)
      for batch in _batches(images)
    ]
    return _joined(parts, len(images))

  def activations(self, images: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The unit's layer, [..., channels], of pictures [h, w, c] of any size."""
    if len({image.shape for image in images}) > 1:
      return [self.activations([image])[0] for image in images]
    parts = [
      self._apply(self.network.variables, batch, (self.layer,))
      for batch in _batches(np.stack(images))
    ]
    return list(_joined(parts, len(images))[self.layer])

  def natural_range(self, channels: np.ndarray) -> tuple[float, float]:
    """(floor, ceiling) of `natural_path`, means over units.

    Ceiling: each of a unit's strongest natural images against the others;
    floor: its weakest natural images against the strongest.
    """
    floors, ceilings = [], []
    for channel in channels:
      order = self._order(channel)
      best, worst = self._best(order), order[: len(order) // 2]
      for i in best:
        rest = [k for k in best if k != i]
        if rest:
          ceilings.append(self._alike(_picked(self._natural, i), rest))
      floors += [self._alike(_picked(self._natural, i), best) for i in worst]
    mean = lambda values: float(np.mean(values)) if values else float('nan')
    return mean(floors), mean(ceilings)

  def _features_of(self, variables, images, layers):
    activations = self.network.apply(variables, images, layers)
    return {name: _mean(a) for name, a in activations.items()}

  def _strength(self, images, means, channels):
    """Of the units: clean, under held-out transforms, and their rank."""
    own = np.take_along_axis(means, channels[:, None], 1)
    draws = []
    for i in range(HELD_OUT):
      seen = np.concatenate(
        [self._transformed(images.shape[1], i, b) for b in _batches(images)]
      )[: len(images)]
      hidden = self.features(seen, (self.layer,))[self.layer]
      draws.append(np.take_along_axis(hidden, channels[:, None], 1)[:, 0])
    return {
      'activation': own[:, 0],
      'heldout_mean': np.mean(draws, 0),
      'heldout_worst': np.min(draws, 0),
      'rank': 1.0 + (means > own).sum(1),
    }

  def _classes(self, images, logits, channels):
    """The unit's class, else the strongest: here and in the other network."""
    own = self.layer == self.logits
    classes = channels if own else logits.argmax(1)
    rows = np.arange(len(classes))
    labels = self.network.labels
    found = {
      'class': [labels[c] for c in classes],
      'class_probability': _softmax(logits)[rows, classes],
    }
    if self.other:
      probability = _softmax(self._other_logits(images))
      found['transfer'] = [
        probability[i, self._shared[c]] if c in self._shared else np.nan
        for i, c in enumerate(classes)
      ]
    return found

  def _other_logits(self, images):
    # At the size it was trained at: a classifier's pooling depends on it.
    layer = _logits(self.other)
    apply = jax.jit(self.other.apply, static_argnums=2)
    size = (_BATCH, *self.other.input_size, images.shape[-1])
    parts = [
      apply(self.other.variables, jax.image.resize(b, size, 'linear'), (layer,))
      for b in _batches(images)
    ]
    return _joined(parts, len(images))[layer]

  def _similarity(self, features, channels):
    """Mean over layers of the rank correlation with the unit's best images."""
    return [
      self._alike(_picked(features, i), self._best(self._order(channel)))
      for i, channel in enumerate(channels)
    ]

  def _order(self, channel):
    """Natural images, from the weakest for a unit to the strongest."""
    return np.argsort(self._natural[self.layer][:, channel], kind='stable')

  def _best(self, order):
    return order[-max(1, min(_NEAREST, len(order) // 2)) :]

  def _alike(self, features, chosen):
    return np.mean(
      [
        _spearman(features[k], self._natural[k][chosen].mean(0))
        for k in self._path
      ]
    )


def natural_images(folder: str, size: int) -> np.ndarray:
  """Photos as float32 [m, size, size, 3] in [0, 1]: middle square, resized.

  Raises:
    FvizError: no such folder, fewer than two images, or one is unreadable.
  """
  images = photo_folders.images(folder, size)
  if len(images) < 2:
    raise errors.FvizError(
      f'{folder} holds one photo; natural_path compares with at least 2.'
    )
  return images


def _logits(network: types.Network) -> str:
  """The layer of the classes, '' where there is none with labels."""
  name = list(network.layers)[-1]
  layer = network.layers[name]
  fits = not layer.size and layer.channels == len(network.labels)
  return name if fits else ''


def _path(network: types.Network, layer: str) -> tuple[str, ...]:
  """The main layers up to a unit's: what an image passes on its way."""
  names = list(network.layers)
  below = names[: names.index(layer) + 1]
  main = [name for name in below if '/' not in name]
  return tuple(dict.fromkeys([*main, layer]))


def _shared_labels(network, other) -> dict[int, int]:
  """Class here -> class there."""
  there = {label: i for i, label in enumerate(other.labels)}
  shared = {
    i: there[label] for i, label in enumerate(network.labels) if label in there
  }
  if not (shared and _logits(network) and _logits(other)):
    raise errors.FvizError(
      f'{network.name} and {other.name} share no labels, so no class can '
      'transfer. Give another config.comparison.transfer, or none.'
    )
  if other.input_channels != network.input_channels:
    raise errors.FvizError(
      f'{other.name} takes {other.input_channels} channels, {network.name} '
      f'{network.input_channels}: pictures cannot transfer.'
    )
  return shared


def _transformed(size, draw, images):
  """The held-out transform number `draw`, the same for every picture."""
  key = jax.random.fold_in(jax.random.key(HELD_OUT), draw)
  one = lambda image: held_out(size)(key, image[None])[0]
  return jax.vmap(one)(images)


def _mean(activation):
  """[n, ..., channels] -> [n, channels]."""
  axes = tuple(range(1, activation.ndim - 1))
  return jnp.mean(activation.astype(jnp.float32), axes)


def _batches(images):
  """Of one size, the last one padded."""
  for start in range(0, len(images), _BATCH):
    part = np.asarray(images[start : start + _BATCH], np.float32)
    missing = ((0, _BATCH - len(part)), (0, 0), (0, 0), (0, 0))
    yield jnp.asarray(np.pad(part, missing, 'edge'))


def _joined(parts, n):
  return {
    name: np.concatenate([part[name] for part in parts])[:n]
    for name in parts[0]
  }


def _picked(features, i):
  return {name: values[i] for name, values in features.items()}


def _softmax(logits):
  logits = np.asarray(logits, np.float64)
  e = np.exp(logits - logits.max(1, keepdims=True))
  return e / e.sum(1, keepdims=True)


def _spearman(a, b) -> float:
  """Rank correlation, ties at their mean rank; 0 where one is constant."""
  a, b = _ranks(a), _ranks(b)
  norm = np.linalg.norm(a) * np.linalg.norm(b)
  return float(a @ b / norm) if norm > 0 else 0.0


def _ranks(x):
  """Centred."""
  _, place, counts = np.unique(x, return_inverse=True, return_counts=True)
  last = np.cumsum(counts)
  ranks = (last - (counts - 1) / 2)[place]
  return ranks - ranks.mean()


def _plain(value):
  return value if isinstance(value, str) else float(value)
