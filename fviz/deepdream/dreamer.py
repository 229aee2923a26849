"""DeepDream (Mordvintsev, Olah, Tyka 2015): an image, octave by octave.

The notebook's algorithm: at each size, a few steps along the gradient over
its mean magnitude, under jitter; what a smaller size has added is carried up
as a detail. Any objective of the library will do. Images that do not fit into
memory at once are cut into windows (`fviz.deepdream.windows`) that share one step.
"""

from __future__ import annotations

import copy
import dataclasses
import logging
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import optax

from fviz import errors, gradients, objectives, types
from fviz.compiler import precisions
from fviz.deepdream import octaves, step

_log = logging.getLogger(__name__)

STEP = 1.5 / 255  # The notebook's step, in images of [0, 1]: strength 1.
_LEAST = 8  # Side of the smallest octave, in pixels.


@dataclasses.dataclass(frozen=True)
class Settings:
  """How to dream; the defaults are the notebook's.

  Attributes:
    octaves: sizes the image is dreamt at.
    scale: factor between them.
    iterations: steps at each size.
    strength: mean change of a pixel in a step, in units of the notebook's
      1.5 / 255: the same at every image size.
    jitter: the most the image is moved either way at a step, in pixels.
    border: 'wrap' (the notebook's roll), 'reflect' (no seam), or 'panorama'
      (the width is a circle).
    gradient: conditioning, without a step size.
    window: longest side of what the network sees at once; 0 = from memory.
    precision: what the network is computed in, see `fviz.compiler.precisions`.
  """

  octaves: int = 4
  scale: float = 1.4
  iterations: int = 10
  strength: float = 1.0
  jitter: int = 32
  border: str = 'wrap'
  gradient: optax.GradientTransformation = gradients.normalize()
  window: int = 0
  precision: str = precisions.DEFAULT


class Dreamer:
  """Dreams compiled for a network and an objective, one size after another.

  Programs are kept, so that the frames of a film compile once.

  Args:
    network: to dream with.
    objective: what to see; one job, not a batch.
    settings: how.
  """

  def __init__(
    self,
    network: types.Network,
    objective: types.Objective,
    settings: Settings = Settings(),
  ):
    _check(settings)
    self.network, self.settings = network, settings
    self.objective = objectives.bind(objective, network)
    jobs, self.objective = objectives.batch(self.objective)
    if jobs is not None:
      raise errors.FvizError(
        f'A dream has one objective, this one has {jobs} jobs: give a single '
        'channel, or a sum of several.'
      )
    self._programs: dict[tuple, step.Program] = {}
    self._seen: dict[tuple[int, int], bool] = {}

  @property
  def compilations(self) -> int:
    """How many image sizes have been compiled."""
    return len(self._programs)

  def check(self, size: tuple[int, int]) -> list[tuple[int, int]]:
    """The sizes of the octaves, or an error if the network is too coarse."""
    sizes = octaves.sizes(size, self.settings.octaves, self.settings.scale)
    is_new = sizes[-1] not in self._seen
    fit = [s for s in sizes if self._sees(s)]
    if len(fit) < len(sizes):
      h, w = sizes[0]
      raise errors.FvizError(
        f'{self.network.name} sees nothing in the smallest octave, {w} x {h} '
        f'pixels (of {size[1]} x {size[0]}): '
        + (f'use at most {len(fit)} octaves, or ' if fit else '')
        + 'enlarge the image first (--size).'
      )
    flat = self.settings.border == 'panorama' and (
      abs(size[1] - 2 * size[0]) > 0.02 * size[1]
    )
    if is_new and flat:
      _log.warning(
        'A panorama of all directions is twice as wide as high, this image is '
        '%d x %d: its poles will be where none are.',
        *size[::-1],
      )
    return sizes

  def __call__(
    self,
    image: np.ndarray,
    seed: int | types.Key = 0,
    mask: np.ndarray | None = None,
    on_step: Callable[[], None] = lambda: None,
  ) -> np.ndarray:
    """A dream of an image.

    Args:
      image: [h, w, c] in [0, 1].
      seed: of the jitter, or a key.
      mask: [h, w] in [0, 1], where to dream and how much of a step.
      on_step: called after each of octaves * iterations steps.

    Returns:
      [h, w, c] float32 in [0, 1].

    Raises:
      FvizError: a wrong shape, an image too small, or a gradient that is not
        finite.
    """
    image = _checked(image, mask, self.network)
    self.check(image.shape[:2])
    key = jax.random.key(seed) if isinstance(seed, int) else seed
    detail = np.zeros_like(image[:1, :1])
    # ---------------------------------------------------------- the octaves
    settings, around = self.settings, self.settings.border == 'panorama'
    levels = octaves.bases(image, settings.octaves, settings.scale, around)
    for number, base in enumerate(levels):
      size = base.shape[:2]
      x = base + octaves.zoom(detail, size, around)
      part = None if mask is None else octaves.zoom(mask, size, around)
      x = self._octave(x, jax.random.fold_in(key, number), part, on_step)
      if not np.isfinite(x).all():
        raise errors.FvizError(
          f'The gradient of {self.network.name} is not finite in octave '
          f'{number + 1} of {len(levels)}: lower the strength, or check the '
          'weights.'
        )
      detail = x - base
    # ----------------------------------------------------------------------
    return x

  def _octave(self, x, key, mask, on_step):
    program = self._program(x.shape)
    mask = np.ones((1, 1), np.float32) if mask is None else mask
    mask = jnp.asarray(mask[..., None], jnp.float32)
    x = jnp.asarray(x)
    amount = np.float32(STEP * self.settings.strength)
    state = self.settings.gradient.init(x[None])
    for i in range(self.settings.iterations):
      x, state = step.step(
        program,
        self.objective,
        x,
        jax.random.fold_in(key, i),
        mask,
        amount,
        self.settings.gradient,
        state,
      )
      on_step()
    return np.array(x)

  def replace(self, objective: types.Objective | None = None, **changes):
    """A dreamer with other numbers, which shares all compiled programs.

    Args:
      objective: bound, of the same structure with other leaves.
      **changes: of octaves, scale, iterations or strength.
    """
    made = copy.copy(self)
    made.settings = dataclasses.replace(self.settings, **changes)
    made.objective = self.objective if objective is None else objective
    _check(made.settings)
    return made

  def _program(self, shape: tuple[int, ...]) -> step.Program:
    if shape not in self._programs:
      self._programs[shape] = step.compiled(
        self.network, self.objective, shape, self.settings
      )
    return self._programs[shape]

  def _sees(self, size) -> bool:
    """Whether the network has activations at an image size."""
    # Asked for every frame, and tracing a network takes longer than a step.
    if size not in self._seen:
      self._seen[size] = self._activates(size)
    return self._seen[size]

  def _activates(self, size) -> bool:
    image = jax.ShapeDtypeStruct(
      (1, *size, self.network.input_channels), jnp.float32
    )
    apply = lambda v, x: self.network.apply(v, x, self.objective.layers)
    try:
      found = jax.eval_shape(apply, self.network.variables, image)
    except (TypeError, ValueError, ZeroDivisionError):
      return False
    return min(size) >= _LEAST and all(v.size for v in found.values())


def dream(
  network: types.Network,
  image: np.ndarray,
  objective: types.Objective,
  settings: Settings = Settings(),
  *,
  seed: int = 0,
  mask: np.ndarray | None = None,
) -> np.ndarray:
  """A dream of one image; see `Dreamer`, which keeps its programs.

  Args:
    network: from `fviz.models.load` or `fviz.networks`.
    image: [h, w, c] in [0, 1].
    objective: such as `objectives.deepdream('mixed_4')`.
    settings: how.
    seed: of the jitter.
    mask: [h, w] in [0, 1], where to dream.

  Returns:
    [h, w, c] float32 in [0, 1].
  """
  return Dreamer(network, objective, settings)(image, seed, mask)


def noise(size: tuple[int, int], seed: int = 0, channels: int = 3):
  """A grey start, U(0, 1) + 100 of 255 (DeepDream's TensorFlow notebook)."""
  values = np.random.default_rng(seed).random((*size, channels), np.float32)
  return (values + 100) / 255


# Checks.


def _check(settings: Settings) -> None:
  least = dict(octaves=1, iterations=0, strength=0, jitter=0, window=0)
  for name, low in least.items():
    value = getattr(settings, name)
    if not low <= value < float('inf'):
      raise errors.FvizError(f'{name} must be at least {low}, not {value}.')
  precisions.check(settings.precision)
  if settings.border not in step.BORDERS:
    raise errors.unknown('border', settings.border, step.BORDERS)
  if 0 < settings.window < step.SMALLEST:
    raise errors.FvizError(
      f'window must be 0 or at least {step.SMALLEST} pixels, not '
      f'{settings.window}.'
    )


def _checked(image, mask, network) -> np.ndarray:
  image = np.asarray(image, np.float32)
  channels = network.input_channels
  if image.ndim != 3 or image.shape[-1] != channels:
    raise errors.FvizError(
      f'{network.name} dreams of images [h, w, {channels}], not of shape '
      f'{image.shape}.'
    )
  if not (np.isfinite(image).all() and image.min() >= 0 and image.max() <= 1):
    raise errors.FvizError('The image has values outside [0, 1], or NaN.')
  if mask is not None and np.shape(mask) != image.shape[:2]:
    raise errors.FvizError(
      f'The mask is {np.shape(mask)}, the image {image.shape[:2]}: they must '
      'have the same height and width.'
    )
  return image
