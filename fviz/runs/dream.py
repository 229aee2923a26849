"""Dreams of photos, and of films and clips: what plans stand for is made.

Films from one photo zoom into it, go on step by step, or walk through layers.
The dream of a clip's frame starts from the frame with the last dream carried
along the optical flow (Suzuki et al. 2017, after DeepDreamVideo), except where
that place was hidden before (forward-backward check, Sundaram et al. 2010).
"""

import contextlib
import dataclasses
import functools
import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import jax
import numpy as np

from fviz import types
from fviz.deepdream import octaves
from fviz.media import (
  clips,
  host_sampling,
  optical_flow,
  photos,
  picture_files,
  png,
)
from fviz.runs import dream_objectives, film_settings, films
from fviz.runs.dream_plan import ClipPlan, FilmPlan, PicturePlan

# Being sampled along the flow costs a dream as much as it fades by design.
_LOSS = 2.0


def run(
  plan: PicturePlan | FilmPlan | ClipPlan,
  progress: Callable[[int], object] = lambda done: None,
) -> None:
  """Dreams, and writes `plan.output`; frames that are there already are kept.

  Args:
    plan: of `dream_plan.plan_of`.
    progress: called with the number of finished steps of a picture, and of
      finished frames otherwise.

  Raises:
    FvizError: a gradient that is not finite, a clip that breaks off at once, or
      a file that cannot be written; finished frames stay.
  """
  match plan:
    case PicturePlan():
      count = itertools.count(1)
      on_step = lambda: progress(next(count))
      # At once, so that nothing stands still between the octaves.
      plan.dreamer.compile(octaves.size_of(plan.image))
      image = plan.dreamer(plan.image, plan.seed, plan.mask, on_step)
      window = plan.dreamer.window(octaves.size_of(plan.image))
      record = _with_window(plan.record, window)
      picture_files.write(plan.output, image, record, plan.alpha)
    case FilmPlan(settings=film):
      # More frames go on where these end, but of a walk.
      growing = () if film.kind == 'layers' else ('config.film.frames',)
      sources = itertools.repeat((plan.image, None), film.frames)
      ignore = 'config.film.fps', *growing
      with _frames(plan, *ignore) as (frames, fixed):
        maker = functools.partial(_MAKERS[film.kind], fixed)
        films.make(frames, plan.output, sources, maker, film.fps, '', progress)
    case ClipPlan(input=clip):
      sources = _frames_of(plan)
      with _frames(plan, 'config.video.frames') as (frames, fixed):
        maker = functools.partial(_of_frame, fixed)
        films.make(frames, plan.output, sources, maker, None, clip, progress)


def _with_window(record: Mapping[str, Any], window: int) -> dict[str, Any]:
  """The record with the window that was used, where the memory chose it."""
  return {**record, 'config': {**record['config'], 'window': window}}


_Moving = TypeVar('_Moving', FilmPlan, ClipPlan)


@contextlib.contextmanager
def _frames(
  plan: _Moving, *ignore: str
) -> Iterator[tuple[films.Frames, _Moving]]:
  """The frames of a film, and its plan with the window of those there are."""
  is_clip = isinstance(plan, ClipPlan)
  size = plan.size if is_clip else octaves.size_of(plan.image)
  window = plan.dreamer.window(size)
  record = _with_window(plan.record, window)
  ignore = ('config.window', *ignore)
  with films.Frames(plan.workdir, record, *ignore) as frames:
    kept = frames.directory.config['config'].get('window') or window
    frames.record = _with_window(record, kept)
    dreamer = plan.dreamer.replace(window=kept)
    yield frames, dataclasses.replace(plan, dreamer=dreamer)


# Frames of films: (plan, number, photo, photo before, frame before) -> frame.


def _zoom(plan: FilmPlan, number, photo, before, last) -> np.ndarray:
  """Each frame from the last, moved."""
  film, image = plan.settings, photo
  if last is not None:
    image = host_sampling.moved(last, film.zoom, film.rotate, film.shift)
  return plan.dreamer(image, _key(plan, number), plan.mask)


def _iterations(plan: FilmPlan, number, photo, before, last) -> np.ndarray:
  """Each frame from the last, by one step an octave."""
  if last is None:
    return photo
  once = plan.dreamer.replace(iterations=1)
  return once(last, _key(plan, number), plan.mask)


def _layers(plan: FilmPlan, number, photo, before, last) -> np.ndarray:
  """Each frame from the photo, with one key: only the layer changes."""
  position = number / max(plan.settings.frames - 1, 1)
  objective = dream_objectives.walk(plan.walk, position)
  return plan.dreamer.replace(objective)(photo, plan.seed, plan.mask)


_MAKERS = {'zoom': _zoom, 'iterations': _iterations, 'layers': _layers}


def _key(plan: FilmPlan | ClipPlan, number: int) -> types.Key:
  return jax.random.fold_in(jax.random.key(plan.seed), number)


# Frames of clips.


def _frames_of(plan: ClipPlan) -> Iterator[films.Source]:
  """The clip's frames in the size of the dreams, uint8."""
  most = plan.settings.frames or None
  for frame in itertools.islice(clips.read(plan.input), most):
    image = photos.resized(frame.image.astype(np.float32) / 255, plan.size)
    yield png.to_uint8(image), frame.time


def _of_frame(
  plan: ClipPlan,
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
  dreamer = plan.dreamer.replace(**changes)
  return dreamer(start.astype(np.float32), _key(plan, number))


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
  past = before.astype(np.float32) / 255
  blends = video.blend_flow, video.blend_static
  return optical_flow.carried(start, past, last, motion, *blends)
