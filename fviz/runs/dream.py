"""Dreams from a config: what is read, what is seen, what is written."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import optax
from ml_collections import ConfigDict

from fviz import (
  config_strings,
  deepdream,
  errors,
  gradients,
  models,
  objectives,
  types,
)
from fviz.compiler import precisions
from fviz.deepdream import guides
from fviz.media import photos, picture_files
from fviz.models import pareidolia
from fviz.runs import records

# What dreams well, by looking.
_LAYERS = {'pareidolia': 'mixed5,mixed4', 'inception_v3': 'mixed_4'}
_GUIDE_SIZE = 256  # Longer side: every position is compared with all others.
_NOISE_SIZE = 512
_FILES = ('input', 'guide', 'mask')


class Plan(NamedTuple):
  """Everything that a dream needs, read and checked.

  Attributes:
    config: as given.
    image: [h, w, 3] in [0, 1]; None for a clip.
    alpha: [h, w] or None.
    mask: [h, w] or None.
    dreamer: (image, seed or key, mask, on_step) -> image.
    record: what makes the picture again, for its metadata.
  """

  config: ConfigDict
  image: np.ndarray | None
  alpha: np.ndarray | None
  mask: np.ndarray | None
  dreamer: deepdream.Dreamer
  record: dict[str, Any]


def run(
  config: ConfigDict,
  output: str,
  on_step: Callable[[], None] = lambda: None,
) -> Plan:
  """Dreams of one photo and writes it; see `fviz.config.dream`.

  Args:
    config: what to do.
    output: .png, .jpg or .webp; carries its recipe.
    on_step: called after each of octaves * iterations steps.

  Raises:
    FvizError: before any work, for everything wrong in the config, the
      files or the output.
  """
  picture_files.check_output(output)
  plan = prepare(config)
  picture_files.check_output(output, plan.alpha is not None)
  dream = plan.dreamer(plan.image, config.seed, plan.mask, on_step)
  picture_files.write(output, dream, plan.record, plan.alpha)
  return plan


def prepare(config: ConfigDict, still: bool = True) -> Plan:
  """Reads and checks what a config names.

  Args:
    config: what to do.
    still: whether the input is a picture, and not a clip.
  """
  check(config)
  network = models.load(config.model, config.weights)
  image = alpha = mask = None
  record = records.start('dream', config, network)
  if still:
    image, alpha = _image(config, record)
  dreamer = deepdream.Dreamer(
    network, objective(config, network, record), settings(config)
  )
  if still:
    dreamer.check(image.shape[:2])
    mask = _mask(config, image.shape[:2], record)
  return Plan(config, image, alpha, mask, dreamer, record)


def check(config: ConfigDict) -> None:
  """Raises one `FvizError` for names and numbers that cannot be."""
  if config.model not in models.names():
    raise errors.unknown('model', config.model, models.names())
  chosen = [k for k in ('channels', 'label', 'guide') if config[k]]
  if len(chosen) > 1:
    raise errors.FvizError(
      f'Give one of channels, label and guide, not {" and ".join(chosen)}.'
    )
  if not 0 <= config.size <= 16384:
    raise errors.FvizError(
      f'size must be from 0 to 16384 pixels, not {config.size}.'
    )
  if not 0 <= config.seed < 2**32:
    raise errors.FvizError(f'seed must be from 0 to 2^32 - 1: {config.seed}.')
  if not 1 <= config.octaves <= 20 or not 0 <= config.iterations <= 10000:
    raise errors.FvizError(
      'octaves must be from 1 to 20 and iterations from 0 to 10000, not '
      f'{config.octaves} and {config.iterations}.'
    )
  precisions.check(config.precision)


def settings(config: ConfigDict) -> deepdream.Settings:
  """How to dream, as a config has it."""
  return deepdream.Settings(
    octaves=config.octaves,
    scale=config.octave_scale,
    iterations=config.iterations,
    strength=config.strength,
    jitter=config.jitter,
    border=config.border,
    gradient=_conditioning(config.gradient),
    window=config.window,
    precision=config.precision,
  )


@functools.cache  # One object a text, so that compiled programs are found.
def _conditioning(text: str) -> optax.GradientTransformation:
  return optax.chain(*config_strings.resolve(text, 'gradient', gradients))


def objective(
  config: ConfigDict, network: types.Network, record: dict | None = None
) -> types.Objective:
  """What a config wants to see, for a network."""
  if config.label:
    label = int(config.label) if config.label.isdigit() else config.label
    return objectives.logit(label)
  terms = layers(config)
  known = statistics(config)
  total = None
  for layer, weight in terms:
    term = _term(config, network, layer, known, record)
    term = term if weight == 1 else weight * term
    total = term if total is None else total + term
  return objectives.bind(total, network)


def layers(config: ConfigDict) -> list[tuple[str, float]]:
  """(layer, weight) of 'mixed5,mixed4*0.5'."""
  text = config.layer or _LAYERS.get(config.model, '')
  found = []
  for part in filter(None, (p.strip() for p in text.split(','))):
    match = re.fullmatch(r'([^*]+?)\s*(?:\*\s*(-?[0-9.]+(?:e-?\d+)?))?', part)
    if not match:
      raise errors.FvizError(
        f"Cannot read {part!r} in layer: write 'mixed5,mixed4*0.5'."
      )
    found.append((match[1], float(match[2] or 1)))
  if not found:
    raise errors.FvizError(
      f'{config.model} has no usual layer to dream with: give one (--layer), '
      f'`fviz layers {config.model}` lists them.'
    )
  return found


def statistics(config: ConfigDict) -> dict:
  """layer -> (mean, std) of its channels, where they ship with the model."""
  if config.model != 'pareidolia' or not config.normalized:
    return {}
  return pareidolia.statistics(config.weights)


def _term(config, network, layer, known, record):
  if config.guide:
    photo = photos.read(config.guide)
    if record is not None:
      record['guide_sha256'] = photo.sha256
    image = photo.image
    longest = min(_GUIDE_SIZE, max(image.shape[:2]))
    return guides.guide(network, layer, photos.fitted(image, longest))
  if config.channels:
    one = [objectives.channel(layer, int(c)) for c in config.channels]
    return sum(one[1:], one[0])
  if layer in known and layer in network.layers:
    return guides.normalized(layer, *known[layer])
  return objectives.deepdream(layer)


def _image(config, record):
  if config.input == 'noise':
    side = config.size or _NOISE_SIZE
    return deepdream.noise((side, side), config.seed), None
  photo = photos.read(config.input or photos.sample())
  record['input_sha256'] = photo.sha256
  h, w = photo.image.shape[:2]
  if min(h, w) < 8 and not config.size:
    raise errors.FvizError(
      f'{photo.path} is {w} x {h} pixels: there is nothing to dream about. '
      'Give a larger photo, or enlarge it (--size 512).'
    )
  image = photos.fitted(photo.image, config.size)
  alpha = photo.alpha
  if alpha is not None:
    alpha = photos.resized(alpha, image.shape[:2])
  return image, alpha


def _mask(config, size, record):
  if not config.mask:
    return None
  photo = photos.read(config.mask)
  record['mask_sha256'] = photo.sha256
  mask = photos.resized(photo.image.mean(-1), size)
  if not mask.any():
    raise errors.FvizError(
      f'{config.mask} is all black: it must be white where to dream.'
    )
  return mask
