"""Films as files, by PyAV: frames at their times, with the sound of a clip."""

import fractions
import os
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from fviz import distribution, errors
from fviz.media import clips, metadata, png, sound, video_extra
from fviz.media.video_extra import av

_CODECS = {
  **dict.fromkeys(('.mp4', '.m4v', '.mov', '.mkv'), 'libx264'),
  '.webm': 'libvpx-vp9',
}
SUFFIXES = tuple(_CODECS)
_BASE = fractions.Fraction(1, 90000)  # Seconds a tick, as in MPEG.
_BT709 = 1  # Colours of HD video; players assume them where nothing is said.


def check_codec(output: str) -> None:
  """Raises if films of this format cannot be encoded here, before any work."""
  video_extra.require()
  suffix = os.path.splitext(output)[1].lower()
  try:
    av.codec.Codec(_CODECS[suffix], 'w')
  except ValueError as error:  # PyAV's UnknownCodecError is one.
    raise errors.FvizError(
      f'Cannot write {output}: this PyAV lacks the codec {_CODECS[suffix]}. '
      f'Install its wheel ({distribution.install("video")}), or choose another '
      'format (.mp4, .webm, .mkv, .gif).'
    ) from error


def write(
  output: str,
  frames: Iterable[np.ndarray],
  fps: float = clips.RATE,
  times: Iterable[float] | None = None,
  audio: str = '',
  record: Mapping[str, Any] | None = None,
) -> None:
  """Writes frames [h, w, 3] in [0, 1] as a film, whole or not at all.

  Args:
    output: .mp4, .m4v, .mov, .mkv (H.264) or .webm (VP9).
    frames: of one size; odd sides are repeated by a pixel.
    fps: frames a second, without `times`.
    times: seconds of each frame, increasing, for variable rates.
    audio: a clip whose first audio stream is kept.
    record: what made it; `read_record` gives it back.
  """
  check_codec(output)
  stem, suffix = os.path.splitext(output)
  temporary = f'{stem}.partial{suffix}'
  try:
    os.makedirs(os.path.dirname(os.path.abspath(output)), exist_ok=True)
    with av.open(temporary, 'w') as container:
      container.metadata.update(metadata.tags(record))
      _mux(container, _CODECS[suffix.lower()], frames, fps, times, audio)
    os.replace(temporary, output)
  except errors.FvizError:
    raise
  except (av.error.FFmpegError, ValueError, OSError) as error:
    raise errors.FvizError(
      f'Cannot write {output}: {getattr(error, "strerror", None) or error}. '
      'The frames are kept: run it again when there is space, or choose '
      'another format (.mp4, .webm, .mkv, .gif).'
    ) from error
  finally:
    if os.path.exists(temporary):
      os.remove(temporary)


def read_record(path: str) -> dict[str, Any]:
  """The record that `write` put into a film.

  Raises:
    FvizError: no film, or one without a record of ours.
  """
  video_extra.require()
  try:
    with av.open(path) as container:
      text = metadata.of_film(container.metadata)
  except (av.error.FFmpegError, ValueError, OSError) as error:
    raise errors.FvizError(f'Cannot read {path} as a film: {error}.') from error
  return metadata.decoded(text, path)


def _mux(container, codec, frames, fps, times, audio) -> None:
  stream, track, last = None, None, 0.0
  times = iter(times) if times is not None else None
  for number, frame in enumerate(frames):
    pixels = png.to_uint8(frame)
    h, w = pixels.shape[:2]
    pixels = np.pad(pixels, ((0, h % 2), (0, w % 2), (0, 0)), mode='edge')
    if stream is None:
      stream = _video_stream(container, codec, pixels.shape, fps)
      if audio:
        track = sound.Track.of(container, audio)
    last = next(times) if times is not None else number / fps
    picture = av.VideoFrame.from_ndarray(pixels, format='rgb24')
    picture = picture.reformat(format='yuv420p', dst_colorspace='ITU709')
    picture.pts, picture.time_base = round(last / _BASE), _BASE
    container.mux(stream.encode(picture))
  if stream is None:
    raise ValueError('there are no frames')
  container.mux(stream.encode())
  if track is not None:
    track.copy(container, last + 1 / fps)


def _video_stream(container, codec, shape, fps):
  rate = fractions.Fraction(fps).limit_denominator(1001)
  stream = container.add_stream(codec, rate=rate)
  stream.height, stream.width = shape[:2]
  stream.pix_fmt, stream.time_base = 'yuv420p', _BASE
  context = stream.codec_context
  # Else times are rounded to whole frames: variable rates would be lost.
  context.time_base = _BASE
  context.colorspace = context.color_primaries = context.color_trc = _BT709
  stream.options = {'crf': '18'}
  return stream
