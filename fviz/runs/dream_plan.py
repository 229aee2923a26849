"""What a config of `fviz.config.dream` stands for: a picture, film or clip.

Here texts are parsed, files are read and numbers are checked. Whatever is
wrong is said before any work.
"""

import dataclasses
import functools
import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import optax
from ml_collections import ConfigDict

from fviz import checks, config_strings, deepdream, errors, gradients, models
from fviz import config as configs
from fviz.compiler import precisions
from fviz.config import build
from fviz.deepdream import octaves
from fviz.media import clips, photos, picture_files, video_extra
from fviz.runs import dream_objectives, films, records
from fviz.runs.film_settings import ClipSettings, FilmSettings, parse_schedule
from fviz.storage import outputs

# Names of files that are read as clips.
_CLIPS = ('.mp4', '.m4v', '.mov', '.mkv', '.webm', '.avi', '.mpg', '.ogv')
# Fields of `deepdream.Settings` that the config calls the same.
_SAME_NAMES = (
  *('octaves', 'iterations', 'strength', 'jitter', 'border', 'window'),
  'precision',
)
_SIGHTS = ('channels', 'label', 'guide')  # At most one instead of whole layers.
_NOISE_SIZE = 512  # Pixels a side.


@dataclasses.dataclass(frozen=True)
class _Dream:
  """What every dream needs."""

  output: str  # The file that is written.
  record: Mapping[str, Any]  # Makes it again; for its metadata.
  dreamer: deepdream.Dreamer
  seed: int  # Of all randomness.
  # Steps of a picture, or frames of a film; None where a clip does not say.
  length: int | None


@dataclasses.dataclass(frozen=True)
class PicturePlan(_Dream):
  """A dream of one photo."""

  image: np.ndarray  # [h, w, 3] in [0, 1].
  mask: np.ndarray | None  # [h, w] in [0, 1], where to dream; None: everywhere.
  alpha: np.ndarray | None  # [h, w] in [0, 1], None where all is opaque.


@dataclasses.dataclass(frozen=True)
class FilmPlan(_Dream):
  """A film from one photo."""

  image: np.ndarray  # As of a picture.
  mask: np.ndarray | None
  workdir: str  # Where its frames are kept.
  settings: FilmSettings
  # Of a walk through layers: their objectives and weights.
  walk: tuple[dream_objectives.Weighted, ...]


@dataclasses.dataclass(frozen=True)
class ClipPlan(_Dream):
  """A dream of each frame of a clip."""

  workdir: str  # Where its frames are kept.
  input: str  # The clip's file.
  size: octaves.Size  # (height, width) of the dreams.
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
  _check(values)
  read = [values[name] for name in ('input', 'guide', 'mask', 'weights')]
  outputs.check_apart(output, read)
  if not is_film(config, clip):
    if films.is_film_name(output):
      raise errors.FvizError(
        f'{output} is the name of a film, and this makes one picture: say what '
        'moves (--film zoom, iterations or layers), or give a clip.'
      )
    picture_files.check_output(output)
    plan = _still(values, output)
    picture_files.check_output(output, plan.alpha is not None)
    return plan
  plan_film = _clip if clip or _is_clip(values['input']) else _film
  return plan_film(values, output, workdir or f'{output}.frames')


def is_film(config: ConfigDict, clip: bool = False) -> bool:
  """Whether a config makes a film, and not a picture; see `plan_of`."""
  values: dict[str, Any] = config.to_dict()
  return clip or _is_clip(values['input']) or bool(values['film']['kind'])


def _is_clip(path: str) -> bool:
  return pathlib.Path(path).suffix.lower() in _CLIPS


def _check(values: Mapping[str, Any]) -> None:
  build.check_known(values, configs.dream().to_dict())
  if values['model'] not in models.names():
    raise errors.unknown('model', values['model'], models.names())
  chosen = [k for k in _SIGHTS if values[k]]
  if len(chosen) > 1:
    raise errors.FvizError(
      f'Give one of channels, label and guide, not {" and ".join(chosen)}.'
    )
  checks.check('size', values['size'], 0, 16384)
  checks.check('seed', values['seed'], 0, 2**32 - 1)
  checks.check('octaves', values['octaves'], 1, 20)
  checks.check('iterations', values['iterations'], 0, 10000)
  precisions.check(values['precision'])


def _still(values: dict[str, Any], output: str) -> PicturePlan:
  image, alpha, of_photo = _photo(values)
  dreamer, record = _dreamer(values, of_photo)
  size = octaves.size_of(image)
  dreamer.check(size)
  mask, of_mask = _mask(values['mask'], size)
  length, seed = values['octaves'] * values['iterations'], values['seed']
  start = output, record | of_mask, dreamer, seed, length
  return PicturePlan(*start, image, mask, alpha)


def _film(values: dict[str, Any], output: str, workdir: str) -> FilmPlan:
  films.check_output(output)
  settings, walk = FilmSettings(**values['film']), ()
  if settings.kind == 'layers':
    layers = dream_objectives.parse_layers(values['layer'], values['model'])
    if len(layers) < 2 or any(values[k] for k in _SIGHTS):
      raise errors.FvizError(
        "A walk through layers needs two or more whole layers: layer='mixed3,"
        "mixed5', no channels, label or guide."
      )
  still = _still(values, output)
  if settings.kind == 'layers':
    network = still.dreamer.network
    walk = tuple(dream_objectives.whole_layers(values, network))
  start = output, still.record, still.dreamer, still.seed, settings.frames
  return FilmPlan(*start, still.image, still.mask, workdir, settings, walk)


def _clip(values: dict[str, Any], output: str, workdir: str) -> ClipPlan:
  video_extra.require()
  films.check_output(output)
  schedule = parse_schedule(values['video']['schedule'])
  settings = ClipSettings(**values['video'] | {'schedule': schedule})
  if values['mask']:
    raise errors.FvizError('A mask is for pictures, not for clips.')
  path = values['input']
  first = next(clips.read(path)).image.astype(np.float32) / 255
  size = octaves.size_of(photos.fitted(first, values['size']))
  # Another clip of the same name must not go on where this one stopped.
  of_clip = {'clip': True, 'input_sha256': photos.sha256(path)}
  dreamer, record = _dreamer(values, {})
  dreamer.check(size)
  lengths = filter(None, (clips.length(path), settings.frames))
  length = min(lengths, default=None)
  start = output, record | of_clip, dreamer, values['seed'], length
  return ClipPlan(*start, workdir, path, size, settings)


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


def _photo(
  values: Mapping[str, Any],
) -> tuple[np.ndarray, np.ndarray | None, dict[str, str]]:
  """The image, its alpha if it has any, and its part of the record."""
  if values['input'] == 'noise':
    side = values['size'] or _NOISE_SIZE
    return deepdream.noise((side, side), values['seed']), None, {}
  read = photos.read(values['input'] or photos.sample())
  h, w = read.image.shape[:2]
  if min(h, w) < 8 and not values['size']:
    raise errors.FvizError(
      f'{read.path} is {w} x {h} pixels: there is nothing to dream about. '
      'Give a larger photo, or enlarge it (--size 512).'
    )
  image, alpha = photos.fitted(read.image, values['size']), read.alpha
  if alpha is not None:
    alpha = photos.resized(alpha, octaves.size_of(image))
  return image, alpha, {'input_sha256': read.sha256}


def _mask(
  path: str, size: octaves.Size
) -> tuple[np.ndarray | None, dict[str, str]]:
  """The mask of an image size, if any, and its part of the record."""
  if not path:
    return None, {}
  read = photos.read(path)
  where = photos.resized(read.light(), size)
  if not where.any():
    raise errors.FvizError(
      f'{path} is all black: it must be white where to dream.'
    )
  return where, {'mask_sha256': read.sha256}
