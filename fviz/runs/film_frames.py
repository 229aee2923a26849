"""Frames on the disk: made one after another, kept, and joined to a film.

Each frame is a whole PNG, and whatever a frame needs of the one before is read
from there, so that a film that was killed ends as one that was not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from etils import epath

from fviz import errors
from fviz.media import clips, png
from fviz.runs import film_output
from fviz.storage import workdir

# What a frame is made from, [h, w, 3], and its seconds from the start; None
# where frames are evenly spaced.
Source = tuple[np.ndarray, float | None]
# (number, its source, the source before, the frame before) -> frame.
Maker = Callable[
  [int, np.ndarray, np.ndarray | None, np.ndarray | None], np.ndarray
]


class Frames:
  """The frames of a film in its working directory.

  Args:
    path: created, or resumed if its config is the same.
    record: what makes the film; in every frame's metadata.
    ignore: dotted names of fields that no frame depends on.

  Raises:
    FvizError: the directory cannot be used, or holds another film.
  """

  def __init__(
    self, path: str, record: Mapping[str, Any], ignore: tuple[str, ...] = ()
  ):
    ignore = ('versions', *ignore)
    self.directory = workdir.Workdir.open(path, record, ignore)
    self.record = record

  def __enter__(self) -> Frames:
    return self

  def __exit__(self, *unused: object) -> None:
    self.directory.close()

  def path(self, number: int) -> epath.Path:
    """The file of a frame."""
    return self.directory.path / 'frames' / f'{number:06d}.png'

  def save(self, number: int, image: np.ndarray, **more: Any) -> np.ndarray:
    """Writes a frame; returns it as it will be read, in [0, 1]."""
    png.save(self.path(number), image, {**self.record, 'frame': number, **more})
    return png.to_uint8(image).astype(np.float32) / 255

  def read(self, number: int) -> np.ndarray:
    """A finished frame, [h, w, 3] in [0, 1]."""
    image, _ = png.read(self.path(number))
    return image.astype(np.float32) / 255

  def finished(self) -> int:
    """How many frames from the first on are whole."""
    number = 0
    while self.path(number).exists():
      try:
        self.read(number)
      except errors.FvizError:
        break
      number += 1
    return number


def make_film(
  frames: Frames,
  output: str,
  sources: Iterable[Source],
  maker: Maker,
  fps: float | None = None,
  audio: str = '',
  on_frame: Callable[[int], object] = lambda number: None,
) -> None:
  """Makes the frames that are missing, then the film of all.

  Args:
    frames: where they are kept.
    output: the film's file.
    sources: of every frame, from the first on.
    maker: makes a frame.
    fps: frames a second; None takes the sources' times.
    audio: a clip whose sound is kept, where the format has any.
    on_frame: called with the number of finished frames.

  Raises:
    FvizError: a frame or the film cannot be written; finished frames stay.
  """
  times: list[float] = []
  count, done, before, last = 0, frames.finished(), None, None
  for number, (image, time) in enumerate(sources):
    on_frame(number)
    if number >= done:
      if number and last is None:
        last = frames.read(number - 1)
      frame = maker(number, image, before, last)
      more = {} if time is None else {'time': time}
      last = frames.save(number, frame, **more)
    before, count = image, number + 1
    times += [] if time is None else [time]
  on_frame(count)
  pictures = (frames.read(number) for number in range(count))
  rate = fps or _rate(times)
  film_output.encode(
    output, pictures, rate, frames.record, times or None, audio
  )


def _rate(times: list[float]) -> float:
  """Frames a second of a clip."""
  known = len(times) > 1 and times[-1]
  return (len(times) - 1) / times[-1] if known else clips.RATE
