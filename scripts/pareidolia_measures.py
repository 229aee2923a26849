"""What evaluate_pareidolia measures, one function a table of the report."""

from __future__ import annotations

import collections
import os
import pathlib

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from PIL import Image

from fviz import networks, types
from fviz.models import pareidolia
from scripts import pareidolia_data as data
from scripts import pareidolia_pictures, pareidolia_step, rendering

_BATCH = 64
_DEAD = 1e-3  # A channel that never rises above this is dead.
_VIEWS = 16  # Transforms under which a logit's picture is classified.


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
  guesses = _classify(network, images, size)
  return _accuracy_table(network.labels, labels, guesses)


def attacked(network: types.Network, renders, size: int, radius: float) -> dict:
  """Accuracy under L2 PGD of ten steps, all classes."""
  images, labels = renders
  # Compiled a pass at a time: ten in one program take minutes to compile.
  classify = jax.jit(_classifier(network))
  guesses = []
  for k in range(0, len(images), _BATCH):
    x = data.resize(images[k : k + _BATCH], size)
    known = jnp.asarray(labels[k : k + _BATCH])
    key = jax.random.fold_in(jax.random.key(0), k)
    x = pareidolia_step.attack(key, classify, x, known, radius, steps=10)
    guesses.append(np.asarray(classify(x).argmax(-1)))
  return _accuracy_table(network.labels, labels, np.concatenate(guesses))


def dead(network: types.Network, renders, photos: str) -> dict:
  """Share of never active channels a layer, on renders and on photos."""
  images = data.resize(renders[0][::4], network.input_size[0])
  table = {'renders': _dead_share(network, np.asarray(images))}
  if photos:
    table['photos'] = _dead_share(network, _photo_crops(photos))
    table['photo crops'] = len(_photo_crops(photos))
  return table


def digits(network: types.Network) -> dict:
  """Linear probe on scikit-learn's digits against a random network.

  With half of the 1797 digits to learn from any wide random network does
  well; with a few a class the features have to carry the probe.
  """
  from sklearn import datasets

  images, labels = datasets.load_digits(return_X_y=True)
  images = np.uint8(images.reshape(-1, 8, 8, 1) / 16 * 255)
  images = np.repeat(images, 3, -1)
  model = pareidolia.Pareidolia(len(network.labels), rngs=nnx.Rngs(0))
  blank = networks.from_nnx(model, preprocess=pareidolia.preprocess)
  table = {}
  for layer in ('mixed3', 'mixed5'):
    ours, random = (_features(n, layer, images) for n in (network, blank))
    for per_class in (3, 10, 90):
      table[f'{layer}, {per_class} a class'] = {
        'pareidolia': _probe(ours, labels, per_class),
        'random network': _probe(random, labels, per_class),
      }
  return table


def pictures(network, second, sheet: str, cache: str) -> dict:
  """Whether the picture of each logit is recognized, in 16 other views.

  Args:
    network: whose logits are maximized.
    second: another judge of the same classes, or None.
    sheet: PNG file for all pictures, or ''.
    cache: NPY file to take the pictures from or to put them into, or ''.
  """
  if cache and os.path.exists(cache):
    images = np.load(cache)
  else:
    channels = np.arange(len(network.labels))
    images = pareidolia_pictures.maximize(
      network, 'logits', channels, size=network.input_size[0]
    )
    if cache:
      np.save(cache, images)
  if sheet:
    _contact_sheet(images, sheet)
  views = np.asarray(held_out_views(jax.random.key(5), images))
  table = {'grain': grain(images), 'itself': _views_table(network, views)}
  if second is not None:
    if second.labels != network.labels:
      raise ValueError('The second network has other classes.')
    table['second network'] = _views_table(second, views)
  return table


def held_out_views(key: jax.Array, images) -> jax.Array:
  """Transforms that no recipe uses: zoom with aspect, tone, mirror, noise.

  Args:
    key: of all the views.
    images: [n, side, side, 3] in [0, 1].

  Returns:
    [16, n, side, side, 3] in [0, 1].
  """
  pixels = jnp.asarray(np.uint8(255 * np.clip(images, 0, 1) + 0.5))
  side = images.shape[1]
  views = [data.augment(k, pixels, side) for k in jax.random.split(key, _VIEWS)]
  return jnp.stack(views)


def grain(images: np.ndarray) -> float:
  """Share of the spectral power above 4/5 of the Nyquist frequency.

  Args:
    images: [n, side, side, 3]; each channel's mean is removed.
  """
  centred = images - images.mean((1, 2), keepdims=True)
  power = np.abs(np.fft.fft2(centred, axes=(1, 2))) ** 2
  f = np.abs(np.fft.fftfreq(images.shape[1]))
  high = np.maximum(f[:, None], f[None]) > 0.4
  return float(power[:, high].sum() / power.sum())


def _views_table(network, views) -> dict:
  size = views.shape[2]
  guesses = np.stack(
    [_classify(network, np.uint8(255 * v + 0.5), size) for v in views]
  )
  right = (guesses == np.arange(views.shape[1])).mean(0)
  missed = np.flatnonzero(right <= 0.5)
  return {
    'classes recognized in most views': float((right > 0.5).mean()),
    'classes recognized in all views': float((right == 1).mean()),
    'views recognized': float(right.mean()),
    'missed': {network.labels[k]: float(right[k]) for k in missed},
  }


def _classifier(network):
  def classify(images):
    found = network.apply(network.variables, images, ('logits',))
    return found['logits']

  return classify


def _classify(network, images, size):
  classify = _classifier(network)
  guess = jax.jit(lambda x: classify(data.resize(x, size)).argmax(-1))
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


def _features(network, layer, images) -> np.ndarray:
  """Spatial means of a layer: [n, channels]."""

  @jax.jit
  def mean(x):
    x = data.resize(x, 64)
    return network.apply(network.variables, x, (layer,))[layer].mean((1, 2))

  parts = range(0, len(images), _BATCH)
  return np.concatenate([mean(images[k : k + _BATCH]) for k in parts])


def _probe(x, labels, per_class: int, repeats: int = 5) -> float:
  """Mean accuracy of logistic regression fitted to a few images a class."""
  from sklearn import linear_model, model_selection, pipeline, preprocessing

  scores = []
  for seed in range(repeats):
    fit_x, test_x, fit_y, test_y = model_selection.train_test_split(
      x, labels, train_size=10 * per_class, random_state=seed, stratify=labels
    )
    probe = pipeline.make_pipeline(
      preprocessing.StandardScaler(),
      linear_model.LogisticRegression(max_iter=2000),
    )
    scores.append(probe.fit(fit_x, fit_y).score(test_x, test_y))
  return float(np.mean(scores))


def _contact_sheet(images, path: str, columns: int = 10) -> None:
  n, side = images.shape[:2]
  rows = -(-n // columns)
  sheet = np.zeros((rows * (side + 2), columns * (side + 2), 3), np.uint8)
  for k, image in enumerate(images):
    y, x = ((side + 2) * i for i in divmod(k, columns))
    sheet[y : y + side, x : x + side] = 255 * np.clip(image, 0, 1) + 0.5
  Image.fromarray(sheet).save(path)
