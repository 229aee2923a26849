"""A network as a list of instructions: what each reads, does and makes."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from fviz import types


class Slot(NamedTuple):
  """The name of a value that depends on the images."""

  number: int


class Constant(NamedTuple):
  """A place in the list of arrays that were computed from the weights."""

  number: int


# What an instruction reads: a slot, a constant, or a number as it stands.
Reference = Slot | Constant | Any


class Instruction(NamedTuple):
  """One operation: what it does, what it reads, and the slots that it fills.

  Its function is (redirect, *inputs) -> tuple of outputs; `redirect` is for
  `redirected_relu.relu`.
  """

  function: Callable[..., Any]
  inputs: list[Reference]
  outputs: list[Slot]


def run(
  instructions: Iterable[Instruction],
  keeps: Iterable[Slot],
  slots: Mapping[Slot, types.Array],
  constants: Sequence[types.Array],
  redirect: types.Array,
) -> dict[Slot, types.Array]:
  """Runs instructions in order and returns the values of the slots to keep."""
  slots = dict(slots)
  for function, inputs, outputs in instructions:
    found = (value(v, slots, constants) for v in inputs)
    slots.update(zip(outputs, function(redirect, *found), strict=True))
  return {slot: slots[slot] for slot in keeps}


def value(
  reference: Reference,
  slots: Mapping[Slot, types.Array],
  constants: Sequence[types.Array] | Mapping[int, types.Array],
) -> Any:
  """What a reference stands for."""
  if isinstance(reference, Constant):
    return constants[reference.number]
  return slots[reference] if isinstance(reference, Slot) else reference


def slots_of(references: Iterable[Reference]) -> list[Slot]:
  """Those references that are slots, in order."""
  return [v for v in references if isinstance(v, Slot)]


def needed(
  instructions: Sequence[Instruction], outputs: Iterable[Reference]
) -> list[Instruction]:
  """The instructions that some output depends on, in order."""
  wanted = set(slots_of(outputs))
  kept = []
  for instruction in reversed(instructions):
    if wanted.intersection(instruction.outputs):
      wanted.update(slots_of(instruction.inputs))
      kept.append(instruction)
  return kept[::-1]
