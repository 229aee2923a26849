"""What is compiled and found out of a network for dreams of any size.

Tracing a network takes longer than a step, and compiling it much longer: all
frames of a film share what is kept here.
"""

import dataclasses

import jax

from fviz import types
from fviz.deepdream import step
from fviz.deepdream.octaves import Size
from fviz.deepdream.settings import Settings

_LEAST = 8  # Side of the smallest octave, in pixels.


class CompiledOctaves:
  """The programs of a network, each compiled when it is first asked for.

  Args:
    network: to dream with.
  """

  def __init__(self, network: types.Network):
    self._network = network
    self._programs: dict[tuple, step.Program] = {}
    self._windows: dict[tuple, int] = {}
    self._sees: dict[tuple[tuple[str, ...], Size], bool] = {}

  @property
  def count(self) -> int:
    """How many programs there are, usually one an image size."""
    return len(self._programs)

  def knows(self, layers: tuple[str, ...], size: Size) -> bool:
    """Whether it has been asked what the layers see of this size."""
    return (layers, size) in self._sees

  def sees(self, layers: tuple[str, ...], size: Size) -> bool:
    """Whether all the layers have activations of an image of this size."""
    if not self.knows(layers, size):
      self._sees[layers, size] = min(size) >= _LEAST and self._network.takes(
        size, layers
      )
    return self._sees[layers, size]

  def window(
    self, objective: types.Objective, settings: Settings, size: Size
  ) -> int:
    """The longest side of a window for a dream of this size, in pixels.

    Where the settings leave it open, the memory decides, for the largest octave
    and with it for all: a dream is the same for the same window.
    """
    if settings.window:
      return settings.window
    key = size, *_how(objective, settings)
    if key not in self._windows:
      shape = (*size, self._network.input_channels)
      made = step.compiled(self._network, objective, shape, settings)
      self._windows[key] = made.window
      fixed = dataclasses.replace(settings, window=made.window)
      self._programs[size, *_how(objective, fixed)] = made
    return self._windows[key]

  def program(
    self,
    objective: types.Objective,
    settings: Settings,
    size: Size,
    whole: Size,
  ) -> step.Program:
    """That of an octave of some size, of a dream of the `whole` size."""
    window = self.window(objective, settings, whole)
    fixed = dataclasses.replace(settings, window=window)
    key = size, *_how(objective, fixed)
    if key not in self._programs:
      shape = (*size, self._network.input_channels)
      made = step.compiled(self._network, objective, shape, fixed)
      self._programs[key] = made
    return self._programs[key]


def _how(objective: types.Objective, settings: Settings) -> tuple:
  """All that a program depends on beside the size."""
  leaves, structure = jax.tree.flatten(objective)
  kinds = tuple((leaf.shape, str(leaf.dtype)) for leaf in leaves)
  how = settings.border, settings.jitter, settings.window, settings.precision
  return structure, kinds, how
