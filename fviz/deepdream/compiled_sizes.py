"""What is compiled for each image size, found by all that it depends on."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from fviz import errors, types
from fviz.deepdream import octaves, panorama, step
from fviz.deepdream.octaves import Size
from fviz.deepdream.settings import Settings

_LEAST = 8  # Side of the smallest octave, in pixels.


class CompiledSizes:
  """What has been compiled and found out of one network.

  Tracing a network takes longer than a step, and compiling it much longer:
  the frames of a film share what is kept here.

  Args:
    network: to dream with.
  """

  def __init__(self, network: types.Network):
    self._network = network
    self._programs: dict[tuple, step.Program] = {}
    self._sees: dict[tuple[tuple[str, ...], Size], bool] = {}

  def __len__(self) -> int:
    return len(self._programs)

  def get(
    self, objective: types.Objective, size: Size, settings: Settings
  ) -> step.Program:
    """The program of an image size, compiled when it is first asked for."""
    leaves, structure = jax.tree.flatten(objective)
    kinds = tuple((leaf.shape, str(leaf.dtype)) for leaf in leaves)
    how = settings.border, settings.jitter, settings.window, settings.precision
    key = size, structure, kinds, how
    if key not in self._programs:
      shape = (*size, self._network.input_channels)
      self._programs[key] = step.compiled(
        self._network, objective, shape, settings
      )
    return self._programs[key]

  def check(
    self, layers: tuple[str, ...], size: Size, settings: Settings
  ) -> list[Size]:
    """The sizes of an image's octaves, the smallest first.

    Warns, once for each size, of a panorama that is not twice as wide as high.

    Raises:
      FvizError: the layers have no activations in the smallest octave.
    """
    sizes = octaves.sizes(size, settings.octaves, settings.scale)
    if settings.is_panorama and (layers, size) not in self._sees:
      panorama.warn_of_shape(size)
    for octave in sizes:
      if (layers, octave) not in self._sees:
        self._sees[layers, octave] = self._activates(layers, octave)
    fit = sum(self._sees[layers, octave] for octave in sizes)
    if fit < len(sizes):
      (h, w), (height, width) = sizes[0], size
      raise errors.FvizError(
        f'{self._network.name} sees nothing in the smallest octave, {w} x {h} '
        f'pixels (of {width} x {height}): '
        + (f'use at most {fit} octaves, or ' if fit else '')
        + 'enlarge the image first (--size).'
      )
    return sizes

  def _activates(self, layers, size) -> bool:
    network = self._network
    image = jax.ShapeDtypeStruct(
      (1, *size, network.input_channels), jnp.float32
    )
    apply = lambda variables, x: network.apply(variables, x, layers)
    try:
      found = jax.eval_shape(apply, network.variables, image)
    except (TypeError, ValueError, ZeroDivisionError):
      return False
    return min(size) >= _LEAST and all(v.size for v in found.values())
