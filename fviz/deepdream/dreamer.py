"""DeepDream (Mordvintsev, Olah, Tyka 2015): an image, octave by octave.

The notebook's algorithm: at each size, a few steps along the gradient over
its mean magnitude, under jitter; what a smaller size has added is carried up
as a detail. Any objective of the library will do. Images that do not fit into
memory at once are cut into windows (`fviz.deepdream.windows`) that share one
step.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from fviz import errors, objectives, types
from fviz.deepdream import octaves, step
from fviz.deepdream.compiled_sizes import CompiledSizes
from fviz.deepdream.settings import Settings

STEP = 1.5 / 255  # The notebook's step, in images of [0, 1]: strength 1.
_NOTEBOOK = Settings()


class Dreamer:
  """Dreams of one image after another, compiled once for each image size.

  Args:
    network: from `fviz.models.load` or `fviz.networks`.
    objective: what to see; one job, not a batch.
    settings: how.
    compiled: of the same network, to share what is compiled.

  Raises:
    FvizError: the objective does not fit the network, or has several jobs.
  """

  def __init__(
    self,
    network: types.Network,
    objective: types.Objective,
    settings: Settings = _NOTEBOOK,
    compiled: CompiledSizes | None = None,
  ):
    self.network, self.settings = network, settings
    jobs, self.objective = objectives.batch(objectives.bind(objective, network))
    if jobs is not None:
      raise errors.FvizError(
        f'A dream has one objective, this one has {jobs} jobs: give a single '
        'channel, or a sum of several.'
      )
    self._compiled = CompiledSizes(network) if compiled is None else compiled

  def replace(
    self, objective: types.Objective | None = None, **settings: Any
  ) -> Dreamer:
    """A dreamer with another objective or other settings.

    It shares all programs: what depends on neither change is not compiled
    again, such as where only numbers of the objective differ.

    Args:
      objective: what to see instead.
      **settings: fields of `Settings`.
    """
    return Dreamer(
      self.network,
      self.objective if objective is None else objective,
      dataclasses.replace(self.settings, **settings),
      self._compiled,
    )

  @property
  def compilations(self) -> int:
    """How many programs have been compiled, usually one an image size."""
    return len(self._compiled)

  def compile(self, size: octaves.Size) -> list[step.Program]:
    """The programs of an image's octaves, the smallest octave first."""
    return [self._program(octave) for octave in self.check(size)]

  def check(self, size: octaves.Size) -> list[octaves.Size]:
    """(height, width) of an image's octaves, the smallest first.

    Raises:
      FvizError: the network is too coarse for the smallest.
    """
    return self._compiled.check(self.objective.layers, size, self.settings)

  def __call__(
    self,
    image: np.ndarray,
    seed: int | types.Key = 0,
    mask: np.ndarray | None = None,
    on_step: Callable[[], object] = lambda: None,
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
    self.check(octaves.size_of(image))
    key = jax.random.key(seed) if isinstance(seed, int) else seed
    detail = np.zeros_like(image[:1, :1])
    # ---------------------------------------------------------- the octaves
    settings, around = self.settings, self.settings.is_panorama
    levels = octaves.bases(image, settings.octaves, settings.scale, around)
    x = image
    for number, base in enumerate(levels):
      size = octaves.size_of(base)
      x = base + octaves.zoom(detail, size, around)
      part = None if mask is None else octaves.zoom(mask, size, around)
      x = _octave(
        self._program(size),
        self.objective,
        settings,
        x,
        jax.random.fold_in(key, number),
        part,
        on_step,
      )
      if not np.isfinite(x).all():
        raise errors.FvizError(
          f'The gradient of {self.network.name} is not finite in octave '
          f'{number + 1} of {len(levels)}: lower the strength, or check the '
          'weights.'
        )
      detail = x - base
    # ----------------------------------------------------------------------
    return x

  def _program(self, size: octaves.Size) -> step.Program:
    return self._compiled.get(self.objective, size, self.settings)


def dream(
  network: types.Network,
  image: np.ndarray,
  objective: types.Objective,
  settings: Settings = _NOTEBOOK,
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

  Raises:
    FvizError: as `Dreamer` and its call.
  """
  return Dreamer(network, objective, settings)(image, seed, mask)


def noise(
  size: tuple[int, int], seed: int = 0, channels: int = 3
) -> np.ndarray:
  """A grey start: U(0, 1) + 100 of 255, as in DeepDream's TensorFlow notebook.

  Args:
    size: (height, width) in pixels.
    seed: of the noise.
    channels: of the image.

  Returns:
    [h, w, channels] float32.
  """
  values = np.random.default_rng(seed).random((*size, channels), np.float32)
  return (values + 100) / 255


def _octave(program, objective, settings, image, key, mask, on_step):
  """All steps at one size; the conditioning counts them from the first."""
  mask = np.ones((1, 1), np.float32) if mask is None else mask
  mask = jnp.asarray(mask[..., None], jnp.float32)
  x, gradient = jnp.asarray(image), settings.gradient
  amount = np.float32(STEP * settings.strength)
  state = gradient.init(x[None])
  for i in range(settings.iterations):
    turn = jax.random.fold_in(key, i)
    x, state = step.step(
      program, objective, x, turn, mask, amount, gradient, state
    )
    on_step()
  return np.array(x)


def _checked(image, mask, network: types.Network) -> np.ndarray:
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
