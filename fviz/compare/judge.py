"""Numbers that need networks: what a picture does to its unit, and to others.

`fviz.compare.metrics` has the list of all numbers, and those that need the
pixels alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import jax
import jax.numpy as jnp
import numpy as np

from fviz import errors, transforms, types
from fviz.compare import metrics, natural_path

HELD_OUT = 16  # Draws of the transform below; the same for every picture.
_BATCH = 16  # Pictures at once; one compiled shape.


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
    FvizError: the other network shares no labels with this one.
  """

  def __init__(
    self,
    network: types.Network,
    layer: str,
    other: types.Network | None = None,
    natural: np.ndarray | None = None,
  ):
    self.network, self.layer, self.other = network, layer, other
    self.logits = class_layer(network)
    self._apply = jax.jit(network.apply, static_argnums=2)
    self._features = jax.jit(self._features_of, static_argnums=2)
    self._transformed = jax.jit(_transformed, static_argnums=0)
    self._shared = _shared_labels(network, other) if other else {}
    path = () if natural is None else natural_path.layers_up_to(network, layer)
    wanted = {layer, self.logits, *path}
    # In the order of the forward pass: equal for equal arguments.
    self._wanted = tuple(name for name in network.layers if name in wanted)
    self._natural = None
    if natural is not None:
      means = self.features(natural, self._wanted)
      self._natural = natural_path.NaturalPath(path, means)

  def measure(
    self, images: np.ndarray, channels: Sequence[int] | np.ndarray
  ) -> list[dict[str, float | str]]:
    """All metrics of pictures; those without meaning here are absent.

    Args:
      images: [n, h, w, c] in [0, 1].
      channels: [n], the unit of each.

    Returns:
      A dictionary of `metrics.METRICS` names a picture, and 'class' (the
      label that class_probability and transfer are about).
    """
    channels = np.asarray(channels)
    features = self.features(images, self._wanted)
    found: dict[str, np.ndarray | list] = {**metrics.of_pictures(images)}
    found |= self._strength(images, features[self.layer], channels)
    if self.logits:
      found |= self._classes(images, features[self.logits], channels)
    if self._natural:
      found['natural_path'] = self._natural.similarity(features, channels)
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

  def natural_range(
    self, channels: Sequence[int]
  ) -> tuple[float, float] | None:
    """(floor, ceiling) of `natural_path`, None without natural images."""
    return self._natural and self._natural.range(channels)

  def _features_of(self, variables, images, layers):
    activations = self.network.apply(variables, images, layers)
    return {name: _mean(a) for name, a in activations.items()}

  def _strength(
    self, images: np.ndarray, means: np.ndarray, channels: np.ndarray
  ) -> dict[str, np.ndarray]:
    """How strong the units are: clean, under held-out transforms, in rank."""
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

  def _classes(
    self, images: np.ndarray, logits: np.ndarray, channels: np.ndarray
  ) -> dict[str, np.ndarray | list]:
    """The unit's class, else the strongest: here and in the other network."""
    own = self.layer == self.logits
    classes = channels if own else logits.argmax(1)
    labels, rows = self.network.labels, np.arange(len(classes))
    found: dict[str, np.ndarray | list] = {
      'class': [labels[c] for c in classes],
      'class_probability': _softmax(logits)[rows, classes],
    }
    if self.other:
      probability = _softmax(_logits_of(self.other, images))
      found['transfer'] = [
        probability[i, self._shared[c]] if c in self._shared else np.nan
        for i, c in enumerate(classes)
      ]
    return found


def class_layer(network: types.Network) -> str:
  """The layer of the classes, '' where there is none with labels."""
  name = list(network.layers)[-1]
  layer = network.layers[name]
  fits = not layer.size and layer.channels == len(network.labels)
  return name if fits else ''


def _shared_labels(
  network: types.Network, other: types.Network
) -> dict[int, int]:
  """Class here -> class there."""
  there = {label: i for i, label in enumerate(other.labels)}
  shared = {
    i: there[label] for i, label in enumerate(network.labels) if label in there
  }
  if not (shared and class_layer(network) and class_layer(other)):
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


def _logits_of(network: types.Network, images: np.ndarray) -> np.ndarray:
  # At the size it was trained at: a classifier's pooling depends on it.
  layer, apply = class_layer(network), jax.jit(network.apply, static_argnums=2)
  size = (_BATCH, *network.input_size, images.shape[-1])
  parts = [
    apply(network.variables, jax.image.resize(b, size, 'linear'), (layer,))
    for b in _batches(images)
  ]
  return _joined(parts, len(images))[layer]


def _transformed(size, draw, images):
  """The held-out transform number `draw`, the same for every picture."""
  key = jax.random.fold_in(jax.random.key(HELD_OUT), draw)
  one = lambda image: held_out(size)(key, image[None])[0]
  return jax.vmap(one)(images)


def _mean(activation):
  """[n, ..., channels] -> [n, channels]."""
  axes = tuple(range(1, activation.ndim - 1))
  return jnp.mean(activation.astype(jnp.float32), axes)


def _batches(images: np.ndarray) -> Iterator[jax.Array]:
  """Batches of one size, the last one padded."""
  for start in range(0, len(images), _BATCH):
    part = np.asarray(images[start : start + _BATCH], np.float32)
    missing = ((0, _BATCH - len(part)), (0, 0), (0, 0), (0, 0))
    yield jnp.asarray(np.pad(part, missing, 'edge'))


def _joined(
  parts: Sequence[Mapping[str, jax.Array]], n: int
) -> dict[str, np.ndarray]:
  return {
    name: np.concatenate([part[name] for part in parts])[:n]
    for name in parts[0]
  }


def _softmax(logits: np.ndarray) -> np.ndarray:
  from scipy import special  # Here, as it would slow down `import fviz`.

  return special.softmax(logits.astype(np.float64), axis=1)


def _plain(value) -> float | str:
  return value if isinstance(value, str) else float(value)
