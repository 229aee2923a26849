"""Which operations of a network are exchanged for which of ours.

* A convolution gets a backward pass that flips no kernel; on CPUs it may be
  Winograd's, or a sum of shifted images if it is depthwise.
* Pooling becomes maxima and sums of shifted slices.
* A ReLU becomes one whose gradient can be redirected.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend import core

from fviz.compiler import (
  convolution,
  depthwise,
  pooling,
  redirected_relu,
  winograd,
)
from fviz.compiler.instructions import Slot

# A function as in `Instruction`, and the inputs that it takes.
Substitute = tuple[Callable[..., Any], list[Any]]
_WIDEST_POOL = 49  # Places of a window; wider ones are better as they are.


def find(equation: core.JaxprEqn, inputs: list[Any]) -> Substitute | None:
  """What to do instead of an equation, or None to leave it as it is.

  Inputs that depend on the images are slots, others arrays or numbers.
  """
  rule = _RULES.get(equation.primitive.name)
  return rule(equation.params, inputs) if rule else None


def _convolution(params: Mapping, inputs: list[Any]) -> Substitute | None:
  x, kernel = inputs
  if not isinstance(x, Slot) or isinstance(kernel, Slot):
    return None
  if not _is_plain_convolution(params, kernel):
    return None
  groups = params['feature_group_count']
  options = params['window_strides'], params['padding']
  if groups > 1:
    by_sums = _may_be_ours(kernel, params) and depthwise.pays(
      kernel.shape, groups
    )
    return _depthwise(x, kernel, options) if by_sums else None
  if _may_be_ours(kernel, params) and winograd.pays(kernel.shape, options[0]):
    return _winograd(x, kernel, params['padding'])

  def function(redirect, x, kernel, flipped):
    del redirect
    precision = params['precision']
    return (convolution.conv(x, kernel, flipped, *options, precision),)

  return function, [x, kernel, convolution.flip(kernel)]


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


def _may_be_ours(kernel, params: Mapping) -> bool:
  """Whether another algorithm may be used: they are for CPUs, in float32."""
  return (
    jax.default_backend() == 'cpu'
    and kernel.dtype == jnp.float32
    and params['precision'] is None
  )


def _depthwise(x, kernel, options) -> Substitute:
  def function(redirect, x, kernel):
    del redirect
    return (depthwise.conv(x, kernel, *options),)

  return function, [x, kernel[:, :, 0]]


def _winograd(x, kernel, padding) -> Substitute:
  def function(redirect, x, *columns):
    del redirect
    there, back = list(columns[:6]), list(columns[6:])
    return (winograd.conv(x, there, back, padding),)

  back = winograd.transformed(convolution.flip(kernel))
  return function, [x, *winograd.transformed(kernel), *back]


def _pooling(pool: Callable[..., Any]):
  def rule(params: Mapping, inputs: list[Any]) -> Substitute | None:
    if not _is_plain_pooling(params):
      return None
    options = [
      params[name][1:3]
      for name in ('window_dimensions', 'window_strides', 'padding')
    ]

    def function(redirect, x):
      del redirect
      return (pool(x, *options),)

    return function, inputs

  return rule


def _is_plain_pooling(params: Mapping) -> bool:
  """Whether it is over rows and columns of NHWC alone, without dilation."""
  window, padding = params['window_dimensions'], params['padding']
  strides = params['window_strides']
  return (
    len(window) == 4
    and window[0] == window[3] == strides[0] == strides[3] == 1
    and padding[0] == padding[3] == (0, 0)
    and set(params['base_dilation']) | set(params['window_dilation']) == {1}
    and window[1] * window[2] <= _WIDEST_POOL
  )


def _relu(params: Mapping, inputs: list[Any]) -> Substitute | None:
  """max(x, 0) and max(0, x)."""
  del params
  for x, other in (inputs, inputs[::-1]):
    if not isinstance(other, Slot) and np.ndim(other) == 0 and other == 0:
      relu = redirected_relu.relu
      return (lambda redirect, x: (relu(x, redirect),)), [x]
  return None


_RULES = {
  'conv_general_dilated': _convolution,
  'reduce_window_max': _pooling(pooling.max_pool),
  'reduce_window_sum': _pooling(pooling.sum_pool),
  'max': _relu,
}
