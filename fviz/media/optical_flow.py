"""Optical flow by OpenCV: how things move from one frame to the next."""

from typing import NamedTuple

import numpy as np

from fviz.media import host_sampling
from fviz.media.video_extra import cv2

FLOWS = ('dis', 'farneback', 'none')


class Motion(NamedTuple):
  """How each pixel of a frame came from the one before, [h, w] each."""

  rows: np.ndarray  # Fractional, where it was.
  columns: np.ndarray
  moving: np.ndarray  # Whether it moved more than the threshold.
  hidden: np.ndarray  # Whether it could not be seen before.


def motion(
  before: np.ndarray, after: np.ndarray, kind: str, threshold: float
) -> Motion:
  """Where each pixel of `after` was in `before`, both uint8 [h, w, 3]."""
  back = _flow(after, before, kind)
  h, w = after.shape[:2]
  y, x = np.mgrid[:h, :w].astype(np.float32)
  rows, columns = y + back[..., 1], x + back[..., 0]
  # Flow there and back again must cancel, but for a share of its length.
  ahead = host_sampling.sampled(_flow(before, after, kind), rows, columns)
  lengths = (back**2).sum(-1) + (ahead**2).sum(-1)
  hidden = ((back + ahead) ** 2).sum(-1) > 0.01 * lengths + 0.5
  # A pixel reaches half a pixel beyond its middle: flows are never quite zero.
  hidden |= (rows < -0.5) | (rows > h - 0.5)
  hidden |= (columns < -0.5) | (columns > w - 0.5)
  moving = np.hypot(back[..., 0], back[..., 1]) > threshold
  return Motion(rows, columns, moving, hidden)


def carried(
  image: np.ndarray,
  before: np.ndarray,
  dream: np.ndarray,
  moved: Motion,
  blend_flow: float,
  blend_static: float,
) -> np.ndarray:
  """A frame with the last dream in it, from where its own dream starts.

  Moving pixels get a share of what the dream had added, brought along the
  flow. Still ones are mixed with the dream (Suzuki et al. 2017). Those that
  were hidden stay as they are in the frame.

  Args:
    image: [h, w, 3] in [0, 1].
    before: the last frame, and `dream` its dream, of the same kind.
    moved: from `motion`.
    blend_flow: share of the dream's change, in [0, 1].
    blend_static: share of the dream, in [0, 1].
  """
  along = image + blend_flow * _along(dream - before, moved)
  still = (1 - blend_static) * image + blend_static * dream
  out = np.where(moved.moving[..., None], along, still)
  return np.clip(np.where(moved.hidden[..., None], image, out), 0, 1)


def is_cut(before: np.ndarray, after: np.ndarray, threshold: float) -> bool:
  """Whether a new scene starts between two frames, uint8 [h, w, 3].

  It does where the histograms of a colour are further apart than a threshold
  in [0, 1] (total variation distance).
  """
  share = lambda x: [
    np.histogram(x[..., c], 16, (0, 256))[0] / x[..., c].size for c in range(3)
  ]
  distances = np.abs(np.subtract(share(before), share(after))).sum(1) / 2
  return float(distances.max()) > threshold


def _along(image: np.ndarray, moved: Motion) -> np.ndarray:
  """[h, w, c] from where the pixels were, by Lanczos; mirrored outside.

  A dream is sampled anew at every frame. By bilinear samples its detail would
  be gone after ten.
  """
  return cv2.remap(
    np.ascontiguousarray(image, np.float32),
    np.asarray(moved.columns, np.float32),
    np.asarray(moved.rows, np.float32),
    cv2.INTER_LANCZOS4,
    borderMode=cv2.BORDER_REFLECT_101,
  )


def _flow(first: np.ndarray, second: np.ndarray, kind: str) -> np.ndarray:
  """[h, w, 2]: how far x and y are in the second, for pixels of the first."""
  grey = [cv2.cvtColor(i, cv2.COLOR_RGB2GRAY) for i in (first, second)]
  if kind == 'farneback':  # The parameters are those of Suzuki et al. 2017.
    return cv2.calcOpticalFlowFarneback(*grey, None, 0.5, 3, 15, 3, 5, 1.2, 0)
  dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
  return dis.calc(*grey, None)
