"""Marks in a traced network that say which values are its layers.

A module may run inside of jit or remat, where its output is a value of an
inner trace that means nothing outside. So it is not stored when it appears: it
is tagged with its name, and found again in the finished trace.
"""

import contextlib
import contextvars
import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
from jax.ad_checkpoint import checkpoint_name
from jax.extend import core

from fviz.compiler import equations
from fviz.types import PyTree

_TAG, _END = 'fviz layer ', ' of rank '
_PRIMITIVE = 'name'  # The identity that `checkpoint_name` stands for.


# The names of the layers that a trace waits for, where it may end with them.
_awaited: contextvars.ContextVar[list[str] | None] = contextvars.ContextVar(
  'awaited', default=None
)


class _EnoughError(Exception):
  """Ends a forward pass when all layers that are asked for have been met."""


def tagged(name: str, output: PyTree) -> PyTree:
  """A module's output whose array is tagged, if it is one array."""
  if not isinstance(output, jax.Array):
    return output
  output = checkpoint_name(output, f'{_TAG}{name}{_END}{output.ndim}')
  awaited = _awaited.get()
  if awaited is not None and name in awaited:
    awaited.remove(name)
    if not awaited:
      raise _EnoughError
  return output


def trace(
  forward: Callable[..., PyTree],
  arguments: tuple[PyTree, ...],
  layers: Sequence[str],
) -> tuple[core.ClosedJaxpr, PyTree]:
  """The trace of a forward pass, and the shapes of its output.

  Where it cannot run to its end, as with images of a size that only its lower
  layers take, it runs as far as these layers, and its output is None.
  """
  make = functools.partial(jax.make_jaxpr, return_shape=True)
  try:
    return make(forward)(*arguments)
  except Exception as error:  # Networks are anybody's code and raise anything.
    waiting = _awaited.set([name.partition(':')[0] for name in layers])
    try:
      return make(functools.partial(_to_layers, forward))(*arguments)
    except Exception:
      raise error from None
    finally:
      _awaited.reset(waiting)


def _to_layers(forward, *arguments) -> None:
  if not _awaited.get():
    raise ValueError('no layers are asked for')
  with contextlib.suppress(_EnoughError):
    forward(*arguments)


def run(
  closed: core.ClosedJaxpr, arguments: Sequence[Any]
) -> tuple[dict[str, Any], list[Any]]:
  """Runs a traced network: its layers by name, and its outputs.

  Layers come in the order of the forward pass. A module that is called several
  times is a layer each time: 'act', 'act:1', 'act:2'. Those that run under
  vmap, or inside of loops and branches, have no value of their own and are
  left out.
  """
  found: dict[str, Any] = {}
  return found, _run(closed, arguments, found)


def _run(closed, arguments, found: dict[str, Any]) -> list[Any]:
  jaxpr = closed.jaxpr
  known = dict(zip(jaxpr.constvars, closed.consts, strict=True))
  known |= dict(zip(jaxpr.invars, arguments, strict=True))
  read = lambda v: v.val if isinstance(v, core.Literal) else known[v]
  for equation in jaxpr.eqns:
    inputs = [read(v) for v in equation.invars]
    body = equations.body_of_call(equation)
    if body is not None and _has_tags(body.jaxpr):
      outputs = _run(body, inputs, found)
    elif _is_tag(equation):
      _store(equation, inputs[0], found)
      outputs = inputs
    else:
      outputs = equations.run(equation, inputs)
    known.update(zip(equation.outvars, outputs, strict=True))
  return [read(v) for v in jaxpr.outvars]


def _store(equation, value, found: dict[str, Any]) -> None:
  tag = equation.params['name'].removeprefix(_TAG)
  name, _, rank = tag.rpartition(_END)
  if int(rank) != value.ndim:  # vmap has given it an axis, nobody knows where.
    return
  key, calls = name, 0
  while key in found:
    calls += 1
    key = f'{name}:{calls}'
  found[key] = value


def _is_tag(equation: core.JaxprEqn) -> bool:
  return equation.primitive.name == _PRIMITIVE and str(
    equation.params['name']
  ).startswith(_TAG)


def _has_tags(jaxpr: core.Jaxpr) -> bool:
  """Whether there is a tag in it, or in a call inside of it."""
  bodies = map(equations.body_of_call, jaxpr.eqns)
  return any(map(_is_tag, jaxpr.eqns)) or any(
    body is not None and _has_tags(body.jaxpr) for body in bodies
  )
