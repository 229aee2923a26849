"""DeepDream (Mordvintsev, Olah, Tyka 2015): an image, octave by octave.

The notebook's algorithm: at each size, a few steps along the gradient over
its mean magnitude, under jitter; what a smaller size has added is carried up
as a detail. Any objective of the library will do. Images that do not fit into
memory at once are cut into windows (`fviz.deepdream.windows`) that share one
step.
"""

import dataclasses
from collections.abc import Callable
from typing import Any, Self

import jax
import jax.numpy as jnp
import numpy as np

from fviz import checks, errors, jax_settings, objectives, types
from fviz.deepdream import octaves, panorama, step
from fviz.deepdream.compiled_octaves import CompiledOctaves
from fviz.deepdream.octaves import Size
from fviz.deepdream.settings import Settings

STEP = 1.5 / 255  # The notebook's step, in images of [0, 1]: strength 1.
_NOTEBOOK = Settings()


class Dreamer:
  """Dreams of one image after another, compiled once for each image size.

  Args:
    network: from `fviz.models.load` or `fviz.networks`.
    objective: what to see; one job, not a batch.
    settings: how.
    compiled: by another dreamer of the network, see `replace`.

  Raises:
    FvizError: the objective does not fit the network, or has several jobs.
  """

  @jax_settings.under_fixed
  def __init__(
    self,
    network: types.Network,
    objective: types.Objective,
    settings: Settings = _NOTEBOOK,
    compiled: CompiledOctaves | None = None,
  ):
    self.network, self.settings = network, settings
    jobs, self.objective = objectives.batch(objectives.bind(objective, network))
    if jobs is not None:
      raise errors.FvizError(
        f'A dream has one objective, this one has {jobs} jobs: give a single '
        'channel, or a sum of several.'
      )
    self._compiled = compiled or CompiledOctaves(network)

  def replace(
    self, objective: types.Objective | None = None, **settings: Any
  ) -> Self:
    """A dreamer with another objective, or other fields of `Settings`.

    It shares all programs: what depends on neither change is not compiled
    again, such as where only numbers of the objective differ.
    """
    changed = dataclasses.replace(self.settings, **settings)
    objective = self.objective if objective is None else objective
    return type(self)(self.network, objective, changed, self._compiled)

  @property
  def compilations(self) -> int:
    """How many programs have been compiled, usually one an image size."""
    return self._compiled.count

  @jax_settings.under_fixed
  def compile(self, size: Size) -> list[step.Program]:
    """The programs of an image's octaves, the smallest octave first."""
    return [self._program(octave, size) for octave in self.check(size)]

  @jax_settings.under_fixed
  def window(self, size: Size) -> int:
    """The longest side of what the network sees at once, in pixels.

    As in the settings; where they leave it open, as the memory allows. A dream
    is the same again only with the same window.
    """
    return self._compiled.window(self.objective, self.settings, size)

  @jax_settings.under_fixed
  def check(self, size: Size) -> list[Size]:
    """(height, width) of an image's octaves, the smallest first.

    Warns, once for each size, of a panorama that is not twice as wide as high.

    Raises:
      FvizError: the network is too coarse for the smallest.
    """
    settings, layers = self.settings, self.objective.layers
    compiled = self._compiled
    sizes = octaves.sizes(size, settings.octaves, settings.scale)
    if settings.is_panorama and not compiled.knows(layers, size):
      panorama.warn_of_shape(size)
    fit = sum(compiled.sees(layers, octave) for octave in sizes)
    if fit < len(sizes):
      raise _too_coarse(self.network, sizes, fit)
    return sizes

  @jax_settings.under_fixed
  def __call__(
    self,
    image: np.ndarray,
    seed: int | types.Key = 0,
    mask: np.ndarray | None = None,
    on_step: Callable[[], object] = lambda: None,
  ) -> np.ndarray:
    """A dream of an image, [h, w, c] float32 in [0, 1].

    Args:
      image: [h, w, c] in [0, 1].
      seed: of the jitter, or a key.
      mask: [h, w] in [0, 1], where to dream and how much of a step.
      on_step: called after each of octaves * iterations steps.

    Raises:
      FvizError: a wrong shape, an image too small, or a gradient that is not
        finite.
    """
    image = _checked(image, mask, self.network)
    whole = octaves.size_of(image)
    self.check(whole)
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
      turn = jax.random.fold_in(key, number)
      x = self._octave(self._program(size, whole), x, turn, part, on_step)
      if not np.isfinite(x).all():
        raise errors.FvizError(
          f'The gradient of {self.network.name} is not finite in octave '
          f'{number + 1} of {len(levels)}: lower the strength, or check the '
          'weights.'
        )
      detail = x - base
    # ----------------------------------------------------------------------
    return x

  def _octave(self, program, image, key, mask, on_step):
    """All steps at one size; the conditioning counts them from the first."""
    mask = np.ones((1, 1), np.float32) if mask is None else mask
    mask = jnp.asarray(mask[..., None], jnp.float32)
    x, gradient = jnp.asarray(image), self.settings.gradient
    amount = np.float32(STEP * self.settings.strength)
    state = gradient.init(x[None])
    for i in range(self.settings.iterations):
      turn = jax.random.fold_in(key, i)
      x, state = step.step(
        program, self.objective, x, turn, mask, amount, gradient, state
      )
      on_step()
    return np.array(x)

  def _program(self, size: Size, whole: Size) -> step.Program:
    """That of an octave of an image of the `whole` size."""
    return self._compiled.program(self.objective, self.settings, size, whole)


def dream(
  network: types.Network,
  image: np.ndarray,
  objective: types.Objective,
  settings: Settings = _NOTEBOOK,
  *,
  seed: int = 0,
  mask: np.ndarray | None = None,
) -> np.ndarray:
  """A dream of one image, with an objective such as deepdream('mixed_4').

  The arguments and the result are those of `Dreamer`, which keeps its programs,
  and of its call.
  """
  return Dreamer(network, objective, settings)(image, seed, mask)


def noise(size: Size, seed: int = 0, channels: int = 3) -> np.ndarray:
  """A grey start: U(0, 1) + 100 of 255, as in DeepDream's TensorFlow notebook.

  (height, width) in pixels -> [h, w, channels] float32.
  """
  values = np.random.default_rng(seed).random((*size, channels), np.float32)
  return (values + 100) / 255


def _too_coarse(
  network: types.Network, sizes: list[Size], fit: int
) -> errors.FvizError:
  """The error for octaves, the smallest first, of which so many are seen."""
  if network.fixed_size:
    fixed_h, fixed_w = network.input_size
    return errors.FvizError(
      f'{network.name} takes images of {fixed_w} x {fixed_h} pixels only: '
      'dream of one of this size (--size) in one octave (--octaves 1), or of a '
      'layer below the part that has a fixed size.'
    )
  (h, w), (height, width) = sizes[0], sizes[-1]
  return errors.FvizError(
    f'{network.name} sees nothing in the smallest octave, {w} x {h} pixels (of '
    f'{width} x {height}): '
    + (f'use at most {fit} octaves, or ' if fit else '')
    + 'enlarge the image first (--size).'
  )


def _checked(image, mask, network: types.Network) -> np.ndarray:
  channels = network.input_channels
  image = checks.images('The image of a dream', image, 'h w c', channels)
  if mask is not None and np.shape(mask) != image.shape[:2]:
    raise errors.FvizError(
      f'The mask is {np.shape(mask)}, the image {image.shape[:2]}: they must '
      'have the same height and width.'
    )
  return image
