"""What a network is computed in: float32, TF32 or bfloat16.

This concerns the network only: parameters, colours, Fourier transforms, image
transforms, objectives and optimizers are always in float32. With bfloat16 the
rewritten network (`fviz.compiler.rewrite`) is in mixed precision, whatever its
code says. Products (convolutions and matrix products) take and return bfloat16.
Additions, maxima and the like stay in the type that they are given. Everything
else (sums over many values, exponentials, norms, loops) is computed in float32,
as it was traced. What depends on the weights alone is computed in float32 and
rounded once.
"""

import contextlib
import functools
import logging
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend import core

from fviz import errors

_log = logging.getLogger(__name__)

NAMES = ('tf32', 'float32', 'bfloat16')
DEFAULT = 'tf32'  # As JAX on NVIDIA's GPUs; the same as float32 on CPUs.

_NARROWED = ('conv_general_dilated', 'dot_general')
# As exact in bfloat16 as its numbers: these round once, or not at all.
_EITHER = frozenset(
  'add sub mul div neg abs max min clamp select_n gt ge lt le logistic tanh '
  'reshape broadcast_in_dim transpose squeeze rev concatenate pad slice '
  'dynamic_slice gather reduce_max reduce_window_max reduce_window_sum'.split()
)


def check(name: str) -> None:
  """Raises an `FvizError` unless the name is one of `NAMES`."""
  if name not in NAMES:
    raise errors.unknown('precision', name, NAMES)
  _note(name)


@functools.cache  # So that the warning comes once in a process.
def _note(name: str) -> None:
  if name == 'bfloat16' and jax.default_backend() == 'cpu':
    _log.warning(
      'Few CPUs compute in bfloat16; on the others it is slower than float32.'
    )


def products(name: str) -> contextlib.AbstractContextManager[Any]:
  """The context in which to trace a network, so that its products round so."""
  if jax.default_backend() == 'cpu':  # Its products are always in float32.
    return contextlib.nullcontext()
  if name == 'tf32':
    name = 'tensorfloat32'
  return jax.default_matmul_precision(name)


def narrows(equation: core.JaxprEqn) -> bool:
  """Whether it is a product that may be in bfloat16.

  It may, unless its code asks for full precision.
  """
  if equation.primitive.name not in _NARROWED:
    return False
  precision = equation.params['precision'] or ()
  return jax.lax.Precision.HIGHEST not in precision


def mixed(
  equation: core.JaxprEqn, function: Callable[..., Any], images: list[bool]
) -> Callable[..., Any]:
  """A function that takes inputs of both types and computes as described above.

  Args:
    equation: of a jaxpr that was traced in float32.
    function: what the equation does: (redirect, *inputs) -> tuple of outputs.
    images: whether each of its inputs depends on the images.
  """
  product, either = narrows(equation), equation.primitive.name in _EITHER

  def run(redirect, *inputs):
    given = [x.dtype for x, image in zip(inputs, images, strict=True) if image]
    if product or (either and jnp.float32 not in given):
      inputs = map(narrow, inputs)
    else:  # As many inputs as the equation: only products get more.
      inputs = map(_as_traced, inputs, equation.invars)
    out = function(redirect, *inputs)
    return tuple(map(narrow, out)) if product else out

  return run


def narrow(x: Any) -> Any:
  """float32 arrays as bfloat16, anything else as it is."""
  return jnp.asarray(x, jnp.bfloat16) if _is(x, jnp.float32) else x


def _as_traced(x, variable):
  narrow = _is(x, jnp.bfloat16)
  return jnp.asarray(x, variable.aval.dtype) if narrow else x


def _is(x, dtype) -> bool:
  return getattr(x, 'dtype', None) == dtype
