"""How many operations each layer of a network takes, without running it."""

import functools
import math
import operator
from typing import NamedTuple

import jax
from jax.extend import core

from fviz import errors, types
from fviz.compiler import flattening


class Costs(NamedTuple):
  """What a network's layers cost at one image size.

  Attributes:
    flops: layer -> floating-point operations of one image's forward pass up to
      this layer, in convolutions and matrix products.
    same: layer -> an earlier layer that is the very same array.
  """

  flops: dict[str, float]
  same: dict[str, str]


def trace(network: types.Network, size: int) -> Costs:
  """Counts the operations of all layers for images of size x size pixels.

  Raises an `FvizError` for images that are too small for the network.
  """
  layers = tuple(network.layers)
  jaxpr, shapes = _traced(network, size, layers)
  walk = _Walk()
  needs = walk.through(jaxpr, [0] * len(jaxpr.invars))
  # Outputs are in the order of the dictionary's leaves.
  names = jax.tree.leaves({name: name for name in shapes})
  flops = {n: walk.total(bits) for n, bits in zip(names, needs, strict=True)}
  array = dict(zip(names, map(id, jaxpr.outvars), strict=True))
  first = {array[name]: name for name in reversed(layers)}
  same = {name: first[array[name]] for name in layers}
  same = {name: other for name, other in same.items() if other != name}
  return Costs({name: flops[name] for name in layers}, same)


def _traced(
  network: types.Network, size: int, layers: tuple[str, ...]
) -> tuple[core.Jaxpr, dict[str, jax.ShapeDtypeStruct]]:
  """The network's jaxpr, and the shapes of its layers."""
  shape = (1, size, size, network.input_channels)
  try:
    closed, shapes = flattening.trace(network, shape, layers)
  except (TypeError, ValueError, ZeroDivisionError) as error:
    raise errors.FvizError(
      f'{network.name} does not run on {size} x {size} pixels: {error}. Give a '
      f'larger config.size; it was trained at {network.input_size}.'
    ) from error
  empty = [name for name, shape in shapes.items() if 0 in shape.shape]
  if empty:
    raise errors.FvizError(
      f'Nothing is left of {size} x {size} pixels in {", ".join(empty[:5])} of '
      f'{network.name}: give a larger config.size; it was trained at '
      f'{network.input_size}.'
    )
  return closed.jaxpr, shapes


class _Walk:
  """A walk through a jaxpr that notes which operations each value needs.

  These are a set of indices in `flops`, held as the bits of an integer.
  """

  def __init__(self):
    self.flops: list[float] = []

  def total(self, bits: int) -> float:
    """The operations of a set."""
    return sum(f for i, f in enumerate(self.flops) if bits >> i & 1)

  def through(self, jaxpr: core.Jaxpr, inputs: list[int]) -> list[int]:
    """The sets of the outputs, from the sets of the inputs."""
    known = dict(zip(jaxpr.invars, inputs, strict=True))
    of = lambda v: known.get(v, 0) if not hasattr(v, 'val') else 0
    for equation in jaxpr.eqns:
      inputs = [of(v) for v in equation.invars]
      body = _body(equation)
      if body is not None and len(body.invars) == len(inputs):
        outputs = self.through(body, inputs)
      else:
        outputs = [self._add(equation, inputs)] * len(equation.outvars)
      known |= zip(equation.outvars, outputs, strict=True)
    return [of(v) for v in jaxpr.outvars]

  def _add(self, equation, inputs) -> int:
    bits = functools.reduce(operator.or_, inputs, 0)
    if flops := _flops(equation):
      bits |= 1 << len(self.flops)
      self.flops.append(flops)
    return bits


def _body(equation):
  """The body of a call, else None."""
  for name in ('jaxpr', 'call_jaxpr', 'fun_jaxpr'):
    if name in equation.params:
      body = equation.params[name]
      return getattr(body, 'jaxpr', body)
  return None


def _flops(equation) -> float:
  """Two operations for each multiplication with a weight."""
  if equation.primitive.name not in ('conv_general_dilated', 'dot_general'):
    return 0.0
  out = equation.outvars[0].aval
  left, right = (v.aval for v in equation.invars[:2])
  if equation.primitive.name == 'dot_general':
    (contracted, _), _ = equation.params['dimension_numbers']
    each = math.prod(left.shape[i] for i in contracted)
  else:
    # A kernel's element adds to one output channel at each position.
    channels = equation.params['dimension_numbers'].rhs_spec[0]
    each = math.prod(right.shape) / right.shape[channels]
  return 2.0 * out.size * each
