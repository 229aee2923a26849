"""Whether a picture passes through a network as natural images do.

A picture may excite a unit and yet reach it by another way than any photo. The
path of a picture is the mean activation of every channel, in every main layer
up to the unit's. It is compared with the path of the natural images that excite
the unit most, by rank correlation, as in Geirhos et al. 2023.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from fviz import errors, types
from fviz.media import photo_folders

_NEAREST = 5  # Natural images that stand for a unit, at most.


class NaturalPath:
  """The paths of natural images, to compare pictures with.

  Args:
    layers: from the bottom up; the last one holds the units.
    means: of the natural images, two or more: layer -> [images, channels].
  """

  def __init__(self, layers: Sequence[str], means: Mapping[str, np.ndarray]):
    self._layers, self._means = layers, means

  def similarity(
    self, means: Mapping[str, np.ndarray], channels: Sequence[int] | np.ndarray
  ) -> np.ndarray:
    """How alike pictures and the strongest images of their units are, [n].

    The mean over layers of Spearman's correlation, in [-1, 1].

    Args:
      means: of the pictures, layer -> [n, channels].
      channels: [n], the unit of each.
    """
    best = [self._weak_and_best(channel)[1] for channel in channels]
    found = [self._alike(means, [i], chosen) for i, chosen in enumerate(best)]
    return np.concatenate(found)

  def range(self, channels: Sequence[int] | np.ndarray) -> tuple[float, float]:
    """(floor, ceiling) of the similarity, means over units; NaN where unknown.

    Ceiling: each of a unit's strongest natural images against the others;
    floor: its weaker half of the natural images against the strongest.
    """
    floors, ceilings = [], []
    for channel in channels:
      weak, best = self._weak_and_best(channel)
      floors.append(self._alike(self._means, weak, best))
      if len(best) > 1:
        ceilings += [
          self._alike(self._means, [i], best[best != i]) for i in best
        ]
    mean = lambda parts: (
      float(np.mean(np.concatenate(parts))) if parts else float('nan')
    )
    return mean(floors), mean(ceilings)

  def _weak_and_best(self, channel: int) -> tuple[np.ndarray, np.ndarray]:
    """A unit's weaker half of the natural images, and its few strongest."""
    strength = self._means[self._layers[-1]][:, channel]
    order, half = np.argsort(strength, kind='stable'), len(strength) // 2
    return order[:half], order[-max(1, min(_NEAREST, half)) :]

  def _alike(
    self,
    means: Mapping[str, np.ndarray],
    rows: Sequence[int] | np.ndarray,
    chosen: np.ndarray,
  ) -> np.ndarray:
    """Some rows of means against the mean path of natural images, [rows]."""
    by_layer = [
      rank_correlations(means[k][rows], self._means[k][chosen].mean(0))
      for k in self._layers
    ]
    return np.mean(np.stack(by_layer, axis=1), axis=1)


def layers_up_to(network: types.Network, layer: str) -> tuple[str, ...]:
  """The main layers that an image passes on its way to a unit's layer."""
  names = list(network.layers)
  main = [n for n in names[: names.index(layer)] if '/' not in n]
  return (*main, layer)


def photos(folder: str, size: int) -> np.ndarray:
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


def rank_correlations(rows: ArrayLike, one: ArrayLike) -> np.ndarray:
  """Spearman's correlation of each row with one vector, ties at mean ranks.

  [n, values] and [values] -> [n]; 0 where either is constant.

  >>> rank_correlations([[1, 2, 9], [3, 2, 1], [5, 5, 5]], [0.1, 0.2, 0.3])
  array([ 1., -1.,  0.])
  """
  from scipy import stats  # Here, as it would slow down `import fviz`.

  a, b = (stats.rankdata(x, axis=-1) for x in (rows, one))
  a, b = (x - x.mean(-1, keepdims=True) for x in (a, b))
  norms = np.linalg.norm(a, axis=-1) * np.linalg.norm(b)
  return np.divide(a @ b, norms, out=np.zeros(len(a)), where=norms > 0)
