"""What a network is computed in: float32, TF32 or bfloat16.

Only the network: parameters, colours, Fourier transforms, image transforms,
objectives and optimizers stay in float32. In bfloat16 the rewritten program
(`fviz.compiler.rewrite`) is mixed, whatever its code says: products (convolutions,
matrices) take and give bfloat16; additions, maxima and the like go on in what
they are given; everything else (sums over many values, exponentials, norms,
loops) is done in float32, as traced. What depends on weights alone is
computed in float32 and rounded once.
"""

from __future__ import annotations

import contextlib
import functools
import logging
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from fviz import errors

_log = logging.getLogger(__name__)

# Name -> of JAX's matrix products, https://docs.jax.dev: default_matmul_*.
_PRODUCTS = {
  'tf32': 'tensorfloat32',
  'float32': 'float32',
  'bfloat16': 'bfloat16',
}
NAMES = tuple(_PRODUCTS)
DEFAULT = 'tf32'  # JAX's own on NVIDIA's cards; on CPUs the same as float32.

_NARROWED = ('conv_general_dilated', 'dot_general')
# As good in bfloat16: they round once, or not at all.
_EITHER = frozenset(
  (
    *('add', 'sub', 'mul', 'div', 'neg', 'abs', 'max', 'min', 'clamp'),
    *('select_n', 'gt', 'ge', 'lt', 'le', 'logistic', 'tanh'),
    *('reshape', 'broadcast_in_dim', 'transpose', 'squeeze', 'rev'),
    *('concatenate', 'pad', 'slice', 'dynamic_slice', 'gather'),
    *('reduce_max', 'reduce_window_max', 'reduce_window_sum'),
  )
)


def check(name: str) -> None:
  """Raises a `FvizError` for a precision that there is not."""
  if name not in NAMES:
    raise errors.unknown('precision', name, NAMES)
  _note(name)


@functools.cache  # Once a process.
def _note(name: str) -> None:
  if name == 'bfloat16' and jax.default_backend() == 'cpu':
    _log.warning(
      'Few CPUs compute in bfloat16; on the others it is slower than float32.'
    )


def products(name: str):
  """A context in which networks are traced: what their products round to."""
  if jax.default_backend() == 'cpu':  # They have but float32.
    return contextlib.nullcontext()
  return jax.default_matmul_precision(_PRODUCTS[name])


def narrows(equation: Any) -> bool:
  """Whether it is a product that its code does not ask to be exact."""
  if equation.primitive.name not in _NARROWED:
    return False
  exact = jax.lax.Precision.HIGHEST
  return exact not in (equation.params['precision'] or ())


def mixed(
  equation: Any, function: Callable[..., Any], images: list[bool]
) -> Callable[..., Any]:
  """An equation's function on inputs of either type.

  Args:
    equation: of a jaxpr that was traced in float32.
    function: (redirect, *inputs) -> tuple of outputs.
    images: which of the inputs depend on the images.
  """
  product, either = narrows(equation), equation.primitive.name in _EITHER

  def run(redirect, *inputs):
    given = [x.dtype for x, image in zip(inputs, images, strict=True) if image]
    if product or (either and jnp.float32 not in given):
      inputs = map(narrow, inputs)
    else:  # Rules may add inputs, but only to products.
      inputs = map(_as_traced, inputs, equation.invars)
    out = function(redirect, *inputs)
    return tuple(map(narrow, out)) if product else out

  return run


def narrow(x):
  """bfloat16 of float32; anything else as it is."""
  return jnp.asarray(x, jnp.bfloat16) if _dtype(x) == jnp.float32 else x


def _as_traced(x, variable):
  if _dtype(x) == jnp.bfloat16:
    return jnp.asarray(x, variable.aval.dtype)
  return x


def _dtype(x):
  return getattr(x, 'dtype', None)
