"""A linear probe on scikit-learn's digits: do the features mean something?"""

from __future__ import annotations

import jax
import numpy as np
from flax import nnx

from fviz import networks, types
from fviz.models import pareidolia_network
from scripts.pareidolia import data

_LAYERS = ('mixed1', 'mixed2', 'mixed3', 'mixed4', 'mixed5')
_SIZES = 32, 64  # The digits have 8 pixels; strokes of 4 or 8 pixels.
_SHOTS = 1, 3, 10  # Digits a class to learn from.
_RANDOM = 4  # Networks of the same architecture that were not trained.
_SPLITS = 10
_BATCH = 64


def digits(network: types.Network) -> dict:
  """Accuracy of a logistic regression on spatial means, and a random net's.

  The whole table is reported: with many digits to learn from any wide random
  network does well, with a few the features have to carry the probe. The gain
  is in points, over the mean of several random networks; its deviation is over
  splits, each compared with the random networks on the same split.

  Args:
    network: pareidolia or another network of its layers.
  """
  from sklearn import datasets

  images, labels = datasets.load_digits(return_X_y=True)
  images = np.repeat(np.uint8(images.reshape(-1, 8, 8, 1) / 16 * 255), 3, -1)
  blanks = [_blank(len(network.labels), seed) for seed in range(_RANDOM)]
  table = {}
  for size in _SIZES:
    ours, *random = (_features(n, images, size) for n in (network, *blanks))
    for layer in (*_LAYERS, 'all five'):
      for shots in _SHOTS:
        mine = _probe(_of(ours, layer), labels, shots)
        theirs = [_probe(_of(r, layer), labels, shots) for r in random]
        gains = mine - np.mean(theirs, 0)
        table[f'{layer}, {size} px, {shots} a class'] = {
          'pareidolia': float(mine.mean()),
          'random networks': float(np.mean(theirs)),
          'best random network': float(np.mean(theirs, 1).max()),
          'gain': float(gains.mean()),
          'deviation': float(gains.std() / np.sqrt(len(gains) - 1)),
        }
  return table


def _blank(classes: int, seed: int) -> types.Network:
  model = pareidolia_network.Pareidolia(classes, rngs=nnx.Rngs(seed))
  return networks.from_nnx(model, preprocess=pareidolia_network.preprocess)


def _of(features, layer) -> np.ndarray:
  if layer in features:
    return features[layer]
  return np.concatenate(list(features.values()), -1)


def _features(network, images, size) -> dict[str, np.ndarray]:
  """Spatial means of the blocks: layer -> [n, channels]."""

  @jax.jit
  def means(x):
    found = network.apply(network.variables, data.resize(x, size), _LAYERS)
    return {k: v.mean((1, 2)) for k, v in found.items()}

  parts = [means(images[k : k + _BATCH]) for k in range(0, len(images), _BATCH)]
  return jax.tree.map(lambda *x: np.concatenate(x), *parts)


def _probe(x, labels, shots: int) -> np.ndarray:
  """Accuracies of logistic regression on the rest, one a random split."""
  from sklearn import linear_model, model_selection, pipeline, preprocessing

  scores = []
  for seed in range(_SPLITS):
    fit_x, test_x, fit_y, test_y = model_selection.train_test_split(
      x, labels, train_size=10 * shots, random_state=seed, stratify=labels
    )
    probe = pipeline.make_pipeline(
      preprocessing.StandardScaler(),
      linear_model.LogisticRegression(max_iter=500),
    )
    scores.append(probe.fit(fit_x, fit_y).score(test_x, test_y))
  return np.array(scores)
