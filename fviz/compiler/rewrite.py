"""Rewrites of a traced network: the same numbers, sooner; and live gradients.

Networks reach us as ordinary Flax code or plain functions. Before the
optimization `network.apply` is traced once and its jaxpr is rewritten:

* what depends on the weights alone (casts, batch-norm factors, pooling
  counts, flipped kernels) is computed once, before the first step;
* a convolution gets a backward pass that needs no flip of its kernel, or on
  CPUs another algorithm (`fviz.compiler.winograd`, `fviz.compiler.depthwise`);
* pooling becomes sums and maxima of shifted slices, whose gradient is several
  times faster on CPU than select-and-scatter;
* a ReLU may redirect its gradient for the first steps, so that dead units
  wake (lucid);
* it may be computed in bfloat16 (`fviz.compiler.precisions`), and in pieces that keep
  nothing for the backward pass but their inputs (`fviz.compiler.rematerialization`).

It works for anybody's network: nothing touches their code.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend import core

from fviz import types
from fviz.compiler import (
  depthwise,
  ops,
  precisions,
  rematerialization,
  winograd,
)

# Calls whose bodies are inlined: the name of the parameter that holds them.
_INLINED = {'jit': 'jaxpr', 'pjit': 'jaxpr', 'remat2': 'jaxpr'}


class Prepared(NamedTuple):
  """A network cut at some layers and rewritten.

  Attributes:
    constants: arrays computed from the weights, the first argument of apply.
    apply: (constants, images, redirect) -> {layer: activation}; redirect is a
      boolean scalar, see `ops.relu`.
  """

  constants: list[types.Array]
  apply: Callable[..., dict[str, types.Array]]


class _Slot(NamedTuple):
  """A value that depends on the images."""

  number: int


class _Constant(NamedTuple):
  """A place in the list of constants."""

  number: int


class _Instruction(NamedTuple):
  function: Callable[..., Any]  # (redirect, *inputs) -> tuple of outputs.
  inputs: list[Any]  # Slots, arrays, or places in the list of constants.
  outputs: list[_Slot]


def prepare(
  network: types.Network,
  shape: tuple[int, ...],
  layers: tuple[str, ...],
  computed_in: str = precisions.DEFAULT,
  remat: bool = False,
) -> Prepared:
  """Traces a network for images [n, h, w, c] and rewrites it.

  Args:
    network: any network.
    shape: of one job's images as the network sees them.
    layers: what to return, in float32; what lies above is dropped.
    computed_in: see `fviz.compiler.precisions`.
    remat: whether to compute activations again for the backward pass.
  """
  layers = tuple(layers)
  images = jax.ShapeDtypeStruct(shape, jnp.float32)
  with precisions.products(computed_in):
    closed, tree = jax.make_jaxpr(
      lambda variables, images: network.apply(variables, images, layers),
      return_shape=True,
    )(network.variables, images)
  program = _Program(computed_in == 'bfloat16')
  image = program.slot(closed.jaxpr.invars[-1])
  arguments = [*jax.tree.leaves(network.variables), image]
  outputs = program.add(closed.jaxpr, closed.consts, arguments)
  treedef = jax.tree.structure(tree)
  # Constants are collected last: what was dropped needs none.
  instructions = [
    instruction._replace(inputs=program.references(instruction.inputs))
    for instruction in _needed(program.instructions, outputs)
  ]
  outputs = program.references(outputs)
  ends = [v for v in outputs if isinstance(v, _Slot)]
  pieces = [(instructions, ends)]
  if remat:
    pieces = _pieces(instructions, ends, program)

  def apply(constants, images, redirect):
    slots = {_Slot(0): images}
    for number, piece in enumerate(pieces, 1):
      run = lambda slots, p=piece: _run(p, slots, constants, redirect)
      again = number < len(pieces)  # The last piece's turn comes at once.
      slots = (jax.checkpoint(run) if again else run)(slots)
    found = [_value(v, slots, constants) for v in outputs]
    return treedef.unflatten(
      jnp.asarray(x, v.aval.dtype)  # Losses are in float32.
      for x, v in zip(found, closed.jaxpr.outvars, strict=True)
    )

  return Prepared(program.constants, apply)


def _pieces(instructions, ends, program):
  """(instructions, the slots to keep) of `segments.cut`."""
  operations = [(_slots(i.inputs), i.outputs) for i in instructions]
  sizes = {
    slot: rematerialization.bytes_of(v) for slot, v in program.types.items()
  }
  saved = [_saved(i, program) for i in instructions]
  return [
    (instructions[start:stop], keeps)
    for start, stop, keeps in rematerialization.cut(
      operations, ends, sizes, saved
    )
  ]


def _saved(instruction, program) -> int:
  """Bytes that the gradient of an instruction keeps."""
  function, inputs, _ = instruction
  images = {v: program.types[v] for v in _slots(inputs)}
  numbers = [v.number for v in inputs if isinstance(v, _Constant)]
  constants = {i: program.constants[i] for i in numbers}

  def run(images, constants, redirect):
    return function(redirect, *(_value(v, images, constants) for v in inputs))

  return rematerialization.saved(run, images, constants, jnp.bool_(False))


def _slots(values):
  return [v for v in values if isinstance(v, _Slot)]


def _run(piece, slots, constants, redirect):
  slots, (instructions, keeps) = dict(slots), piece
  for function, inputs, outputs in instructions:
    inputs = (_value(v, slots, constants) for v in inputs)
    slots.update(zip(outputs, function(redirect, *inputs), strict=True))
  return {slot: slots[slot] for slot in keeps}


def _value(reference, slots, constants):
  if isinstance(reference, _Constant):
    return constants[reference.number]
  return slots[reference] if isinstance(reference, _Slot) else reference


class _Program:
  """Flattens a jaxpr into instructions; evaluates what the weights decide."""

  def __init__(self, mixed: bool):
    self.instructions: list[_Instruction] = []
    self.constants: list[types.Array] = []
    self.types: dict[_Slot, Any] = {}  # Shapes and dtypes of one job.
    self._mixed = mixed

  def slot(self, variable) -> _Slot:
    slot = _Slot(len(self.types))
    self.types[slot] = variable.aval
    return slot

  def add(self, jaxpr, consts, arguments) -> list[Any]:
    """Adds a jaxpr's equations; known values are arrays, others slots."""
    known = dict(zip(jaxpr.constvars, consts, strict=True))
    known |= dict(zip(jaxpr.invars, arguments, strict=True))
    for equation in jaxpr.eqns:
      inputs = [_read(known, v) for v in equation.invars]
      outputs = self._equation(equation, inputs)
      known.update(zip(equation.outvars, outputs, strict=True))
    return [_read(known, v) for v in jaxpr.outvars]

  def references(self, values: list[Any]) -> list[Any]:
    """Arrays move into the constants; scalars stay where they are."""
    return [self._reference(v) for v in values]

  def _equation(self, equation, inputs) -> list[Any]:
    body = _body(equation)
    if body is not None:
      return self.add(body.jaxpr, body.consts, inputs)
    bind = _bind(equation)
    if not any(isinstance(v, _Slot) for v in inputs):
      return list(bind(None, *inputs))
    if self._mixed and precisions.narrows(equation):
      inputs = [
        v if isinstance(v, _Slot) else precisions.narrow(v) for v in inputs
      ]
    rule = _RULES.get(equation.primitive.name, lambda *_: None)
    function, inputs = rule(equation.params, inputs) or (bind, inputs)
    if self._mixed:
      images = [isinstance(v, _Slot) for v in inputs]
      function = precisions.mixed(equation, function, images)
    outputs = [self.slot(v) for v in equation.outvars]
    self.instructions.append(_Instruction(function, inputs, outputs))
    return outputs

  def _reference(self, value) -> Any:
    if isinstance(value, _Slot) or np.ndim(value) == 0:
      return value
    for i, constant in enumerate(self.constants):
      if constant is value:
        return _Constant(i)
    self.constants.append(value)
    return _Constant(len(self.constants) - 1)


def _read(known, variable):
  if isinstance(variable, core.Literal):
    return variable.val
  return known[variable]


def _body(equation):
  """The closed jaxpr of a call that is inlined, or None."""
  name, params = equation.primitive.name, equation.params
  if name == 'custom_jvp_call' and _only_clips(params['call_jaxpr'].jaxpr):
    return params['call_jaxpr']
  body = params[_INLINED[name]] if name in _INLINED else None
  if body is None or hasattr(body, 'consts'):
    return body
  return core.ClosedJaxpr(body, ())  # remat holds an open jaxpr.


def _only_clips(jaxpr) -> bool:
  """Whether this is jax.nn.relu or relu6: nothing but max and min inside."""
  return bool(jaxpr.eqns) and all(
    equation.primitive.name in ('max', 'min')
    or (
      equation.primitive.name in _INLINED and _only_clips(_body(equation).jaxpr)
    )
    for equation in jaxpr.eqns
  )


def _bind(equation):
  """The primitive as it stands."""
  primitive = equation.primitive

  def bind(redirect, *inputs):
    del redirect
    params = primitive.get_bind_params(equation.params)
    functions = ()
    if isinstance(params, tuple):  # Up to JAX 0.9: sub-functions apart.
      functions, params = params
    out = primitive.bind(*functions, *inputs, **params)
    return out if primitive.multiple_results else (out,)

  return bind


def _needed(instructions, outputs):
  """Drops what no output depends on, so that it is not even traced."""
  wanted = {v for v in outputs if isinstance(v, _Slot)}
  kept = []
  for instruction in reversed(instructions):
    if wanted.intersection(instruction.outputs):
      wanted.update(v for v in instruction.inputs if isinstance(v, _Slot))
      kept.append(instruction)
  return kept[::-1]


# Rules: (params, inputs) -> (function, inputs), or None to leave it alone.


def _conv_rule(params, inputs):
  numbers, groups = params['dimension_numbers'], params['feature_group_count']
  x, kernel = inputs
  if not isinstance(x, _Slot) or isinstance(kernel, _Slot):
    return None
  plain = (
    numbers.lhs_spec == (0, 3, 1, 2)
    and numbers.rhs_spec == (3, 2, 0, 1)
    and numbers.out_spec == (0, 3, 1, 2)
    and params['batch_group_count'] == 1
    and set(params['lhs_dilation']) | set(params['rhs_dilation']) == {1}
    and params['preferred_element_type'] in (None, kernel.dtype)
  )
  if not plain:
    return None
  options = params['window_strides'], params['padding']
  if groups > 1:
    by_sums = _own(kernel, params) and depthwise.pays(kernel.shape, groups)
    return _depthwise_rule(x, kernel, options) if by_sums else None
  if _own(kernel, params) and winograd.pays(kernel.shape, options[0]):
    return _winograd_rule(x, kernel, params['padding'])

  def function(redirect, x, kernel, flipped):
    del redirect
    return (ops.conv(x, kernel, flipped, *options, params['precision']),)

  return function, [x, kernel, ops.flip(kernel)]


def _own(kernel, params) -> bool:
  """Whether our own algorithms may stand in: they are for CPUs."""
  return (
    jax.default_backend() == 'cpu'
    and kernel.dtype == jnp.float32
    and params['precision'] is None
  )


def _depthwise_rule(x, kernel, options):
  def function(redirect, x, kernel):
    del redirect
    return (depthwise.conv(x, kernel, *options),)

  return function, [x, kernel[:, :, 0]]


def _winograd_rule(x, kernel, padding):
  def function(redirect, x, *columns):
    del redirect
    there, back = list(columns[:6]), list(columns[6:])
    return (winograd.conv(x, there, back, padding),)

  back = winograd.transformed(ops.flip(kernel))
  return function, [x, *winograd.transformed(kernel), *back]


def _pool_rule(pool):
  def rule(params, inputs):
    window, padding = params['window_dimensions'], params['padding']
    strides = params['window_strides']
    plain = (
      len(window) == 4
      and window[0] == window[3] == strides[0] == strides[3] == 1
      and padding[0] == padding[3] == (0, 0)
      and set(params['base_dilation']) | set(params['window_dilation']) == {1}
      and window[1] * window[2] <= 49  # Wide windows are better as they are.
    )
    if not plain:
      return None

    def function(redirect, x):
      del redirect
      return (pool(x, window[1:3], strides[1:3], padding[1:3]),)

    return function, inputs

  return rule


def _relu_rule(params, inputs):
  del params
  for x, other in (inputs, inputs[::-1]):
    if not isinstance(other, _Slot) and np.ndim(other) == 0 and other == 0:
      return (lambda redirect, x: (ops.relu(x, redirect),)), [x]
  return None


_RULES = {
  'conv_general_dilated': _conv_rule,
  'reduce_window_max': _pool_rule(ops.max_pool),
  'reduce_window_sum': _pool_rule(ops.sum_pool),
  'max': _relu_rule,
}
