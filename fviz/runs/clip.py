"""Dreams of clips: PyAV for files, OpenCV for motion. The extra `video`.

The dream of a frame starts from the frame with the last dream carried along
the optical flow (Suzuki et al. 2017, after DeepDreamVideo), except where that
place was hidden before (forward-backward check, Sundaram et al. 2010).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import jax
import numpy as np
from ml_collections import ConfigDict

from fviz import errors
from fviz.media import clips, photos, png
from fviz.media.clips import read, require
from fviz.media.optical_flow import (
  FLOWS,
  carried,
  is_cut,
  motion,
)
from fviz.runs import dream as dream_run
from fviz.runs import film, film_frames

# Being sampled along the flow costs a dream as much as it fades by design.
_LOSS = 2.0


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
  film.check_output(output)
  _check(config)
  schedule = parse_schedule(config.video.schedule)
  plan = dream_run.prepare(config, still=False)
  first = next(read(config.input)).image
  size = photos.fitted(np.float32(first) / 255, config.size).shape[:2]
  plan.dreamer.check(size)
  path = path or f'{output}.frames'
  # Another clip of the same name must not go on where this one stopped.
  clip = {'clip': True, 'input_sha256': photos.sha256(config.input)}
  record = plan.record | clip
  times = []
  with film_frames.Frames(path, record, ('config.video.frames',)) as frames:
    done, before, dream = frames.finished(), None, None
    for number, frame in enumerate(read(config.input)):
      if config.video.frames and number >= config.video.frames:
        break
      times.append(frame.time)
      on_frame(number)
      image = png.to_uint8(photos.resized(np.float32(frame.image) / 255, size))
      if number >= done:
        if number and dream is None:
          dream, _ = frames.read(number - 1)
        dream = _next(plan, schedule, number, image, before, dream)
        dream = frames.save(number, dream, time=frame.time)
      before = image
    on_frame(len(times))
    pictures = (frames.read(i)[0] for i in range(len(times)))
    rate = _rate(times)
    film.encode(output, pictures, rate, record, times, config.input)
  return path


def length(config: ConfigDict) -> int | None:
  """How many frames `run` will make; None where the clip does not say."""
  found = clips.length(config.input)
  return min(filter(None, (found, config.video.frames)), default=None)


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
      changes['strength'] = strength * min(1, _LOSS * (1 - video.blend_flow))
  key = jax.random.fold_in(jax.random.key(plan.config.seed), number)
  return plan.dreamer.replace(**changes)(np.float32(start), key)


def _rate(times: list[float]) -> float:
  return (len(times) - 1) / times[-1] if len(times) > 1 and times[-1] else 25.0


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
