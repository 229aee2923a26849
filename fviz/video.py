"""Clips in and out: PyAV for files, OpenCV for motion. The extra `video`.

The dream of a frame starts from the frame with the last dream carried along
the optical flow (Suzuki et al. 2017, after DeepDreamVideo), except where that
place was hidden before (forward-backward check, Sundaram et al. 2010).
"""

from __future__ import annotations

import fractions
import math
import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import jax
import numpy as np
from ml_collections import ConfigDict

from fviz import dreams, errors, films, gallery, photos

try:
  import av
  import cv2
except ImportError:
  av = cv2 = None

FLOWS = ('dis', 'farneback', 'none')
_MOST_PIXELS = 40_000_000  # A frame.
# Audio that goes into any of our containers as it is.
_COPIED = ('aac', 'mp3', 'opus', 'vorbis', 'flac', 'ac3')


class Frame(NamedTuple):
  """A frame of a clip: upright uint8 [h, w, 3], and seconds from the start."""

  image: np.ndarray
  time: float


class Motion(NamedTuple):
  """How a frame came from the one before.

  Attributes:
    rows: [h, w] where each pixel was, fractional.
    columns: [h, w]
    moving: [h, w] whether it moved at least the threshold.
    hidden: [h, w] whether it could not be seen before.
  """

  rows: np.ndarray
  columns: np.ndarray
  moving: np.ndarray
  hidden: np.ndarray


def require() -> None:
  """Raises unless the extra `video` is installed."""
  if av is None:
    raise errors.FvizError(
      "Clips need PyAV and OpenCV: pip install 'fviz[video]'. Without them "
      'films can be written as .gif or .webp.'
    )


def read(path: str) -> Iterator[Frame]:
  """The frames of a clip, upright, at their own times.

  Raises:
    FvizError: no clip, no frame, an unknown codec, or too large.
  """
  require()
  if not os.path.isfile(path):
    raise errors.FvizError(f'{path!r} is no file: give the path of a clip.')
  if not os.path.getsize(path):
    raise errors.FvizError(f'{path} is empty (0 bytes): copy the clip again.')
  count, start = 0, 0.0
  try:
    with av.open(path) as container:
      if not container.streams.video:
        raise errors.FvizError(f'{path} has no video stream.')
      stream = container.streams.video[0]
      if stream.width * stream.height > _MOST_PIXELS:
        raise errors.FvizError(
          f'{path} has frames of {stream.width} x {stream.height}; the limit '
          f'is {_MOST_PIXELS / 1e6:.0f} megapixels. Scale it down first.'
        )
      for frame in container.decode(stream):
        time = frame.time if frame.time is not None else count / 25
        start = time if count == 0 else start
        image = frame.to_ndarray(format='rgb24')
        # The flag says how far to turn counterclockwise to see it upright.
        turns = round(getattr(frame, 'rotation', 0) / 90)
        yield Frame(np.ascontiguousarray(np.rot90(image, turns)), time - start)
        count += 1
  except errors.FvizError:
    raise
  except (av.error.FFmpegError, ValueError, OSError) as error:
    if count:
      return  # A cut file: what could be decoded is the clip.
    raise errors.FvizError(
      f'Cannot read {path} as a clip: {_reason(error)}. It may be cut '
      'short, or of a codec that PyAV lacks.'
    ) from error
  if not count:
    raise errors.FvizError(f'{path} has no frames: its length is zero.')


def _reason(error: Exception) -> str:
  """What went wrong, without PyAV's number and path."""
  return getattr(error, 'strerror', None) or str(error)


def write(
  output: str,
  frames: Iterable[np.ndarray],
  fps: float = 25.0,
  times: Iterable[float] | None = None,
  audio: str = '',
) -> None:
  """Writes frames [h, w, 3] in [0, 1] as a film, whole or not at all.

  Args:
    output: .mp4, .m4v, .mov, .mkv (H.264) or .webm (VP9).
    frames: of one size; odd sides are repeated by a pixel.
    fps: frames a second, without `times`.
    times: seconds of each frame, for variable rates.
    audio: a clip whose first audio stream is kept.
  """
  require()
  suffix = os.path.splitext(output)[1].lower()
  temporary = f'{os.path.splitext(output)[0]}.partial{suffix}'
  codec = 'libvpx-vp9' if suffix == '.webm' else 'libx264'
  try:
    os.makedirs(os.path.dirname(os.path.abspath(output)), exist_ok=True)
    with av.open(temporary, 'w') as container:
      _mux(container, codec, frames, fps, times, audio)
    os.replace(temporary, output)
  except (av.error.FFmpegError, ValueError, OSError) as error:
    raise errors.FvizError(
      f'Cannot write {output}: {error}. The frames are kept; run it again, or '
      'choose another format (.mp4, .webm, .mkv, .gif).'
    ) from error
  finally:
    if os.path.exists(temporary):
      os.remove(temporary)


def run(
  config: ConfigDict,
  output: str,
  path: str | None = None,
  on_frame: Callable[[int], None] = lambda number: None,
) -> str:
  """A dream of a clip; see `fviz.config.dream`, `config.video`.

  Args:
    config: input is the clip.
    output: as in `films.run`.
    path: working directory with the frames; give it again to resume.
    on_frame: called with the number of finished frames.

  Returns:
    The working directory.
  """
  require()
  films.check_output(output)
  _check(config)
  schedule = parse_schedule(config.video.schedule)
  plan = dreams.prepare(config, still=False)
  first = next(read(config.input)).image
  size = photos.fitted(np.float32(first) / 255, config.size).shape[:2]
  plan.dreamer.check(size)
  path = path or f'{output}.frames'
  # Another clip of the same name must not go on where this one stopped.
  clip = {'clip': True, 'input_sha256': photos.sha256(config.input)}
  times = []
  with films.Frames(path, plan.record | clip) as frames:
    done, before, dream = frames.finished(), None, None
    for number, frame in enumerate(read(config.input)):
      if config.video.frames and number >= config.video.frames:
        break
      times.append(frame.time)
      on_frame(number)
      image = gallery.to_uint8(
        photos.resized(np.float32(frame.image) / 255, size)
      )
      if number >= done:
        if number and dream is None:
          dream, _ = frames.read(number - 1)
        dream = _next(plan, schedule, number, image, before, dream)
        dream = frames.save(number, dream, time=frame.time)
      before = image
    on_frame(len(times))
    pictures = (frames.read(i)[0] for i in range(len(times)))
    if os.path.splitext(output)[1].lower() in films._ANIMATED:
      films.encode(output, pictures, _rate(times))
    else:
      write(output, pictures, times=times, audio=config.input)
  return path


def motion(
  before: np.ndarray, after: np.ndarray, kind: str, threshold: float
) -> Motion:
  """Where each pixel of `after` was in `before`, both uint8 [h, w, 3]."""
  back = _flow(after, before, kind)
  h, w = after.shape[:2]
  y, x = np.mgrid[:h, :w].astype(np.float32)
  rows, columns = y + back[..., 1], x + back[..., 0]
  # Flow there and back again must cancel, but for a share of its length.
  ahead = films.sampled(_flow(before, after, kind), rows, columns)
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
  """A frame with the last dream in it, where its dream starts.

  Moving pixels get blend_flow of what the dream had added, brought along the
  flow; others are mixed with the dream (Suzuki et al. 2017); hidden ones are
  those of the frame.

  Args:
    image: [h, w, 3] in [0, 1], as the others.
    before: the last frame.
    dream: its dream.
    moved: from `motion`.
    blend_flow: share of the dream's change, in [0, 1].
    blend_static: share of the dream, in [0, 1].
  """
  added = films.sampled(dream - before, moved.rows, moved.columns)
  along = image + blend_flow * added
  still = (1 - blend_static) * image + blend_static * dream
  out = np.where(moved.moving[..., None], along, still)
  return np.clip(np.where(moved.hidden[..., None], image, out), 0, 1)


def flicker(
  frames: list[np.ndarray], dreams: list[np.ndarray], kind: str = 'dis'
) -> float:
  """Mean |dream - last dream along the flow of the frames| where both are seen.

  Args:
    frames: uint8 [h, w, 3] of the clip.
    dreams: [h, w, 3] in [0, 1] of each.
    kind: of flow.
  """
  found = []
  for i in range(1, len(frames)):
    moved = motion(frames[i - 1], frames[i], kind, 0.0)
    last = films.sampled(dreams[i - 1], moved.rows, moved.columns)
    difference = np.abs(dreams[i] - last).mean(-1)
    found.append(difference[~moved.hidden].mean())
  return float(np.mean(found))


def is_cut(before: np.ndarray, after: np.ndarray, threshold: float) -> bool:
  """Whether a new scene starts: the colours' histograms differ by a share."""
  return _histogram_distance(before, after) > threshold


def parse_schedule(text: str) -> dict[str, list[tuple[float, float]]]:
  """{'strength': [(0, 1), (50, 3)]} of 'strength=0:1,50:3'.

  >>> parse_schedule('strength=0:1,50:3;iterations=0:5')
  {'strength': [(0.0, 1.0), (50.0, 3.0)], 'iterations': [(0.0, 5.0)]}
  """
  found = {}
  for part in filter(None, (p.strip() for p in text.split(';'))):
    name, _, points = part.partition('=')
    if name not in ('strength', 'iterations'):
      raise errors.unknown('schedule', name, ('strength', 'iterations'))
    try:
      pairs = [tuple(map(float, p.split(':'))) for p in points.split(',')]
      ordered = sorted((frame, value) for frame, value in pairs)
    except ValueError as error:
      raise errors.FvizError(
        f"Cannot read the schedule {part!r}: write 'strength=0:1,50:3', "
        'frame:value, and more after a semicolon.'
      ) from error
    if not all(math.isfinite(v) and v >= 0 for p in ordered for v in p):
      raise errors.FvizError(f'The schedule {part!r} has negative numbers.')
    found[name] = ordered
  return found


def _next(plan, schedule, number, image, before, dream) -> np.ndarray:
  """The dream of a frame."""
  video, changes = plan.config.video, {}
  for name, points in schedule.items():
    value = float(np.interp(number, *zip(*points, strict=True)))
    changes[name] = round(value) if name == 'iterations' else value
  start = np.float32(image) / 255
  fresh = dream is None or before is None or is_cut(before, image, video.cut)
  if not fresh:
    last = np.float32(before) / 255
    if video.flow == 'none':
      start = (1 - video.blend_static) * start + video.blend_static * dream
    else:
      moved = motion(before, image, video.flow, video.threshold)
      start = carried(
        start, last, dream, moved, video.blend_flow, video.blend_static
      )
    if video.settle:
      # What is carried and what is added come to the strength of one frame.
      strength = changes.get('strength', plan.config.strength)
      changes['strength'] = strength * (1 - video.blend_flow)
  key = jax.random.fold_in(jax.random.key(plan.config.seed), number)
  return plan.dreamer.replace(**changes)(np.float32(start), key)


def _flow(first: np.ndarray, second: np.ndarray, kind: str) -> np.ndarray:
  """[h, w, 2]: x and y from pixels of the first to those of the second."""
  grey = [cv2.cvtColor(i, cv2.COLOR_RGB2GRAY) for i in (first, second)]
  if kind == 'farneback':  # The parameters are those of Suzuki et al. 2017.
    return cv2.calcOpticalFlowFarneback(*grey, None, 0.5, 3, 15, 3, 5, 1.2, 0)
  dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
  return dis.calc(*grey, None)


def _histogram_distance(before: np.ndarray, after: np.ndarray) -> float:
  """Total variation distance of the colours' histograms, 0 to 1."""
  share = lambda x: [
    np.histogram(x[..., c], 16, (0, 256))[0] / x[..., c].size for c in range(3)
  ]
  return float(
    np.abs(np.subtract(share(before), share(after))).sum(1).max() / 2
  )


def _rate(times: list[float]) -> float:
  return (len(times) - 1) / times[-1] if len(times) > 1 and times[-1] else 25.0


def _mux(container, codec, frames, fps, times, audio) -> None:
  base = fractions.Fraction(1, 90000)
  rate = fractions.Fraction(fps).limit_denominator(1001)
  stream, source, sound = None, None, None
  times = iter(times) if times is not None else None
  for number, frame in enumerate(frames):
    pixels = gallery.to_uint8(frame)
    h, w = pixels.shape[:2]
    pixels = np.pad(pixels, ((0, h % 2), (0, w % 2), (0, 0)), mode='edge')
    if stream is None:
      stream = container.add_stream(codec, rate=rate)
      stream.height, stream.width = pixels.shape[:2]
      stream.pix_fmt, stream.time_base = 'yuv420p', base
      # Else times are rounded to whole frames: variable rates would be lost.
      stream.codec_context.time_base = base
      stream.options = {'crf': '18'}
      if audio:
        source, sound = _audio(container, audio)
    picture = av.VideoFrame.from_ndarray(pixels, format='rgb24')
    time = next(times) if times is not None else number / fps
    picture.pts, picture.time_base = round(time / base), base
    container.mux(stream.encode(picture))
  if stream is None:
    raise ValueError('there are no frames')
  container.mux(stream.encode())
  if source is not None:
    _copy_audio(container, source, sound)


def _audio(container, path: str) -> tuple[Any, Any]:
  """The clip with the sound, and the stream it goes to; None without any."""
  source = av.open(path)
  if not source.streams.audio:
    source.close()
    return None, None
  old = source.streams.audio[0]
  supported = getattr(container.format, 'name', '')
  name = old.codec_context.name
  if name in _COPIED and not (name != 'opus' and 'webm' in supported):
    return source, container.add_stream_from_template(old)
  codec = 'libopus' if 'webm' in supported else 'aac'
  return source, container.add_stream(codec, rate=old.rate)


def _copy_audio(container, source, sound) -> None:
  old = source.streams.audio[0]
  copied = sound.codec_context is None or sound.codec_context.name == (
    old.codec_context.name
  )
  with source:
    if copied:
      for packet in source.demux(old):
        if packet.dts is not None:
          packet.stream = sound
          container.mux(packet)
      return
    for frame in source.decode(old):
      container.mux(sound.encode(frame))
    container.mux(sound.encode())


def _check(config: ConfigDict) -> None:
  video = config.video
  if video.flow not in FLOWS:
    raise errors.unknown('flow', video.flow, FLOWS)
  for name in ('blend_flow', 'blend_static', 'cut'):
    if not 0 <= video[name] <= 1:
      raise errors.FvizError(f'video.{name} is 0 to 1, not {video[name]}.')
  if not 0 <= video.threshold < 1e4 or video.frames < 0:
    raise errors.FvizError(
      f'video.threshold and video.frames must not be negative: '
      f'{video.threshold}, {video.frames}.'
    )
  if config.mask:
    raise errors.FvizError('A mask is for pictures, not for clips.')
