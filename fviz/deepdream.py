"""DeepDream (Mordvintsev, Olah, Tyka 2015): an image, octave by octave.

The notebook's algorithm: at each size, a few steps along the gradient over
its mean magnitude, under jitter; what a smaller size has added is carried up
as a detail. Any objective of the library will do. Images that do not fit into
memory at once are cut into windows (`fviz.tiles`) that share one step.
"""

from __future__ import annotations

import copy
import dataclasses
import functools
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from fviz import (
  engine,
  errors,
  gradients,
  objectives,
  octaves,
  panorama,
  rewrite,
  tiles,
  types,
)

STEP = 1.5 / 255  # The notebook's step, in images of [0, 1]: strength 1.
_BORDERS = {
  'wrap': (tiles.WRAP, tiles.WRAP),  # The notebook's roll.
  'reflect': (tiles.REFLECT, tiles.REFLECT),
  'panorama': (tiles.REFLECT, tiles.AROUND),
}
_HALO = 32  # Pixels; more changes nothing that can be seen.
# Longest side of a window. On CPU, larger ones are no faster.
_LARGEST = {'cpu': 1216}
_LARGEST_ELSEWHERE = 4096
_SMALLEST = 160
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
  """

  octaves: int = 4
  scale: float = 1.4
  iterations: int = 10
  strength: float = 1.0
  jitter: int = 32
  border: str = 'wrap'
  gradient: optax.GradientTransformation = gradients.normalize()
  window: int = 0


class _Program(NamedTuple):
  """What is compiled for one image size.

  Attributes:
    axes: how it is cut.
    constants: of the network.
    add: (constants, objective, canvas, total, y, x, wy, wx) -> (total, value):
      adds the gradient of the window at (y, x) of the canvas, weighted.
    caps: of a panorama: its maps, and the program of its polar views.
  """

  axes: tuple[tiles.Axis, tiles.Axis]
  constants: list[types.Array]
  add: Callable[..., tuple[types.Array, types.Array]]
  caps: tuple[panorama.Caps, _Program] | None = None


class Dreamer:
  """Dreams compiled for a network and an objective, one size after another.

  Programs are kept, so that the frames of a film compile once.

  Args:
    network: to dream with.
    objective: what to see; one job, not a batch.
    settings: how.

  Attributes:
    compilations: of gradients, so far.
  """

  def __init__(
    self,
    network: types.Network,
    objective: types.Objective,
    settings: Settings = Settings(),
  ):
    _check(settings)
    self.network, self.settings, self.compilations = network, settings, 0
    self.objective = objectives.bind(objective, network)
    jobs, self.objective = objectives.batch(self.objective)
    if jobs is not None:
      raise errors.FvizError(
        f'A dream has one objective, this one has {jobs} jobs: give a single '
        'channel, or a sum of several.'
      )
    self._programs: dict[tuple, _Program] = {}

  def check(self, size: tuple[int, int]) -> list[tuple[int, int]]:
    """The sizes of the octaves, or an error if the network is too coarse."""
    sizes = octaves.sizes(size, self.settings.octaves, self.settings.scale)
    fit = [s for s in sizes if self._sees(s)]
    if len(fit) < len(sizes):
      h, w = sizes[0]
      raise errors.FvizError(
        f'{self.network.name} sees nothing in the smallest octave, {w} x {h} '
        f'pixels (of {size[1]} x {size[0]}): '
        + (f'use at most {len(fit)} octaves, or ' if fit else '')
        + 'enlarge the image first (--size).'
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
    for i in range(self.settings.iterations):
      x = self._step(program, x, jax.random.fold_in(key, i), mask)
      on_step()
    return np.array(x)

  def _step(self, program, x, key, mask):
    """x + step * gradient / mean |gradient|, the windows' gradients joined."""
    axes, settings = program.axes, self.settings
    moves, (ys, xs), canvas, total = _begin(x, key, axes)
    for i, top in enumerate(np.asarray(ys)):
      for j, left in enumerate(np.asarray(xs)):
        total, value = program.add(
          program.constants,
          self.objective,
          canvas,
          total,
          top,
          left,
          tiles.weights(axes[0], i),
          tiles.weights(axes[1], j),
        )
        # The loop must not run ahead: each window in flight has its memory.
        jax.block_until_ready(value)
    poles = self._poles(program, canvas) if program.caps else None
    amount = np.float32(STEP * settings.strength)
    return _end(x, total, poles, moves, mask, amount, axes, settings.gradient)

  def _poles(self, program, canvas):
    """The maps of the polar views, and their gradients."""
    maps, small = program.caps
    ends = np.s_[
      program.axes[0].margin : program.axes[0].margin + program.axes[0].size,
      program.axes[1].margin : program.axes[1].margin + program.axes[1].size,
    ]
    found, ones = [], np.ones(small.axes[0].size, np.float32)
    for image in panorama.views(canvas[ends], maps):
      zero, place = jnp.zeros_like(image), np.int32(0)
      arguments = small.constants, self.objective, image, zero
      found.append(small.add(*arguments, place, place, ones, ones)[0])
    return maps, jnp.stack(found)

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

  # Compiling.

  def _program(self, shape: tuple[int, ...]) -> _Program:
    if shape not in self._programs:
      self._programs[shape] = self._compiled(shape)
    return self._programs[shape]

  def _compiled(self, shape) -> _Program:
    """The program of a size; windows shrink until they fit into memory."""
    device = jax.local_devices()[0]
    largest = self.settings.window or _LARGEST.get(
      device.platform, _LARGEST_ELSEWHERE
    )
    budget = engine.memory_budget(device)
    while True:
      program = self._with_windows(shape, largest)
      smallest = self.settings.window or largest // 2 < _SMALLEST
      if smallest or engine.bytes_used(program.add) <= budget:
        break
      largest //= 2
    if self.settings.border != 'panorama':
      return program
    maps = panorama.caps(*shape[:2])
    side = maps.to_view.shape[-1]
    axes = (tiles.cut(side, side, 0, tiles.WRAP, 0),) * 2
    small = self._compile((side, side, shape[2]), axes)
    return program._replace(caps=(maps, small))

  def _with_windows(self, shape, largest) -> _Program:
    return self._compile(shape, cut(shape[:2], self.settings, largest))

  def _compile(self, shape, axes) -> _Program:
    rows, columns = axes
    window = (rows.window, columns.window, shape[2])
    layers = self.objective.layers
    prepared = rewrite.prepare(self.network, (1, *window), layers)
    canvas = jax.ShapeDtypeStruct(
      (
        rows.size + 2 * rows.margin,
        columns.size + 2 * columns.margin,
        shape[2],
      ),
      jnp.float32,
    )
    place = jax.ShapeDtypeStruct((), jnp.int32)
    add = jax.jit(
      functools.partial(_add, prepared.apply, window), donate_argnums=3
    ).lower(
      prepared.constants,
      self.objective,
      canvas,
      canvas,
      place,
      place,
      *(jax.ShapeDtypeStruct((a.window,), jnp.float32) for a in axes),
    )
    self.compilations += 1
    return _Program(axes, prepared.constants, add.compile())

  def _sees(self, size) -> bool:
    """Whether the network has activations at an image size."""
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


def cut(
  size: tuple[int, int], settings: Settings, largest: int
) -> tuple[tiles.Axis, tiles.Axis]:
  """How rows and columns of an image size are cut; see `tiles.cut`."""
  rows, columns = (
    tiles.cut(side, largest, _HALO, border, settings.jitter)
    for side, border in zip(size, _BORDERS[settings.border], strict=True)
  )
  return rows, columns


# A step, in the parts that are compiled.


@functools.partial(jax.jit, static_argnums=2)
def _begin(x, key, axes):
  moves = offsets(axes, key)
  canvas = tiles.spread(x, axes, moves)
  starts = tuple(map(tiles.starts, axes, moves))
  return moves, starts, canvas, jnp.zeros_like(canvas)


def offsets(
  axes: tuple[tiles.Axis, tiles.Axis], key: types.Key
) -> tuple[types.Array, types.Array]:
  """How far rows and columns move at the step of a key."""
  rows, columns = jax.random.split(key)
  return tiles.offset(axes[0], rows), tiles.offset(axes[1], columns)


def _add(apply, window, constants, objective, canvas, total, y, x, wy, wx):
  images = jax.lax.dynamic_slice(canvas, (y, x, 0), window)[None]

  def score(images):
    activations = apply(constants, images, jnp.bool_(False))
    return objective(activations, images)

  value, gradient = jax.value_and_grad(score)(images)
  part = gradient[0] * (wy[:, None] * wx)[..., None]
  old = jax.lax.dynamic_slice(total, (y, x, 0), window)
  return jax.lax.dynamic_update_slice(total, old + part, (y, x, 0)), value


@functools.partial(jax.jit, static_argnums=(6, 7), donate_argnums=0)
def _end(x, total, poles, moves, mask, amount, axes, conditioning):
  condition = lambda g: conditioning.update(g, conditioning.init(g))[0]
  # Before it is rolled back: where blurs end is another place at each step.
  g = condition(tiles.gather(total, axes)[None])[0]
  if poles is not None:
    # Conditioned in their views: a blur over rows would draw out spokes.
    maps, found = poles
    g = panorama.blended(g, condition(found), maps)
  g = tiles.unmoved(g, axes, moves)
  return jnp.clip(x + amount * mask * g, 0, 1)


# Checks.


def _check(settings: Settings) -> None:
  least = dict(octaves=1, iterations=0, strength=0, jitter=0, window=0)
  for name, low in least.items():
    value = getattr(settings, name)
    if not low <= value < float('inf'):
      raise errors.FvizError(f'{name} must be at least {low}, not {value}.')
  if settings.border not in _BORDERS:
    raise errors.unknown('border', settings.border, _BORDERS)
  if 0 < settings.window < _SMALLEST:
    raise errors.FvizError(
      f'window must be 0 or at least {_SMALLEST} pixels, not {settings.window}.'
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
