"""Turns a traced network into a flat list of instructions.

Calls are replaced by their bodies. What depends on the weights alone is
computed at once. Operations that `fviz.compiler.substitutions` knows better
ones for are exchanged.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend import core

from fviz import types
from fviz.compiler import equations, precisions, substitutions
from fviz.compiler.instructions import (
  Constant,
  Instruction,
  Reference,
  Slot,
  slots_of,
)

# What is not defined below 0, and what lies between it and a maximum with 0.
_ROOTS = ('rsqrt', 'sqrt', 'pow', 'log')
_CARRIERS = (
  *('add', 'mul', 'div', 'convert_element_type'),
  *('reshape', 'broadcast_in_dim', 'squeeze', 'transpose'),
)


def trace(
  network: types.Network, shape: tuple[int, ...], layers: tuple[str, ...]
) -> tuple[core.ClosedJaxpr, dict[str, jax.ShapeDtypeStruct]]:
  """A network's jaxpr of (variables, images), and what each layer returns."""
  images = jax.ShapeDtypeStruct(shape, jnp.float32)
  run = lambda variables, images: network.apply(variables, images, layers)
  trace = jax.make_jaxpr(run, return_shape=True)
  return trace(network.variables, images)


class InstructionList:
  """The instructions of a network, in the order in which they are added.

  Attributes:
    instructions: the operations that depend on the images.
    constants: the arrays that `reference` has collected.
    types: the shape and dtype of each slot, for one job.
  """

  def __init__(self, mixed: bool):
    """An empty list; `mixed` is whether products are in bfloat16."""
    self.instructions: list[Instruction] = []
    self.constants: list[types.Array] = []
    self.types: dict[Slot, Any] = {}
    self._mixed = mixed
    # The equation that a slot comes from, and the place of its instruction.
    self._made: dict[Slot, tuple[core.JaxprEqn, int]] = {}

  def slot(self, variable: core.Var) -> Slot:
    """A new slot for a variable of a jaxpr."""
    slot = Slot(len(self.types))
    self.types[slot] = variable.aval
    return slot

  def add(
    self, closed: core.ClosedJaxpr, arguments: Sequence[Any]
  ) -> list[Any]:
    """Adds the equations of a jaxpr and returns its outputs.

    Arguments and outputs that depend on the images are slots, others arrays.
    """
    jaxpr = closed.jaxpr
    known = dict(zip(jaxpr.constvars, closed.consts, strict=True))
    known |= dict(zip(jaxpr.invars, arguments, strict=True))
    read = lambda v: v.val if isinstance(v, core.Literal) else known[v]
    for equation in jaxpr.eqns:
      outputs = self._equation(equation, [read(v) for v in equation.invars])
      known.update(zip(equation.outvars, outputs, strict=True))
    return [read(v) for v in jaxpr.outvars]

  def reference(self, value: Any) -> Reference:
    """A slot or a scalar as it is, and an array's place in the constants."""
    if isinstance(value, Slot) or np.ndim(value) == 0:
      return value
    for i, constant in enumerate(self.constants):
      if constant is value:
        return Constant(i)
    self.constants.append(value)
    return Constant(len(self.constants) - 1)

  def _equation(self, equation: core.JaxprEqn, inputs: list[Any]) -> list[Any]:
    body = _body(equation)
    if body is not None:
      return self.add(body, inputs)
    function = functools.partial(_as_it_stands, equation)
    if not any(isinstance(v, Slot) for v in inputs):
      return list(function(None, *inputs))
    if self._mixed and precisions.narrows(equation):
      inputs = [precisions.narrow(v) for v in inputs]  # Slots stay.
    if equation.primitive.name in _ROOTS:
      self._take_back_relu(inputs[0])
    better = substitutions.find(equation, inputs)
    if better is not None:
      function, inputs = better
    if self._mixed:
      images = [isinstance(v, Slot) for v in inputs]
      function = precisions.mixed(equation, function, images)
    outputs = [self.slot(v) for v in equation.outvars]
    for slot in outputs:
      self._made[slot] = equation, len(self.instructions)
    self.instructions.append(Instruction(function, inputs, outputs))
    return outputs

  def _take_back_relu(self, radicand: Any) -> None:
    """Leaves a maximum with 0 as it was that only keeps a root real.

    Norms guard their variance so: it is no activation, and no gradient may be
    redirected through it.
    """
    while isinstance(radicand, Slot) and radicand in self._made:
      equation, place = self._made[radicand]
      instruction = self.instructions[place]
      if equation.primitive.name == 'max' and len(instruction.inputs) == 1:
        as_it_was = lambda redirect, x: (jnp.maximum(x, 0),)
        self.instructions[place] = instruction._replace(function=as_it_was)
      elif equation.primitive.name not in _CARRIERS:
        return
      images = slots_of(instruction.inputs)
      radicand = images[0] if len(images) == 1 else None


def _body(equation: core.JaxprEqn) -> core.ClosedJaxpr | None:
  """The body of a call that is replaced by it, else None."""
  name, params = equation.primitive.name, equation.params
  if name == 'custom_jvp_call' and _is_relu(equation):
    return params['call_jaxpr']
  return equations.body_of_call(equation)


def _is_relu(equation: core.JaxprEqn) -> bool:
  """Whether it is jax.nn.relu or relu6, in values and in derivative.

  What else clips may have a derivative that its author declared, such as a
  straight-through estimate: it stays.
  """
  avals: list[Any] = [v.aval for v in equation.invars]
  if len(avals) > 1 or not _only_clips(equation.params['call_jaxpr'].jaxpr):
    return False
  (aval,) = avals
  call = lambda x: _as_it_stands(equation, None, x)[0]
  return _derivative(call, aval) in _of_relus(aval.shape, aval.dtype)


@functools.lru_cache(maxsize=256)
def _of_relus(shape: tuple[int, ...], dtype: np.dtype) -> tuple[str, ...]:
  """How JAX computes the derivatives of its own."""
  x = jax.ShapeDtypeStruct(shape, dtype)
  return tuple(_derivative(f, x) for f in (jax.nn.relu, jax.nn.relu6))


def _derivative(function: Callable, x: Any) -> str:
  """How the derivative of a function is computed, as text."""
  pushed = lambda x, tangent: jax.jvp(function, (x,), (tangent,))
  return str(jax.make_jaxpr(pushed)(x, x))


def _only_clips(jaxpr: core.Jaxpr) -> bool:
  """Whether there is nothing but max and min inside."""
  return bool(jaxpr.eqns) and all(map(_clips, jaxpr.eqns))


def _clips(equation: core.JaxprEqn) -> bool:
  body = equations.body_of_call(equation)
  if body is not None:
    return _only_clips(body.jaxpr)
  return equation.primitive.name in ('max', 'min')


def _as_it_stands(equation: core.JaxprEqn, redirect, *inputs):
  """What an equation does that is not exchanged."""
  del redirect
  return equations.run(equation, list(inputs))
