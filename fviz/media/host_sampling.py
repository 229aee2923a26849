"""Images sampled on the host: zoomed, turned, shifted, moved along a flow."""

import math

import numpy as np


def moved(
  image: np.ndarray,
  zoom: float = 1.0,
  degrees: float = 0.0,
  shift: tuple[float, float] = (0.0, 0.0),
) -> np.ndarray:
  """An image zoomed into, turned and shifted about its centre, bilinear.

  Args:
    image: [h, w, c]; outside it is mirrored.
    zoom: above 1 enlarges.
    degrees: counterclockwise.
    shift: pixels right and down.
  """
  h, w = image.shape[:2]
  y, x = np.mgrid[:h, :w].astype(np.float32)
  y, x = y - (h - 1) / 2 - shift[1], x - (w - 1) / 2 - shift[0]
  c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
  rows = (c * y + s * x) / zoom + (h - 1) / 2
  columns = (c * x - s * y) / zoom + (w - 1) / 2
  return sampled(image, rows, columns)


def sampled(
  image: np.ndarray, rows: np.ndarray, columns: np.ndarray
) -> np.ndarray:
  """Bilinear samples of [h, w, c] at [...] positions; mirrored outside."""
  h, w = image.shape[:2]
  rows, columns = _mirrored(rows, h), _mirrored(columns, w)
  top, left = rows.astype(np.int32), columns.astype(np.int32)
  below, after = np.minimum(top + 1, h - 1), np.minimum(left + 1, w - 1)
  down, right = (rows - top)[..., None], (columns - left)[..., None]
  upper = image[top, left] * (1 - right) + image[top, after] * right
  lower = image[below, left] * (1 - right) + image[below, after] * right
  return np.asarray(upper * (1 - down) + lower * down, np.float32)


def _mirrored(places: np.ndarray, size: int) -> np.ndarray:
  if size == 1:
    return np.zeros_like(places)
  places = np.abs(places) % (2 * (size - 1))
  return np.minimum(places, 2 * (size - 1) - places)
