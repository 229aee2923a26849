"""The settings of films and clips, with all numbers checked."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from fviz import errors
from fviz.media import optical_flow

FILMS = ('zoom', 'iterations', 'layers')
_SCHEDULED = ('strength', 'iterations')

# Name of a setting -> (frame, value) of some frames, in order.
Schedule = Mapping[str, list[tuple[float, float]]]


@dataclasses.dataclass(frozen=True)
class FilmSettings:
  """`config.film` of `fviz.config.dream`, which says what the fields are.

  Raises:
    FvizError: a value out of range.
  """

  kind: str
  frames: int
  fps: float
  zoom: float
  rotate: float
  shift: tuple[float, float]

  def __post_init__(self):
    if self.kind not in FILMS:
      raise errors.unknown('kind of film', self.kind, FILMS)
    if not 1 <= self.frames <= 100_000 or not 0.1 <= self.fps <= 240:
      raise errors.FvizError(
        f'A film has 1 to 100000 frames at 0.1 to 240 a second, not '
        f'{self.frames} at {self.fps}.'
      )
    if not 0.1 <= self.zoom <= 10:
      raise errors.FvizError(f'film.zoom is 0.1 to 10, not {self.zoom}.')
    if len(self.shift) != 2:
      raise errors.FvizError(f'film.shift is (right, down), not {self.shift}.')


@dataclasses.dataclass(frozen=True)
class ClipSettings:
  """`config.video` of `fviz.config.dream`, with its schedule parsed.

  Raises:
    FvizError: a value out of range.
  """

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
      value = getattr(self, name)
      if not 0 <= value <= 1:
        raise errors.FvizError(f'video.{name} is 0 to 1, not {value}.')
    if not 0 <= self.threshold < 1e4 or self.frames < 0:
      raise errors.FvizError(
        f'video.threshold and video.frames must not be negative: '
        f'{self.threshold}, {self.frames}.'
      )


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
