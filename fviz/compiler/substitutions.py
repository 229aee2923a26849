"""Which operations of a network are exchanged for which of ours.

* A convolution gets a backward pass that flips no kernel; on CPUs it may be
  Winograd's, or a sum of shifted images if it is depthwise.
* Pooling becomes maxima and sums of shifted slices.
* A ReLU becomes one whose gradient can be redirected.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend import core

from fviz.compiler import convolution, depthwise, pooling, winograd
from fviz.compiler.instructions import Slot
from fviz.compiler.redirected_relu import relu

Function = Callable[..., Any]  # As in `Instruction`.
Substitute = tuple[Function, list[Any]]  # With the inputs that it takes.
_WIDEST_POOL = 49  # Places of a window; wider ones are better as they are.


def find(equation: core.JaxprEqn, inputs: list[Any]) -> Substitute | None:
  """What to do instead of an equation, or None to leave it as it is.

  Inputs that depend on the images are slots, others arrays or numbers.
  """
  rule = _RULES.get(equation.primitive.name)
  return rule(equation, inputs) if rule else None


def _convolution(
  equation: core.JaxprEqn, inputs: list[Any]
) -> Substitute | None:
  (x, kernel), params = inputs, equation.params
  if not isinstance(x, Slot) or isinstance(kernel, Slot):
    return None
  if not _is_plain_convolution(params, kernel):
    return None
  groups, precision = params['feature_group_count'], params['precision']
  strides, padding = params['window_strides'], params['padding']
  # The other algorithms are for CPUs, in float32.
  exact = kernel.dtype == jnp.float32 and precision is None
  ours = exact and jax.default_backend() == 'cpu'
  if groups > 1:
    if not (ours and depthwise.pays(kernel.shape, groups)):
      return None
    return _plain(depthwise.conv, strides, padding), [x, kernel[:, :, 0]]
  flipped = convolution.flip(kernel)
  if ours and winograd.pays(kernel.shape, strides):
    there, back = winograd.transformed(kernel), winograd.transformed(flipped)
    return _plain(_winograd, padding), [x, *there, *back]
  function = _plain(convolution.conv, strides, padding, precision)
  return function, [x, kernel, flipped]


def _is_plain_convolution(params: Mapping, kernel) -> bool:
  """Whether it is NHWC and HWIO, without dilation and groups of the batch."""
  numbers = params['dimension_numbers']
  return (
    numbers.lhs_spec == (0, 3, 1, 2)
    and numbers.rhs_spec == (3, 2, 0, 1)
    and numbers.out_spec == (0, 3, 1, 2)
    and params['batch_group_count'] == 1
    and set(params['lhs_dilation']) | set(params['rhs_dilation']) == {1}
    and params['preferred_element_type'] in (None, kernel.dtype)
  )


def _plain(function: Function, *options) -> Function:
  """An instruction's function of one output that redirects nothing."""
  return lambda redirect, *inputs: (function(*inputs, *options),)


def _winograd(x, *arguments):
  *columns, padding = arguments
  return winograd.conv(x, columns[:6], columns[6:], padding)


def _pooling(
  pool: Function, equation: core.JaxprEqn, inputs: list[Any]
) -> Substitute | None:
  """Of the rows and columns of NHWC alone, without dilation."""
  params = equation.params
  window, padding = params['window_dimensions'], params['padding']
  strides = params['window_strides']
  ours = (
    len(window) == 4
    and window[0] == window[3] == strides[0] == strides[3] == 1
    and padding[0] == padding[3] == (0, 0)
    and set(params['base_dilation']) | set(params['window_dilation']) == {1}
    and window[1] * window[2] <= _WIDEST_POOL
  )
  options = window[1:3], strides[1:3], padding[1:3]
  return (_plain(pool, *options), inputs) if ours else None


def _relu(equation: core.JaxprEqn, inputs: list[Any]) -> Substitute | None:
  """max(x, 0) and max(0, x) of activations, which are [n, ..., channels]."""
  found: Any = equation.outvars[0].aval
  if len(found.shape) < 2:
    return None
  for x, other in (inputs, inputs[::-1]):
    if not isinstance(other, Slot) and np.ndim(other) == 0 and other == 0:
      return (lambda redirect, x: (relu(x, redirect),)), [x]
  return None


_RULES = {
  'conv_general_dilated': _convolution,
  'reduce_window_max': functools.partial(_pooling, pooling.max_pool),
  'reduce_window_sum': functools.partial(_pooling, pooling.sum_pool),
  'max': _relu,
}
