"""Films as files: animations by Pillow, and films by PyAV."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image

from fviz import errors
from fviz.media import film_files, metadata, picture_files, png

_ANIMATED = ('.gif', '.webp')


def check_output(output: str) -> None:
  """Refuses a film that could not be written, before any work.

  Raises:
    FvizError: an unknown suffix, no codec for it, or a place where no file
      can be written.
  """
  suffix = _suffix(output)
  known = _ANIMATED + film_files.SUFFIXES
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
    audio: a clip whose sound is kept, where the format has any.

  Raises:
    FvizError: it cannot be written.
  """
  if _suffix(output) in film_files.SUFFIXES:
    film_files.write(output, frames, fps, times, audio, record)
    return
  temporary = f'{output}.partial'
  try:
    _animate(temporary, _suffix(output), iter(frames), fps, record, times)
    os.replace(temporary, output)
  except OSError as error:
    raise errors.FvizError(
      f'Cannot write {output}: {error.strerror or error}. The frames are kept: '
      'run it again when there is space.'
    ) from error
  finally:
    if os.path.exists(temporary):
      os.remove(temporary)


def _animate(
  path: str,
  suffix: str,
  frames: Iterator[np.ndarray],
  fps: float,
  record: Mapping[str, Any],
  times: Sequence[float] | None,
) -> None:
  pictures = (Image.fromarray(png.to_uint8(frame)) for frame in frames)
  kind = suffix.strip('.')
  next(pictures).save(
    path,
    kind,
    save_all=True,
    append_images=pictures,
    duration=_durations(fps, times),
    loop=0,
    **metadata.options(kind, record),
  )


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
