"""What a dream starts from: numbers that can be, a photo, a mask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from fviz import deepdream, errors, models
from fviz.compiler import precisions
from fviz.deepdream import octaves
from fviz.media import photos

SIGHTS = ('channels', 'label', 'guide')  # At most one instead of whole layers.
_NOISE_SIZE = 512  # Pixels a side.


def check(values: Mapping[str, Any]) -> None:
  """Raises an `FvizError` for names and numbers that cannot be.

  Args:
    values: the fields of `fviz.config.dream`.
  """
  if values['model'] not in models.names():
    raise errors.unknown('model', values['model'], models.names())
  chosen = [k for k in SIGHTS if values[k]]
  if len(chosen) > 1:
    raise errors.FvizError(
      f'Give one of channels, label and guide, not {" and ".join(chosen)}.'
    )
  for name, low, high in (
    ('size', 0, 16384),
    ('seed', 0, 2**32 - 1),
    ('octaves', 1, 20),
    ('iterations', 0, 10000),
  ):
    if not low <= values[name] <= high:
      raise errors.FvizError(
        f'{name} must be from {low} to {high}, not {values[name]}.'
      )
  precisions.check(values['precision'])


def photo(
  values: Mapping[str, Any],
) -> tuple[np.ndarray, np.ndarray | None, dict[str, str]]:
  """The image, its alpha if it has any, and its part of the record."""
  if values['input'] == 'noise':
    side = values['size'] or _NOISE_SIZE
    return deepdream.noise((side, side), values['seed']), None, {}
  read = photos.read(values['input'] or photos.sample())
  h, w = read.image.shape[:2]
  if min(h, w) < 8 and not values['size']:
    raise errors.FvizError(
      f'{read.path} is {w} x {h} pixels: there is nothing to dream about. '
      'Give a larger photo, or enlarge it (--size 512).'
    )
  image, alpha = photos.fitted(read.image, values['size']), read.alpha
  if alpha is not None:
    alpha = photos.resized(alpha, octaves.size_of(image))
  return image, alpha, {'input_sha256': read.sha256}


def mask(
  path: str, size: octaves.Size
) -> tuple[np.ndarray | None, dict[str, str]]:
  """The mask of an image size, if any, and its part of the record."""
  if not path:
    return None, {}
  read = photos.read(path)
  where = photos.resized(read.image.mean(-1), size)
  if not where.any():
    raise errors.FvizError(
      f'{path} is all black: it must be white where to dream.'
    )
  return where, {'mask_sha256': read.sha256}
