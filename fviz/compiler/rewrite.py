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

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from fviz import types
from fviz.compiler import flattening, precisions, rematerialization
from fviz.compiler import instructions as ops

# Some instructions, and the slots that those after them need.
_Piece = tuple[list[ops.Instruction], list[ops.Slot]]


class Prepared(NamedTuple):
  """A rewritten network that ends at some layers.

  Attributes:
    constants: arrays computed from the weights, the first argument of apply.
    apply: (constants, images, redirect) -> {layer: activation}; redirect is a
      boolean scalar, see `redirected_relu.relu`.
  """

  constants: list[types.Array]
  apply: Callable[..., dict[str, types.Array]]


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
  with precisions.products(computed_in):
    closed, tree = flattening.trace(network, shape, tuple(layers))
  program = flattening.InstructionList(computed_in == 'bfloat16')
  image = program.slot(closed.jaxpr.invars[-1])
  weights = jax.tree.leaves(network.variables)
  made = program.add(closed, [*weights, image])
  # Constants are collected last: what was dropped needs none.
  needed = [
    step._replace(inputs=[program.reference(v) for v in step.inputs])
    for step in ops.needed(program.instructions, made)
  ]
  outputs = [program.reference(v) for v in made]
  keeps = ops.slots_of(outputs)
  pieces = _cut(needed, keeps, program) if remat else [(needed, keeps)]
  dtypes = [v.aval.dtype for v in closed.jaxpr.outvars]
  treedef = jax.tree.structure(tree)

  def apply(constants, images, redirect):
    slots = {image: images}
    for number, (some, kept) in enumerate(pieces, 1):
      run = lambda slots, some=some, kept=kept: ops.run(
        some, kept, slots, constants, redirect
      )
      # The backward pass starts with the last piece: nothing to save there.
      again = number < len(pieces)
      slots = (jax.checkpoint(run) if again else run)(slots)
    found = [ops.value(v, slots, constants) for v in outputs]
    wide = map(jnp.asarray, found, dtypes)  # Objectives are in float32.
    return jax.tree.unflatten(treedef, wide)

  return Prepared(program.constants, apply)


def _cut(
  steps: list[ops.Instruction],
  keeps: list[ops.Slot],
  program: flattening.InstructionList,
) -> list[_Piece]:
  """The pieces whose gradients hold the least at once."""
  operations = [(ops.slots_of(step.inputs), step.outputs) for step in steps]
  sizes = {s: rematerialization.bytes_of(v) for s, v in program.types.items()}
  saved = [_saved(step, program) for step in steps]
  cut = rematerialization.cut(operations, keeps, sizes, saved)
  return [(steps[start:stop], kept) for start, stop, kept in cut]


def _saved(step: ops.Instruction, program: flattening.InstructionList) -> int:
  """Bytes that the gradient of an instruction keeps."""
  function, inputs, _ = step
  images = {v: program.types[v] for v in ops.slots_of(inputs)}
  numbers = [v.number for v in inputs if isinstance(v, ops.Constant)]
  constants = {number: program.constants[number] for number in numbers}

  def run(images: dict, constants: dict[int, Any], redirect):
    found = (ops.value(v, images, constants) for v in inputs)
    return function(redirect, *found)

  return rematerialization.saved(run, images, constants, jnp.bool_(False))
