"""The settings of films and clips; a number out of range is an `FvizError`."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from fviz import checks, errors
from fviz.media import optical_flow

_FILMS = ('zoom', 'iterations', 'layers')
_SCHEDULED = ('strength', 'iterations')

# Name of a setting -> (frame, value) of some frames, in order.
Schedule = Mapping[str, list[tuple[float, float]]]


@dataclasses.dataclass(frozen=True)
class FilmSettings:
  """`config.film` of `fviz.config.dream`, which says what the fields are."""

  kind: str
  frames: int
  fps: float
  zoom: float
  rotate: float
  shift: tuple[float, float]

  def __post_init__(self):
    if self.kind not in _FILMS:
      raise errors.unknown('kind of film', self.kind, _FILMS)
    checks.check('film.frames', self.frames, 1, 100_000)
    checks.check('film.fps', self.fps, 0.1, 240)
    checks.check('film.zoom', self.zoom, 0.1, 10)
    checks.check('film.rotate', self.rotate, -360, 360)
    if len(self.shift) != 2:
      raise errors.FvizError(f'film.shift is (right, down), not {self.shift}.')
    for pixels in self.shift:
      checks.check('film.shift', pixels, -1e4, 1e4)


@dataclasses.dataclass(frozen=True)
class ClipSettings:
  """`config.video` of `fviz.config.dream`, with its schedule parsed."""

  flow: str
  blend_flow: float
  blend_static: float
  settle: bool
  threshold: float
  cut: float
  frames: int
  schedule: Schedule

  def __post_init__(self):
    if self.flow not in optical_flow.FLOWS:
      raise errors.unknown('flow', self.flow, optical_flow.FLOWS)
    for name in ('blend_flow', 'blend_static', 'cut'):
      checks.check(f'video.{name}', getattr(self, name), 0, 1)
    checks.check('video.threshold', self.threshold, 0, 1e4)
    checks.check('video.frames', self.frames, 0)


def parse_schedule(text: str) -> Schedule:
  """{'strength': [(0, 1), (50, 3)]} of 'strength=0:1,50:3'.

  >>> parse_schedule('strength=0:1,50:3;iterations=0:5')
  {'strength': [(0.0, 1.0), (50.0, 3.0)], 'iterations': [(0.0, 5.0)]}
  """
  found = {}
  for part in filter(None, (p.strip() for p in text.split(';'))):
    name, _, points = part.partition('=')
    if name not in _SCHEDULED:
      raise errors.unknown('schedule', name, _SCHEDULED)
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


def scheduled(schedule: Schedule, frame: int) -> dict[str, Any]:
  """The settings at a frame, between two points in proportion.

  >>> scheduled({'iterations': [(0.0, 5.0), (10.0, 15.0)]}, 3)
  {'iterations': 8}
  """
  found = {}
  for name, points in schedule.items():
    frames, values = zip(*points, strict=True)
    value = float(np.interp(frame, frames, values))
    found[name] = round(value) if name == 'iterations' else value
  return found
