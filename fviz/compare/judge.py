"""Numbers that need networks: what a picture does to its unit, and to others.

`fviz.compare.metrics` has the list of all numbers, and those that need the
pixels alone.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from fviz import checks, errors, jax_settings, transforms, types
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
    self.logits = _class_layer(network)
    self._apply = jax.jit(network.apply, static_argnums=2)
    self._means = jax.jit(self._means_of, static_argnums=2)
    self._transformed = jax.jit(_transformed, static_argnums=0)
    self._shared = _shared_labels(network, other) if other else {}
    path = () if natural is None else natural_path.layers_up_to(network, layer)
    wanted = {layer, self.logits, *path}
    # In the order of the forward pass: equal for equal arguments.
    self._wanted = tuple(name for name in network.layers if name in wanted)
    self._natural = None
    if natural is not None:
      natural = checks.images('natural', natural)
      means = self._features(natural, self._wanted)
      self._natural = natural_path.NaturalPath(path, means)

  @jax_settings.under_fixed
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
    images = checks.images('images', images, finite=False)
    channels = np.asarray(channels)
    features = self._features(images, self._wanted)
    found: dict[str, Any] = {**metrics.of_pictures(images)}
    found |= self._strength(images, features[self.layer], channels)
    if self.logits:
      found |= self._classes(images, features[self.logits], channels)
    if self._natural:
      found['natural_path'] = self._natural.similarity(features, channels)
    return [
      {k: v[i] if k == 'class' else float(v[i]) for k, v in found.items()}
      for i in range(len(images))
    ]

  @jax_settings.under_fixed
  def activations(self, images: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The unit's layer, [..., channels], of pictures [h, w, c] of any size."""
    images = [
      checks.images('An image', x, 'h w c', None, False) for x in images
    ]
    if len({image.shape for image in images}) > 1:
      return [self.activations([image])[0] for image in images]
    apply = lambda x: self._apply(self.network.variables, x, (self.layer,))
    return list(_in_batches(apply, np.stack(images))[self.layer])

  def natural_range(
    self, channels: Sequence[int]
  ) -> tuple[float, float] | None:
    """(floor, ceiling) of `natural_path`, None without natural images."""
    return self._natural and self._natural.range(channels)

  def _features(
    self, images: np.ndarray, layers: tuple[str, ...]
  ) -> dict[str, np.ndarray]:
    """Means over positions, layer -> [n, channels]."""
    means = lambda x: self._means(self.network.variables, x, layers)
    return _in_batches(means, images)

  def _means_of(self, variables, images, layers):
    activations = self.network.apply(variables, images, layers)
    positions = lambda a: tuple(range(1, a.ndim - 1))
    mean = lambda a: jnp.mean(a.astype(jnp.float32), positions(a))
    return {name: mean(a) for name, a in activations.items()}

  def _strength(
    self, images: np.ndarray, means: np.ndarray, channels: np.ndarray
  ) -> dict[str, np.ndarray]:
    """How strong the units are: clean, under held-out transforms, in rank."""
    own = np.take_along_axis(means, channels[:, None], 1)
    draws = []
    for i in range(HELD_OUT):
      draw = lambda x, i=i: self._transformed(images.shape[1], i, x)
      seen = _in_batches(draw, images)
      hidden = self._features(seen, (self.layer,))[self.layer]
      draws.append(np.take_along_axis(hidden, channels[:, None], 1)[:, 0])
    return {
      'activation': own[:, 0],
      'heldout_mean': np.mean(draws, 0),
      'heldout_worst': np.min(draws, 0),
      'rank': 1.0 + (means > own).sum(1),
    }

  def _classes(
    self, images: np.ndarray, logits: np.ndarray, channels: np.ndarray
  ) -> dict[str, Any]:
    """The unit's class, else the strongest: here and in the other network."""
    own = self.layer == self.logits
    classes = channels if own else logits.argmax(1)
    labels, rows = self.network.labels, np.arange(len(classes))
    found = {
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


def _class_layer(network: types.Network) -> str:
  """The layer of the classes, '' where there is none with labels."""
  name, layer = list(network.layers.items())[-1]
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
  if not (shared and _class_layer(network) and _class_layer(other)):
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
  layer, apply = _class_layer(network), jax.jit(network.apply, static_argnums=2)
  size = (_BATCH, *network.input_size, images.shape[-1])
  resized = lambda x: jax.image.resize(x, size, 'linear')
  run = lambda x: apply(network.variables, resized(x), (layer,))
  return _in_batches(run, images)[layer]


def _transformed(size, draw, images):
  """The held-out transform number `draw`, the same for every picture."""
  key = jax.random.fold_in(jax.random.key(HELD_OUT), draw)
  one = lambda image: held_out(size)(key, image[None])[0]
  return jax.vmap(one)(images)


def _in_batches(function: Callable[[jax.Array], Any], images: np.ndarray):
  """What a function of 16 images makes of any number, in NumPy."""
  parts = []
  for start in range(0, len(images), _BATCH):
    part = np.asarray(images[start : start + _BATCH], np.float32)
    missing = ((0, _BATCH - len(part)), (0, 0), (0, 0), (0, 0))
    parts.append(function(jnp.asarray(np.pad(part, missing, 'edge'))))
  join = lambda *some: np.concatenate(some)[: len(images)]
  return jax.tree.map(join, *parts)


def _softmax(logits: np.ndarray) -> np.ndarray:
  from scipy import special  # Here, as it would slow down `import fviz`.

  return special.softmax(logits.astype(np.float64), axis=1)
