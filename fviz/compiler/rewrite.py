"""Rewrites a traced network: the same numbers, sooner, and live gradients.

Networks reach us as ordinary Flax code or plain functions. Before the
optimization `network.apply` is traced once, and the trace (a jaxpr) is
rewritten:

* what depends on the weights alone (casts, factors of batch norm, counts of
  pooling, flipped kernels) is computed once, before the first step
  (`fviz.compiler.flattening`);
* convolutions, pooling and ReLUs are exchanged for operations with better
  gradients (`fviz.compiler.substitutions`);
* products may be in bfloat16 (`fviz.compiler.precisions`);
* the network may be cut into pieces that keep nothing for the backward pass but
  their inputs (`fviz.compiler.rematerialization`).

This works for anybody's network, and nobody's code is touched.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.extend import core

from fviz import types
from fviz.compiler import (
  flattening,
  instructions,
  precisions,
  rematerialization,
)


class Prepared(NamedTuple):
  """A rewritten network that ends at some layers.

  Attributes:
    constants: arrays computed from the weights, the first argument of apply.
    apply: (constants, images, redirect) -> {layer: activation}; redirect is a
      boolean scalar, see `redirected_relu.relu`.
  """

  constants: list[types.Array]
  apply: Callable[..., dict[str, types.Array]]


class _Piece(NamedTuple):
  """Some instructions, and the slots that those after them need."""

  instructions: list[instructions.Instruction]
  keeps: list[instructions.Slot]


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
    shape: of one job's images, as the network sees them.
    layers: what to return, in float32; what lies above them is dropped.
    computed_in: a name of `precisions.NAMES`.
    remat: whether to compute activations again in the backward pass, to save
      memory.
  """
  closed, tree = _traced(network, shape, tuple(layers), computed_in)
  program = flattening.InstructionList(computed_in == 'bfloat16')
  image = program.slot(closed.jaxpr.invars[-1])
  weights = jax.tree.leaves(network.variables)
  made = program.add(closed, [*weights, image])
  # Constants are collected last: what was dropped needs none.
  needed = [
    instruction._replace(inputs=program.references(instruction.inputs))
    for instruction in instructions.needed(program.instructions, made)
  ]
  outputs = program.references(made)
  pieces = [_Piece(needed, instructions.slots_of(outputs))]
  if remat:
    pieces = _cut(*pieces[0], program)
  dtypes = [v.aval.dtype for v in closed.jaxpr.outvars]
  treedef = jax.tree.structure(tree)

  def apply(constants, images, redirect):
    slots = {image: images}
    for number, piece in enumerate(pieces, 1):
      run = lambda slots, p=piece: _run(p, slots, constants, redirect)
      # The backward pass starts with the last piece: nothing to save there.
      again = number < len(pieces)
      slots = (jax.checkpoint(run) if again else run)(slots)
    found = [instructions.value(v, slots, constants) for v in outputs]
    wide = map(jnp.asarray, found, dtypes)  # Objectives are in float32.
    return jax.tree.unflatten(treedef, wide)

  return Prepared(program.constants, apply)


def _traced(
  network, shape, layers, computed_in
) -> tuple[core.ClosedJaxpr, types.PyTree]:
  """The jaxpr of (variables, images), and the shapes of what it returns."""
  images = jax.ShapeDtypeStruct(shape, jnp.float32)
  with precisions.products(computed_in):
    return jax.make_jaxpr(
      lambda variables, images: network.apply(variables, images, layers),
      return_shape=True,
    )(network.variables, images)


def _run(piece: _Piece, slots, constants, redirect):
  slots = instructions.run(piece.instructions, slots, constants, redirect)
  return {slot: slots[slot] for slot in piece.keeps}


def _cut(steps, keeps, program: flattening.InstructionList) -> list[_Piece]:
  """The pieces whose gradients hold the least at once."""
  operations = [(instructions.slots_of(i.inputs), i.outputs) for i in steps]
  sizes = {s: rematerialization.bytes_of(v) for s, v in program.types.items()}
  saved = [_saved(i, program) for i in steps]
  return [
    _Piece(steps[start:stop], kept)
    for start, stop, kept in rematerialization.cut(
      operations, keeps, sizes, saved
    )
  ]


def _saved(
  instruction: instructions.Instruction, program: flattening.InstructionList
) -> int:
  """Bytes that the gradient of an instruction keeps."""
  function, inputs, _ = instruction
  images = {v: program.types[v] for v in instructions.slots_of(inputs)}
  constants = {
    v.number: program.constants[v.number]
    for v in inputs
    if isinstance(v, instructions.Constant)
  }

  def run(images: dict, constants: dict[int, Any], redirect):
    found = (instructions.value(v, images, constants) for v in inputs)
    return function(redirect, *found)

  return rematerialization.saved(run, images, constants, jnp.bool_(False))
