"""One step of a dream at one image size, compiled.

The image is cut into windows (`fviz.deepdream.windows`) whose gradients are
added up. A panorama also takes the gradients of its polar views.
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.typing import ArrayLike

from fviz import types
from fviz.compiler import hardware, rewrite
from fviz.deepdream import panorama, windows
from fviz.deepdream.settings import Settings

_HALO = 32  # Pixels; more changes nothing that can be seen.
# Longest side of a window. On CPU, larger ones are no faster.
_LARGEST = {'cpu': 1216}
_LARGEST_ELSEWHERE = 4096


class Program(NamedTuple):
  """What is compiled for one image size."""

  axes: windows.Axes  # How rows and columns are cut into windows.
  constants: list[types.Array]  # What the network's weights have become.
  # (constants, objective, canvas, total, y, x, wy, wx) -> (total, value): adds
  # the gradient of the window at (y, x) of the canvas, times the weights wy of
  # its rows and wx of its columns.
  add: jax.stages.Compiled
  # The maps of a panorama's polar views, and their program.
  caps: tuple[panorama.Caps, 'Program'] | None = None
  window: int = 0  # The longest side that a window may have, in pixels.


def compiled(
  network: types.Network,
  objective: types.Objective,
  shape: tuple[int, int, int],
  settings: Settings,
) -> Program:
  """The program of a size; windows shrink until they fit into memory.

  Args:
    network: to dream with.
    objective: bound to it.
    shape: of the image, (height, width, channels).
    settings: of which border, jitter, window and precision count.
  """
  device = jax.local_devices()[0]
  largest = settings.window or _LARGEST.get(device.platform, _LARGEST_ELSEWHERE)
  budget = hardware.memory_budget(device)
  while True:
    axes = _cut(shape[:2], settings, largest)
    program = _compiled(network, objective, shape, axes, settings)
    program = program._replace(window=largest)
    smallest = settings.window or largest // 2 < windows.SMALLEST
    if smallest or hardware.bytes_used(program.add) <= budget:
      break
    largest //= 2
  if not settings.is_panorama:
    return program
  maps = panorama.caps(*shape[:2])
  side = maps.to_view.shape[-1]
  axes = (windows.cut(side, side, 0, windows.WRAP, 0),) * 2
  square = side, side, shape[2]
  small = _compiled(network, objective, square, axes, settings)
  return program._replace(caps=(maps, small))


def step(
  program: Program,
  objective: types.Objective,
  x: types.Array,
  key: types.Key,
  mask: types.Array,
  amount: ArrayLike,
  conditioning: optax.GradientTransformation,
  state: types.PyTree,
) -> tuple[types.Array, types.PyTree]:
  """x + amount * gradient / mean |gradient|, the windows' gradients joined.

  Args:
    program: of the image's size.
    objective: of the same structure as the one it was compiled for.
    x: [h, w, c] in [0, 1]; its memory is taken.
    key: of the moves.
    mask: [h, w, 1] in [0, 1], or one number [1, 1, 1].
    amount: mean change of a pixel, in [0, 1].
    conditioning: of the gradient, without a step size.
    state: of the conditioning, whose steps are counted in an octave.

  Returns:
    x and the state after the step.
  """
  rows, columns = axes = program.axes
  moves, (ys, xs), canvas, total = _begin(x, key, axes)
  known = program.constants, objective
  for i, top in enumerate(np.asarray(ys)):
    for j, left in enumerate(np.asarray(xs)):
      place = top, left, windows.weights(rows, i), windows.weights(columns, j)
      total, value = program.add(*known, canvas, total, *place)
      # The loop must not run ahead: each window in flight has its memory.
      jax.block_until_ready(value)
  poles = None
  if program.caps is not None:
    poles = _poles(*program.caps, axes, objective, canvas)
  found = total, poles, moves
  return _end(x, found, mask, amount, state, axes, conditioning)


def _poles(maps: panorama.Caps, small: Program, axes, objective, canvas):
  """The maps of the polar views, and their gradients."""
  rows, columns = (slice(a.margin, a.margin + a.size) for a in axes)
  inside = canvas[rows, columns]
  found, ones = [], np.ones(small.axes[0].size, np.float32)
  for image in panorama.views(inside, maps):
    zero, place = jnp.zeros_like(image), np.int32(0)
    arguments = small.constants, objective, image, zero
    found.append(small.add(*arguments, place, place, ones, ones)[0])
  return maps, jnp.stack(found)


def _compiled(network, objective, shape, axes, settings) -> Program:
  window = (*(a.window for a in axes), shape[2])
  layers = objective.layers
  prepared = rewrite.prepare(network, (1, *window), layers, settings.precision)
  wide = (*(a.size + 2 * a.margin for a in axes), shape[2])
  canvas = jax.ShapeDtypeStruct(wide, jnp.float32)
  place = jax.ShapeDtypeStruct((), jnp.int32)
  weights = (jax.ShapeDtypeStruct((a.window,), jnp.float32) for a in axes)
  add = functools.partial(_add, prepared.apply, window)
  lowered = jax.jit(add, donate_argnums=3).lower(
    prepared.constants, objective, canvas, canvas, place, place, *weights
  )
  return Program(axes, prepared.constants, lowered.compile())


def _cut(
  size: tuple[int, int], settings: Settings, largest: int
) -> windows.Axes:
  """How rows and columns of an image size are cut; see `windows.cut`."""
  (h, w), (above, beside) = size, windows.BORDERS[settings.border]
  cut = lambda n, edge: windows.cut(n, largest, _HALO, edge, settings.jitter)
  return cut(h, above), cut(w, beside)


# A step, in the parts that are compiled.


@functools.partial(jax.jit, static_argnums=2)
def _begin(x, key, axes):
  moves = tuple(map(windows.offset, axes, jax.random.split(key)))
  canvas = windows.spread(x, axes, moves)
  starts = tuple(map(windows.starts, axes, moves))
  return moves, starts, canvas, jnp.zeros_like(canvas)


def _add(apply, window, constants, objective, canvas, total, y, x, wy, wx):
  images = jax.lax.dynamic_slice(canvas, (y, x, 0), window)[None]

  def score(images):
    activations = apply(constants, images, jnp.bool_(False))
    return objective(activations, images)

  value, gradient = jax.value_and_grad(score)(images)
  part = gradient[0] * (wy[:, None] * wx)[..., None]
  old = jax.lax.dynamic_slice(total, (y, x, 0), window)
  return jax.lax.dynamic_update_slice(total, old + part, (y, x, 0)), value


@functools.partial(jax.jit, static_argnums=(5, 6), donate_argnums=0)
def _end(x, found, mask, amount, state, axes, conditioning):
  total, poles, moves = found
  # Before it is rolled back: blurs then end elsewhere in each step.
  g, after = conditioning.update(windows.gather(total, axes)[None], state)
  g = g[0]
  if poles is not None:
    # Conditioned in their views: a blur over rows would draw out spokes.
    maps, views = poles
    g = panorama.blended(g, conditioning.update(views, state)[0], maps)
  g = windows.unmoved(g, axes, moves)
  return jnp.clip(x + amount * mask * g, 0, 1), after
