"""PyAV and OpenCV, which the extra `video` installs."""

from typing import Any

from fviz import distribution, errors

try:
  import av as _av
  import cv2 as _cv2
except ImportError:
  _av = _cv2 = None

# Not typed: the stubs that come with both differ from version to version.
av: Any = _av
cv2: Any = _cv2


def require() -> None:
  """Raises unless the extra `video` is installed."""
  if av is None or cv2 is None:
    raise errors.FvizError(
      f'Clips need PyAV and OpenCV: {distribution.install("video")}. Without '
      'them films can be written as .gif or .webp.'
    )
