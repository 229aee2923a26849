"""Films: frames on the disk, each from the one before, and their encoding.

The frames are the ledger. Each is a whole PNG, and whatever a frame needs of
the one before is read from there, so that a film that was killed ends as one
that was not.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import jax
import numpy as np
from ml_collections import ConfigDict
from PIL import Image

from fviz import (
  dreams,
  errors,
  gallery,
  guidance,
  objectives,
  photos,
  workdir,
)

_ANIMATED = ('.gif', '.webp')
_VIDEO = ('.mp4', '.m4v', '.mov', '.mkv', '.webm')
KINDS = ('zoom', 'iterations', 'layers')


class Frames:
  """The frames of a film in its working directory.

  Args:
    path: created, or resumed if its config is the same.
    record: what makes the film; in every frame's metadata.
  """

  def __init__(self, path: str, record: dict[str, Any]):
    self.directory = workdir.Workdir.open(path, record, ('versions',))
    self.record = record

  def __enter__(self):
    return self

  def __exit__(self, *unused):
    self.directory.close()

  def path(self, number: int):
    return self.directory.path / 'frames' / f'{number:06d}.png'

  def save(self, number: int, image: np.ndarray, **more: Any) -> np.ndarray:
    """Writes a frame; returns it as it will be read, in [0, 1]."""
    gallery.save_png(
      self.path(number), image, {**self.record, 'frame': number, **more}
    )
    return np.float32(gallery.to_uint8(image)) / 255

  def read(self, number: int) -> tuple[np.ndarray, dict]:
    """([h, w, 3] in [0, 1], record) of a finished frame."""
    image, record = gallery.read_png(self.path(number))
    return np.float32(image) / 255, record or {}

  def finished(self) -> int:
    """How many frames from the first on are whole."""
    number = 0
    while self.path(number).exists():
      try:
        self.read(number)
      except errors.FvizError:
        break
      number += 1
    return number


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
  plan = dreams.prepare(config)
  path = path or f'{output}.frames'
  # One film of one frame more or less has the same frames.
  with Frames(path, plan.record) as frames:
    done = min(frames.finished(), config.film.frames)
    image = frames.read(done - 1)[0] if done else plan.image
    for number in range(done, config.film.frames):
      on_frame(number)
      image = _MAKERS[config.film.kind](plan, image, number)
      image = frames.save(number, image)
    on_frame(config.film.frames)
    pictures = (frames.read(i)[0] for i in range(config.film.frames))
    encode(output, pictures, config.film.fps)
  return path


def check_output(output: str) -> None:
  """Refuses a film that could not be written, before any work."""
  suffix = os.path.splitext(output)[1].lower()
  if suffix not in _ANIMATED + _VIDEO:
    raise errors.unknown('film format', suffix or output, _ANIMATED + _VIDEO)
  if suffix in _VIDEO:
    from fviz import video

    video.require()
  photos.check_writable(output)


def encode(output: str, frames: Iterable[np.ndarray], fps: float) -> None:
  """Writes frames [h, w, 3] in [0, 1] as an animation or a film."""
  if os.path.splitext(output)[1].lower() in _VIDEO:
    from fviz import video

    video.write(output, frames, fps)
    return
  temporary = f'{output}.partial'
  kind = os.path.splitext(output)[1].lower().strip('.')
  pictures = (Image.fromarray(gallery.to_uint8(f)) for f in frames)
  first = next(pictures)
  try:
    first.save(
      temporary,
      kind,
      save_all=True,
      append_images=pictures,
      duration=round(1000 / fps),
      loop=0,
    )
    os.replace(temporary, output)
  except OSError as error:
    raise errors.FvizError(
      f'Cannot write {output}: {error.strerror or error}. The frames are kept.'
    ) from error


def moved(
  image: np.ndarray,
  zoom: float = 1.0,
  degrees: float = 0.0,
  shift: tuple[float, float] = (0.0, 0.0),
) -> np.ndarray:
  """An image zoomed into, turned and shifted about its centre, bilinear.

  Args:
    image: [h, w, c]; its mirror image lies outside.
    zoom: above 1 to go in.
    degrees: counterclockwise.
    shift: pixels right and down.
  """
  h, w = image.shape[:2]
  y, x = np.mgrid[:h, :w].astype(np.float32)
  y, x = y - (h - 1) / 2 - shift[1], x - (w - 1) / 2 - shift[0]
  c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
  rows = (c * y + s * x) / zoom + (h - 1) / 2
  columns = (c * x - s * y) / zoom + (w - 1) / 2
  return sampled(image, rows, columns)


def sampled(
  image: np.ndarray, rows: np.ndarray, columns: np.ndarray
) -> np.ndarray:
  """Bilinear samples of [h, w, c] at [...] positions; mirrored outside."""
  h, w = image.shape[:2]
  rows, columns = _mirrored(rows, h), _mirrored(columns, w)
  top, left = rows.astype(np.int32), columns.astype(np.int32)
  below, after = np.minimum(top + 1, h - 1), np.minimum(left + 1, w - 1)
  down, right = (rows - top)[..., None], (columns - left)[..., None]
  upper = image[top, left] * (1 - right) + image[top, after] * right
  lower = image[below, left] * (1 - right) + image[below, after] * right
  return np.float32(upper * (1 - down) + lower * down)


def walk(terms: list, position: float) -> list[float]:
  """Weights of terms at a position from 0 to 1: two neighbours at a time.

  >>> walk(['a', 'b', 'c'], 0.25)
  [0.5, 0.5, 0.0]
  """
  place = position * (len(terms) - 1)
  return [max(0.0, 1 - abs(place - i)) for i in range(len(terms))]


def _mirrored(places: np.ndarray, size: int) -> np.ndarray:
  if size == 1:
    return np.zeros_like(places)
  places = np.abs(places) % (2 * (size - 1))
  return np.minimum(places, 2 * (size - 1) - places)


def _key(plan: dreams.Plan, number: int):
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
  names, known = dreams.layers(plan.config), dreams.statistics(plan.config)
  weights = walk(names, number / max(plan.config.film.frames - 1, 1))
  total = None
  for (layer, factor), weight in zip(names, weights, strict=True):
    plain = layer not in known
    term = (
      objectives.deepdream(layer)
      if plain
      else guidance.normalized(layer, *known[layer])
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
    len(dreams.layers(config)) < 2
    or config.channels
    or config.label
    or config.guide
  ):
    raise errors.FvizError(
      "A walk through layers needs two or more whole layers: layer='mixed3,"
      "mixed5', no channels, label or guide."
    )


def frames_of(path: str) -> Iterator[str]:
  """The finished frames in a working directory, in order."""
  folder = os.path.join(path, 'frames')
  for name in sorted(os.listdir(folder)):
    if name.endswith('.png') and not name.startswith('.'):
      yield os.path.join(folder, name)
