"""Dreams of clips: PyAV for files, OpenCV for motion. The extra `video`.

The dream of a frame starts from the frame with the last dream carried along
the optical flow (Suzuki et al. 2017, after DeepDreamVideo), except where that
place was hidden before (forward-backward check, Sundaram et al. 2010).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import jax
import numpy as np

from fviz.media import clips, optical_flow, photos, png
from fviz.runs import dream_plan, film_frames, film_settings

# Being sampled along the flow costs a dream as much as it fades by design.
_LOSS = 2.0


def run(
  plan: dream_plan.ClipPlan,
  on_frame: Callable[[int], object] = lambda number: None,
) -> None:
  """Makes the dream of a clip; frames that are there already are kept.

  Args:
    plan: of `dream_plan.plan_of`.
    on_frame: called with the number of finished frames.

  Raises:
    FvizError: the clip breaks off at once, a gradient is not finite, or a file
      cannot be written; finished frames stay.
  """
  ignore = ('config.video.frames',)
  with film_frames.Frames(plan.workdir, plan.record, ignore) as frames:
    film_frames.make_film(
      frames,
      plan.output,
      _sources(plan),
      lambda *arguments: _dream(plan, *arguments),
      audio=plan.input,
      on_frame=on_frame,
    )


def _sources(plan: dream_plan.ClipPlan) -> Iterator[film_frames.Source]:
  """The clip's frames in the size of the dreams, uint8."""
  most = plan.settings.frames or None
  for frame in itertools.islice(clips.read(plan.input), most):
    image = photos.resized(frame.image.astype(np.float32) / 255, plan.size)
    yield png.to_uint8(image), frame.time


def _dream(
  plan: dream_plan.ClipPlan,
  number: int,
  image: np.ndarray,
  before: np.ndarray | None,
  last: np.ndarray | None,
) -> np.ndarray:
  """The dream of a frame; of the first of a scene without the last dream."""
  video = plan.settings
  changes = film_settings.scheduled(video.schedule, number)
  start = image.astype(np.float32) / 255
  if (
    last is not None
    and before is not None
    and not optical_flow.is_cut(before, image, video.cut)
  ):
    start = _carried(video, start, image, before, last)
    if video.settle:
      # What is carried and what is added come to the strength of one frame.
      strength = changes.get('strength', plan.dreamer.settings.strength)
      changes['strength'] = strength * min(1, _LOSS * (1 - video.blend_flow))
  key = jax.random.fold_in(jax.random.key(plan.seed), number)
  return plan.dreamer.replace(**changes)(start.astype(np.float32), key)


def _carried(
  video: film_settings.ClipSettings,
  start: np.ndarray,
  image: np.ndarray,
  before: np.ndarray,
  last: np.ndarray,
) -> np.ndarray:
  """A frame in [0, 1] with the last dream in it."""
  if video.flow == 'none':
    return (1 - video.blend_static) * start + video.blend_static * last
  motion = optical_flow.motion(before, image, video.flow, video.threshold)
  return optical_flow.carried(
    start,
    before.astype(np.float32) / 255,
    last,
    motion,
    video.blend_flow,
    video.blend_static,
  )
