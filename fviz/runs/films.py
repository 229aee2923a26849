"""Films: frames made one after another, kept on the disk, joined to a file.

Each frame is a whole PNG, and whatever a frame needs of the one before is read
from there, so that a film that was killed ends as one that was not. Pillow
writes animations, PyAV films.
"""

import itertools
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
from etils import epath
from PIL import Image

from fviz import errors
from fviz.media import clips, film_files, metadata, picture_files, png
from fviz.storage import workdir

_ANIMATED = ('.gif', '.webp')
# What a frame is made from, [h, w, 3], and its seconds from the start; None
# where frames are evenly spaced.
Source = tuple[np.ndarray, float | None]
# (number, its source, the source before, the frame before) -> frame.
Maker = Callable[
  [int, np.ndarray, np.ndarray | None, np.ndarray | None], np.ndarray
]


class Frames(AbstractContextManager['Frames']):
  """The frames of a film in its working directory.

  Args:
    path: created, or resumed if its config is the same.
    record: what makes the film; in every frame's metadata.
    ignore: dotted names of fields that no frame depends on.

  Raises:
    FvizError: the directory cannot be used, or holds another film.
  """

  def __init__(self, path: str, record: Mapping[str, Any], *ignore: str):
    self.directory = workdir.Workdir.open(path, record, ('versions', *ignore))
    self.record = record

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


def make(
  frames: Frames,
  output: str,
  sources: Iterable[Source],
  maker: Maker,
  fps: float | None,
  audio: str,
  on_frame: Callable[[int], object],
) -> None:
  """Makes the frames that are missing, then the film of all.

  Args:
    frames: where they are kept.
    output: the film's file.
    sources: of every frame, from the first on.
    maker: makes a frame.
    fps: frames a second; None takes the sources' times.
    audio: a clip whose sound is kept, where the format has any; or ''.
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
  if fps is None:  # As in the clip, if its frames have times.
    known = len(times) > 1 and times[-1]
    fps = (len(times) - 1) / times[-1] if known else clips.RATE
  encode(output, pictures, fps, frames.record, times or None, audio)


def check_output(output: str) -> None:
  """Refuses a film that could not be written, before any work.

  Raises:
    FvizError: an unknown suffix, no codec for it, or a place where no file
      can be written.
  """
  suffix, known = _suffix(output), _ANIMATED + film_files.SUFFIXES
  if suffix not in known:
    raise errors.unknown('film format', suffix or output, known)
  if suffix in film_files.SUFFIXES:
    film_files.check_codec(output)
  picture_files.check_writable(output)


def encode(
  output: str,
  frames: Iterable[np.ndarray],
  fps: float,
  record: Mapping[str, Any],
  times: Sequence[float] | None = None,
  audio: str = '',
) -> None:
  """Writes frames as an animation or a film, whole or not at all.

  Args:
    output: as `check_output` lets it pass.
    frames: [h, w, 3] in [0, 1], of one size.
    fps: frames a second, without `times`.
    record: what made it.
    times: seconds of each frame.
    audio: see `make`.
  """
  if _suffix(output) in film_files.SUFFIXES:
    film_files.write(output, frames, fps, times, audio, record)
    return
  temporary, kind = f'{output}.partial', _suffix(output).strip('.')
  pictures = (Image.fromarray(png.to_uint8(frame)) for frame in frames)
  options: dict[str, Any] = dict(save_all=True, append_images=pictures, loop=0)
  options |= dict(duration=_durations(fps, times))
  options |= metadata.options(kind, record)
  kept = 'The frames are kept: run it again when there is space.'
  try:
    with errors.explained(f'Cannot write {output}', kept):
      next(pictures).save(temporary, kind, **options)
      os.replace(temporary, output)
  finally:
    if os.path.exists(temporary):
      os.remove(temporary)


def _durations(fps: float, times: Sequence[float] | None) -> int | list[int]:
  """Milliseconds of each frame; those of GIF are rounded to tens."""
  if times is None or len(times) < 2:
    return round(1000 / fps)
  ends = [*times[1:], times[-1] + (times[-1] - times[0]) / (len(times) - 1)]
  # Rounded at the ends, so that errors do not add up.
  marks = [round(100 * (t - times[0])) * 10 for t in [times[0], *ends]]
  return [max(10, b - a) for a, b in itertools.pairwise(marks)]


def _suffix(path: str) -> str:
  return os.path.splitext(path)[1].lower()
