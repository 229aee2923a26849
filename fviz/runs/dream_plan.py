"""What a config of `fviz.config.dream` stands for: a picture, film or clip.

Here texts are parsed, files are read and numbers are checked. Whatever is
wrong is said before any work.
"""

from __future__ import annotations

import dataclasses
import functools
import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import optax
from ml_collections import ConfigDict

from fviz import config_strings, deepdream, errors, gradients, models
from fviz.deepdream import octaves
from fviz.media import clips, photos, picture_files, video_extra
from fviz.runs import dream_inputs, dream_objectives, film_output, records
from fviz.runs.film_settings import ClipSettings, FilmSettings, parse_schedule

# Names of files that are read as clips.
_CLIPS = ('.mp4', '.m4v', '.mov', '.mkv', '.webm', '.avi', '.mpg', '.ogv')
# Fields of `deepdream.Settings` that the config calls the same.
_SAME_NAMES = (
  *('octaves', 'iterations', 'strength', 'jitter', 'border', 'window'),
  'precision',
)


@dataclasses.dataclass(frozen=True)
class _Dream:
  """What every dream needs.

  Attributes:
    output: the file that is written.
    record: what makes it again, for its metadata.
    dreamer: (image, seed or key, mask, on_step) -> image.
    seed: of all randomness.
    length: how many steps a picture takes, or how many frames a film; None
      where a clip does not say.
  """

  output: str
  record: Mapping[str, Any]
  dreamer: deepdream.Dreamer
  seed: int
  length: int | None


@dataclasses.dataclass(frozen=True)
class PicturePlan(_Dream):
  """A dream of one photo.

  Attributes:
    image: [h, w, 3] in [0, 1].
    alpha: [h, w] in [0, 1], None where all is opaque.
    mask: [h, w] in [0, 1], where to dream; None stands for everywhere.
  """

  image: np.ndarray
  alpha: np.ndarray | None
  mask: np.ndarray | None


@dataclasses.dataclass(frozen=True)
class FilmPlan(_Dream):
  """A film from one photo.

  Attributes:
    workdir: where its frames are kept.
    image: the photo, [h, w, 3] in [0, 1].
    mask: [h, w] in [0, 1], where to dream; None stands for everywhere.
    settings: of the film.
    walk: of a walk through layers: their objectives and weights.
  """

  workdir: str
  image: np.ndarray
  mask: np.ndarray | None
  settings: FilmSettings
  walk: tuple[dream_objectives.Weighted, ...]


@dataclasses.dataclass(frozen=True)
class ClipPlan(_Dream):
  """A dream of each frame of a clip.

  Attributes:
    workdir: where its frames are kept.
    input: the clip's file.
    size: (height, width) of the dreams.
    settings: how they follow each other.
  """

  workdir: str
  input: str
  size: octaves.Size
  settings: ClipSettings


def plan_of(
  config: ConfigDict,
  output: str,
  workdir: str | None = None,
  clip: bool = False,
) -> PicturePlan | FilmPlan | ClipPlan:
  """Reads and checks a config of `fviz.config.dream` and all that it names.

  Args:
    config: what to do.
    output: for a picture .png, .jpg or .webp; for films and clips .gif or
      .webp, or with the extra `video` .mp4, .mkv, .webm or .mov.
    workdir: where frames are kept, given again to resume; `output` +
      '.frames' if None.
    clip: whether the input is a clip, whatever its name says.

  Raises:
    FvizError: anything wrong in the config, the files or the output.
  """
  values: dict[str, Any] = config.to_dict()
  dream_inputs.check(values)
  if not is_film(config, clip):
    picture_files.check_output(output)
    plan = _still(values, output)
    picture_files.check_output(output, plan.alpha is not None)
    return plan
  workdir = workdir or f'{output}.frames'
  if clip or _is_clip(values['input']):
    return _clip(values, output, workdir)
  return _film(values, output, workdir)


def is_film(config: ConfigDict, clip: bool = False) -> bool:
  """Whether a config makes a film, and not a picture; see `plan_of`."""
  values: dict[str, Any] = config.to_dict()
  return clip or _is_clip(values['input']) or bool(values['film']['kind'])


def _is_clip(path: str) -> bool:
  return pathlib.Path(path).suffix.lower() in _CLIPS


def _still(values: dict[str, Any], output: str) -> PicturePlan:
  image, alpha, of_photo = dream_inputs.photo(values)
  dreamer, record = _dreamer(values, of_photo)
  size = octaves.size_of(image)
  dreamer.check(size)
  mask, of_mask = dream_inputs.mask(values['mask'], size)
  length = values['octaves'] * values['iterations']
  record |= of_mask
  return PicturePlan(
    output, record, dreamer, values['seed'], length, image, alpha, mask
  )


def _film(values: dict[str, Any], output: str, workdir: str) -> FilmPlan:
  film_output.check_output(output)
  settings, walk = FilmSettings(**values['film']), ()
  if settings.kind == 'layers':
    layers = dream_objectives.parse_layers(values['layer'], values['model'])
    if len(layers) < 2 or any(values[k] for k in dream_inputs.SIGHTS):
      raise errors.FvizError(
        "A walk through layers needs two or more whole layers: layer='mixed3,"
        "mixed5', no channels, label or guide."
      )
  still = _still(values, output)
  if settings.kind == 'layers':
    walk = dream_objectives.whole_layers(values, still.dreamer.network)
  return FilmPlan(
    output,
    still.record,
    still.dreamer,
    still.seed,
    settings.frames,
    workdir,
    still.image,
    still.mask,
    settings,
    tuple(walk),
  )


def _clip(values: dict[str, Any], output: str, workdir: str) -> ClipPlan:
  video_extra.require()
  film_output.check_output(output)
  schedule = parse_schedule(values['video']['schedule'])
  settings = ClipSettings(**values['video'] | {'schedule': schedule})
  if values['mask']:
    raise errors.FvizError('A mask is for pictures, not for clips.')
  path = values['input']
  first = next(clips.read(path)).image.astype(np.float32) / 255
  size = octaves.size_of(photos.fitted(first, values['size']))
  dreamer, record = _dreamer(values, {})
  dreamer.check(size)
  # Another clip of the same name must not go on where this one stopped.
  record |= {'clip': True, 'input_sha256': photos.sha256(path)}
  lengths = filter(None, (clips.length(path), settings.frames))
  return ClipPlan(
    output,
    record,
    dreamer,
    values['seed'],
    min(lengths, default=None),
    workdir,
    path,
    size,
    settings,
  )


def _dreamer(
  values: dict[str, Any], of_photo: dict[str, str]
) -> tuple[deepdream.Dreamer, dict[str, Any]]:
  """The dreamer, and the record of all that it and the photo come from."""
  network = models.load(values['model'], values['weights'])
  record = records.start('dream', values, network)
  objective, of_guide = dream_objectives.of(values, network)
  settings = deepdream.Settings(
    scale=values['octave_scale'],
    gradient=_conditioning(values['gradient']),
    **{name: values[name] for name in _SAME_NAMES},
  )
  dreamer = deepdream.Dreamer(network, objective, settings)
  return dreamer, record | of_photo | of_guide


@functools.cache  # One object a text, so that compiled programs are found.
def _conditioning(text: str) -> optax.GradientTransformation:
  return optax.chain(*config_strings.resolve(text, 'gradient', gradients))
