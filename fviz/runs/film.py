"""Films from one picture: zooms, iterations, walks through layers."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import jax
import numpy as np
from ml_collections import ConfigDict
from PIL import Image

from fviz import errors, objectives
from fviz.deepdream import guides
from fviz.media import film_files, picture_files, png
from fviz.media.host_sampling import moved
from fviz.runs import dream
from fviz.runs.film_frames import Frames
from fviz.storage import plain_json

_ANIMATED = ('.gif', '.webp')
KINDS = ('zoom', 'iterations', 'layers')


def run(
  config: ConfigDict,
  output: str,
  path: str | None = None,
  on_frame: Callable[[int], None] = lambda number: None,
) -> str:
  """A film from one picture; see `fviz.config.dream`, `config.film`.

  Args:
    config: film.kind is 'zoom' (each frame is the last one, zoomed, turned,
      moved and dreamt on), 'iterations' (one step an octave more a frame), or
      'layers' (a walk from each of config.layer to the next).
    output: .gif, .webp, or with the extra `video` .mp4, .mkv, .webm, .mov.
    path: working directory; default `output` + '.frames'.
    on_frame: called with the number of finished frames.

  Returns:
    The working directory.
  """
  check_output(output)
  _check(config)
  plan = dream.prepare(config)
  path = path or f'{output}.frames'
  ignore = ['config.film.fps']
  if config.film.kind != 'layers':  # More frames go on where these end.
    ignore.append('config.film.frames')
  with Frames(path, plan.record, tuple(ignore)) as frames:
    done = min(frames.finished(), config.film.frames)
    image = frames.read(done - 1)[0] if done else plan.image
    for number in range(done, config.film.frames):
      on_frame(number)
      image = _MAKERS[config.film.kind](plan, image, number)
      image = frames.save(number, image)
    on_frame(config.film.frames)
    pictures = (frames.read(i)[0] for i in range(config.film.frames))
    encode(output, pictures, config.film.fps, plan.record)
  return path


def check_output(output: str) -> None:
  """Refuses a film that could not be written, before any work."""
  suffix = os.path.splitext(output)[1].lower()
  if suffix not in _ANIMATED + film_files.SUFFIXES:
    raise errors.unknown(
      'film format', suffix or output, _ANIMATED + film_files.SUFFIXES
    )
  if suffix in film_files.SUFFIXES:
    film_files.check_codec(output)
  picture_files.check_writable(output)


def encode(
  output: str,
  frames: Iterable[np.ndarray],
  fps: float,
  record: Mapping[str, Any] | None = None,
  times: Sequence[float] | None = None,
  audio: str = '',
) -> None:
  """Writes frames [h, w, 3] in [0, 1] as an animation or a film; see `write`.

  Args:
    output: of `check_output`.
    frames: of one size.
    fps: frames a second, without `times`.
    record: what made it.
    times: seconds of each frame.
    audio: a clip whose sound is kept, where the format has any.
  """
  if os.path.splitext(output)[1].lower() in film_files.SUFFIXES:
    film_files.write(output, frames, fps, times, audio, record)
    return
  pictures = (Image.fromarray(png.to_uint8(f)) for f in frames)
  text = plain_json.encode(dict(record or {}))
  exif = Image.Exif()
  exif[picture_files.DESCRIPTION] = text
  kind = os.path.splitext(output)[1].lower().strip('.')
  temporary = f'{output}.partial'
  try:
    next(pictures).save(
      temporary,
      kind,
      save_all=True,
      append_images=pictures,
      duration=_durations(fps, times),
      loop=0,
      **({'exif': exif} if kind == 'webp' else {'comment': text}),
    )
    os.replace(temporary, output)
  except OSError as error:
    raise errors.FvizError(
      f'Cannot write {output}: {error.strerror or error}. The frames are kept: '
      'run it again when there is space.'
    ) from error
  finally:
    if os.path.exists(temporary):
      os.remove(temporary)


def _durations(fps, times) -> int | list[int]:
  """Milliseconds of each frame; those of GIF are rounded to tens."""
  if times is None or len(times) < 2:
    return round(1000 / fps)
  ends = [*times[1:], times[-1] + (times[-1] - times[0]) / (len(times) - 1)]
  # Rounded at the ends, so that errors do not add up.
  marks = [round(100 * (t - times[0])) * 10 for t in [times[0], *ends]]
  return [max(10, b - a) for a, b in itertools.pairwise(marks)]


def walk(terms: list, position: float) -> list[float]:
  """Weights of terms at a position from 0 to 1: two neighbours at a time.

  >>> walk(['a', 'b', 'c'], 0.25)
  [0.5, 0.5, 0.0]
  """
  place = position * (len(terms) - 1)
  return [max(0.0, 1 - abs(place - i)) for i in range(len(terms))]


def _key(plan: dream.Plan, number: int):
  return jax.random.fold_in(jax.random.key(plan.config.seed), number)


def _zoom(plan, image, number):
  film = plan.config.film
  if number:
    image = moved(image, film.zoom, film.rotate, film.shift)
  return plan.dreamer(image, _key(plan, number), plan.mask)


def _iterations(plan, image, number):
  if number == 0:
    return image
  once = plan.dreamer.replace(iterations=1)
  return once(image, _key(plan, number), plan.mask)


def _layers(plan, image, number):
  """Each frame from the photo, with one key: only the layer changes."""
  del image
  names, known = dream.layers(plan.config), dream.statistics(plan.config)
  weights = walk(names, number / max(plan.config.film.frames - 1, 1))
  total = None
  for (layer, factor), weight in zip(names, weights, strict=True):
    plain = layer not in known
    term = (
      objectives.deepdream(layer)
      if plain
      else guides.normalized(layer, *known[layer])
    )
    term = (weight * factor) * term
    total = term if total is None else total + term
  total = objectives.batch(objectives.bind(total, plan.dreamer.network))[1]
  dreamer = plan.dreamer
  if jax.tree.structure(dreamer.objective) != jax.tree.structure(total):
    dreamer.objective = total  # The first frame: nothing is compiled yet.
  return dreamer.replace(total)(plan.image, plan.config.seed, plan.mask)


_MAKERS = {'zoom': _zoom, 'iterations': _iterations, 'layers': _layers}


def _check(config: ConfigDict) -> None:
  film = config.film
  if film.kind not in KINDS:
    raise errors.unknown('kind of film', film.kind, KINDS)
  if not 1 <= film.frames <= 100_000 or not 0.1 <= film.fps <= 240:
    raise errors.FvizError(
      f'A film has 1 to 100000 frames at 0.1 to 240 a second, not '
      f'{film.frames} at {film.fps}.'
    )
  if not 0.1 <= film.zoom <= 10:
    raise errors.FvizError(f'film.zoom is 0.1 to 10, not {film.zoom}.')
  if len(film.shift) != 2:
    raise errors.FvizError(f'film.shift is (right, down), not {film.shift}.')
  if film.kind == 'layers' and (
    len(dream.layers(config)) < 2
    or config.channels
    or config.label
    or config.guide
  ):
    raise errors.FvizError(
      "A walk through layers needs two or more whole layers: layer='mixed3,"
      "mixed5', no channels, label or guide."
    )
