"""Films from one picture: zooms, iterations, walks through layers."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import jax
import numpy as np

from fviz import types
from fviz.media import host_sampling
from fviz.runs import dream_objectives, dream_plan, film_frames


def run(
  plan: dream_plan.FilmPlan,
  on_frame: Callable[[int], object] = lambda number: None,
) -> None:
  """Makes a film from one picture; frames that are there already are kept.

  Args:
    plan: of `dream_plan.plan_of`.
    on_frame: called with the number of finished frames.

  Raises:
    FvizError: a gradient that is not finite, or a file that cannot be written;
      finished frames stay.
  """
  film = plan.settings
  ignore = ['config.film.fps']
  if film.kind != 'layers':  # More frames go on where these end.
    ignore.append('config.film.frames')
  make = _MAKERS[film.kind]
  sources = itertools.repeat((plan.image, None), film.frames)
  with film_frames.Frames(plan.workdir, plan.record, tuple(ignore)) as frames:
    film_frames.make_film(
      frames,
      plan.output,
      sources,
      lambda number, photo, _, last: make(plan, number, photo, last),
      film.fps,
      on_frame=on_frame,
    )


def _zoom(plan: dream_plan.FilmPlan, number, photo, last) -> np.ndarray:
  """Each frame from the last, moved."""
  film, image = plan.settings, photo
  if last is not None:
    image = host_sampling.moved(last, film.zoom, film.rotate, film.shift)
  return plan.dreamer(image, _key(plan, number), plan.mask)


def _iterations(plan: dream_plan.FilmPlan, number, photo, last) -> np.ndarray:
  """Each frame from the last, by one step an octave."""
  if last is None:
    return photo
  once = plan.dreamer.replace(iterations=1)
  return once(last, _key(plan, number), plan.mask)


def _layers(plan: dream_plan.FilmPlan, number, photo, last) -> np.ndarray:
  """Each frame from the photo, with one key: only the layer changes."""
  del last
  position = number / max(plan.settings.frames - 1, 1)
  objective = dream_objectives.walk(plan.walk, position)
  return plan.dreamer.replace(objective)(photo, plan.seed, plan.mask)


_MAKERS = {'zoom': _zoom, 'iterations': _iterations, 'layers': _layers}


def _key(plan: dream_plan.FilmPlan, number: int) -> types.Key:
  return jax.random.fold_in(jax.random.key(plan.seed), number)
