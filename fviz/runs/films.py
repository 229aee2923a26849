"""Films: frames made one after another, kept on the disk, joined to a file.

Each frame is a whole PNG, and whatever a frame needs of the one before is read
from there, so that a film that was killed ends as one that was not. Pillow
writes animations, PyAV films.
"""

import itertools
import logging
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
from etils import epath
from PIL import Image

from fviz import errors
from fviz.media import clips, film_files, metadata, png
from fviz.storage import outputs, workdir

_log = logging.getLogger(__name__)

_ANIMATED = ('.gif', '.webp')
# Milliseconds: what times are rounded to, and what programs play as it is.
_TICKS = {'gif': 10, 'webp': 1}
_LEAST = {'gif': 20, 'webp': 11}
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
  times = times or [number / fps for number in range(count)]
  encode(output, pictures, fps, frames.record, times, audio)


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
  outputs.check_writable(output)


def is_film_name(output: str) -> bool:
  """Whether it can only be that of a film; a .webp may be a picture."""
  films = {*_ANIMATED, *film_files.SUFFIXES} - {'.webp'}
  return _suffix(output) in films


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
  if times is None:
    frames = list(frames)
    times = [number / fps for number in range(len(frames))]
  pictures = (Image.fromarray(png.to_uint8(frame)) for frame in frames)
  options: dict[str, Any] = dict(save_all=True, append_images=pictures, loop=0)
  options |= dict(duration=_durations(kind, fps, times))
  options |= metadata.options(kind, record)
  kept = 'The frames are kept: run it again when there is space.'
  try:
    with errors.explained(f'Cannot write {output}', kept):
      next(pictures).save(temporary, kind, **options)
      os.replace(temporary, output)
  finally:
    if os.path.exists(temporary):
      os.remove(temporary)


def _durations(kind: str, fps: float, times: Sequence[float]) -> list[int]:
  """Milliseconds of each of the frames that begin at these seconds.

  Programs play what is shorter than `_LEAST` at a tenth of its rate, so that no
  frame is: such an animation takes longer, which is said.
  """
  tick, least = _TICKS[kind], _LEAST[kind]
  mean = (times[-1] - times[0]) / (len(times) - 1) if times[1:] else 1 / fps
  ends = [*times[1:], times[-1] + mean]
  # Rounded at the ends, so that errors do not add up.
  marks = [
    round(1000 / tick * (t - times[0])) * tick for t in [times[0], *ends]
  ]
  found = [b - a for a, b in itertools.pairwise(marks)]
  if 1000 * mean < least:
    _log.warning(
      'A .%s plays at most %d frames a second: at %.4g it takes longer. Choose '
      'fewer, or .mp4.',
      kind,
      1000 // least,
      1 / max(mean, 1e-9),
    )
  return [max(least, milliseconds) for milliseconds in found]


def _suffix(path: str) -> str:
  return os.path.splitext(path)[1].lower()
