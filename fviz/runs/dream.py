"""Dreams of photos, and of films and clips: what plans stand for is made."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from fviz.media import picture_files
from fviz.runs import clip, dream_plan, film


def run(
  plan: dream_plan.PicturePlan | dream_plan.FilmPlan | dream_plan.ClipPlan,
  progress: Callable[[int], object] = lambda done: None,
) -> None:
  """Dreams, and writes `plan.output`.

  Args:
    plan: of `dream_plan.plan_of`.
    progress: called with the number of finished steps of a picture, and of
      finished frames otherwise.

  Raises:
    FvizError: a gradient that is not finite, or a file that cannot be written;
      finished frames stay.
  """
  match plan:
    case dream_plan.PicturePlan():
      count = itertools.count(1)
      on_step = lambda: progress(next(count))
      image = plan.dreamer(plan.image, plan.seed, plan.mask, on_step)
      picture_files.write(plan.output, image, plan.record, plan.alpha)
    case dream_plan.FilmPlan():
      film.run(plan, progress)
    case dream_plan.ClipPlan():
      clip.run(plan, progress)
