"""The octaves of DeepDream: an image at falling sizes, details carried up.

This is NumPy: between octaves an image is resized once, which is not worth
compiling for each size.
"""

import numpy as np

from fviz.errors import FvizError

Size = tuple[int, int]


def size_of(image: np.ndarray) -> Size:
  """(height, width) of an image [h, w, ...]."""
  h, w = image.shape[:2]
  return h, w


def sizes(size: Size, octaves: int, scale: float) -> list[Size]:
  """(height, width) of each octave, the smallest first.

  Each is the one above divided by `scale` and rounded, as by repeated zooms
  (DeepDream notebook 2015).

  >>> sizes((575, 1024), 3, 1.4)
  [(294, 522), (411, 731), (575, 1024)]
  """
  if octaves < 1 or not scale > 1:
    raise FvizError(
      f'octaves must be at least 1 and octave_scale above 1, not {octaves} and '
      f'{scale}.'
    )
  found = [size]
  for _ in range(octaves - 1):
    h, w = (max(1, round(side / scale)) for side in found[-1])
    found.append((h, w))
  return found[::-1]


def bases(
  image: np.ndarray, octaves: int, scale: float, around: bool = False
) -> list[np.ndarray]:
  """The image at each of `sizes`, by repeated zooms; see `zoom`."""
  found = [image]
  for size in sizes(size_of(image), octaves, scale)[-2::-1]:
    found.append(zoom(found[-1], size, around))
  return found[::-1]


def zoom(image: np.ndarray, size: Size, around: bool = False) -> np.ndarray:
  """Bilinear resizing, corner pixels on corner pixels.

  The same as scipy.ndimage.zoom of order 1.

  Args:
    image: [h, w, ...] float32.
    size: (height, width) of the result.
    around: whether the width is a circle, so that the last column is as far
      from the first as from the one before it.

  >>> zoom(np.array([[0., 1.]], np.float32), (1, 3))[0].tolist()
  [0.0, 0.5, 1.0]
  >>> zoom(np.array([[0., 1.]], np.float32), (1, 4), around=True)[0].tolist()
  [0.0, 0.5, 1.0, 0.5]
  """
  if around:  # A circle is closed by its first column.
    closed = np.concatenate([image, image[:, :1]], axis=1)
    return zoom(closed, (size[0], size[1] + 1))[:, :-1]
  for axis in (0, 1):
    image = _zoom_axis(image, axis, size[axis])
  return image


def _zoom_axis(image: np.ndarray, axis: int, length: int) -> np.ndarray:
  old = image.shape[axis]
  if old == length:
    return image
  places = np.linspace(0, old - 1, length) if length > 1 else np.zeros(1)
  low = np.minimum(places.astype(np.int64), max(old - 2, 0))
  shape = [1] * image.ndim
  shape[axis] = length
  part = (places - low).astype(np.float32).reshape(shape)
  first = np.take(image, low, axis)
  second = np.take(image, np.minimum(low + 1, old - 1), axis)
  return first + part * (second - first)
