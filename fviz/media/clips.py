"""Clips as PyAV reads them: upright frames at their own times.

What cameras do to frames is undone here: rotation flags, pixels that are not
square, times that are not evenly spaced.
"""

import dataclasses
import logging
import os
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from fviz import errors
from fviz.media import video_extra
from fviz.media.video_extra import av

_log = logging.getLogger(__name__)

_MOST_PIXELS = 40_000_000  # A frame.
RATE = 25.0  # Frames a second where a clip does not say.


class Frame(NamedTuple):
  """A frame of a clip: upright uint8 [h, w, 3], and seconds from the start."""

  image: np.ndarray
  time: float


def read(path: str) -> Iterator[Frame]:
  """The frames of a clip, upright, at their own times.

  A clip that breaks off gives the frames that it has, and a warning.

  Raises:
    FvizError: no clip, no frame, an unknown codec, or too large.
  """
  video_extra.require()
  if not os.path.isfile(path):
    raise errors.FvizError(f'{path!r} is no file: give the path of a clip.')
  if not os.path.getsize(path):
    raise errors.FvizError(f'{path} is empty (0 bytes): copy the clip again.')
  damage = _Damage()
  try:
    with av.open(path) as container:
      stream = _stream(container, path)
      yield from _decoded(container, stream, damage)
      damage.close(container, stream)
  except errors.FvizError:
    raise
  except (av.error.FFmpegError, ValueError, OSError) as error:
    if not isinstance(error, EOFError):  # A header alone.
      damage.note(error)
  if not damage.count and damage.reason:
    raise errors.FvizError(
      f'Cannot read {path} as a clip: {damage.reason}. It may be cut short, or '
      'of a codec that PyAV lacks.'
    )
  if not damage.count:
    raise errors.FvizError(f'{path} has no frames: its length is zero.')
  damage.warn(path)


def length(path: str) -> int | None:
  """How many frames a clip says it has; None where it does not."""
  video_extra.require()
  try:
    with av.open(path) as container:
      stream = container.streams.video[0]
      seconds = _promised(container, stream)
      return stream.frames or round(seconds * stream.average_rate) or None
  except (av.error.FFmpegError, ValueError, OSError, IndexError, TypeError):
    return None  # `read` says what is wrong.


@dataclasses.dataclass
class _Damage:
  """What is wrong with a clip that can be read nevertheless."""

  reason: str = ''  # Why reading stopped, or a packet was skipped.
  skipped: int = 0  # Damaged packets.
  count: int = 0  # Frames read.
  end: float = 0.0  # Seconds of the last one.
  is_short: bool = False  # Whether the file promises more.

  def note(self, error: Exception, skipped: int = 0) -> None:
    self.reason = getattr(error, 'strerror', None) or str(error)
    self.skipped += skipped

  def close(self, container, stream) -> None:
    # The last frame lasts, too, and durations are rounded.
    slack = 2 / float(stream.average_rate or RATE) + 0.1
    self.is_short = (
      self.count + self.skipped < stream.frames
      or self.end + slack < _promised(container, stream)
    )

  def warn(self, path: str) -> None:
    why = f' ({self.reason})' if self.reason else ''
    if self.is_short or (why and not self.skipped):
      _log.warning(
        '%s breaks off after %d frames, at %.1f s%s: it may be cut short. What '
        'could be read is taken as the clip; for all of it copy it again.',
        path,
        self.count,
        self.end,
        why,
      )
    elif why:
      _log.warning('%s is damaged%s: some frames are left out.', path, why)


def _promised(container, stream) -> float:
  """Seconds from the first frame to where the file says its video ends.

  Sound may be longer.
  """
  text = {k.upper(): v for k, v in stream.metadata.items()}.get('DURATION')
  if stream.duration:
    return float(stream.duration * stream.time_base)
  if text:  # Matroska: '00:00:01.200000000'.
    h, m, s = text.split(':')
    # An end, and no length: the first frame may come late.
    begin = float((stream.start_time or 0) * stream.time_base)
    return 3600 * int(h) + 60 * int(m) + float(s) - begin
  return 0 if container.streams.audio else (container.duration or 0) / 1e6


def _stream(container, path: str):
  """The video stream, checked."""
  if not container.streams.video:
    raise errors.FvizError(f'{path} has no video stream.')
  stream = container.streams.video[0]
  if stream.codec_context is None:
    raise errors.FvizError(
      f'{path} is of a codec that this PyAV lacks. Convert it to H.264 first.'
    )
  if stream.width * stream.height > _MOST_PIXELS:
    raise errors.FvizError(
      f'{path} has frames of {stream.width} x {stream.height}; the limit '
      f'is {_MOST_PIXELS / 1e6:.0f} megapixels. Scale it down first.'
    )
  return stream


def _decoded(container, stream, damage: _Damage) -> Iterator[Frame]:
  step = 1 / float(stream.average_rate or RATE)
  aspect = float(stream.sample_aspect_ratio or 1)
  start, last = None, -step  # `last` counts from the start.
  for packet in container.demux(stream):
    try:
      frames = packet.decode()
    except av.error.InvalidDataError as error:
      damage.note(error, skipped=1)  # As players do.
      continue
    for frame in frames:
      time = frame.time
      if time is None:
        time = (start or 0.0) + last + step
      start = time if start is None else start
      # Damaged clips jump back; a film cannot.
      last = 0.0 if last < 0 else max(time - start, last + 1e-3)
      yield Frame(_upright(frame, aspect), last)
      damage.count, damage.end = damage.count + 1, last


def _upright(frame, aspect: float) -> np.ndarray:
  """uint8 [h, w, 3] of square pixels as they are meant to be seen."""
  wide = round(frame.width * aspect) if 0.1 < aspect < 10 else frame.width
  image = frame.to_ndarray(format='rgb24', width=wide, height=frame.height)
  # The flag says how far to turn counterclockwise to see it upright.
  turns = round(getattr(frame, 'rotation', 0) / 90)
  return np.ascontiguousarray(np.rot90(image, turns))
