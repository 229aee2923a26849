"""What the equations of a traced program stand for, and how they are run."""

from typing import Any

from jax.extend import core

# Calls that mean nothing but their bodies.
_CALLS = ('jit', 'pjit', 'remat2', 'checkpoint', 'closed_call', 'core_call')


def body_of_call(equation: core.JaxprEqn) -> core.ClosedJaxpr | None:
  """The body of a call that may be replaced by it, else None."""
  if equation.primitive.name not in _CALLS:
    return None
  params = equation.params
  body = params['jaxpr'] if 'jaxpr' in params else params['call_jaxpr']
  if isinstance(body, core.ClosedJaxpr):
    return body
  return core.ClosedJaxpr(body, ())  # That of remat comes without constants.


def run(equation: core.JaxprEqn, inputs: list[Any]) -> list[Any]:
  """The outputs of an equation for some inputs."""
  primitive, functions = equation.primitive, ()
  params = primitive.get_bind_params(equation.params)
  if isinstance(params, tuple):  # Up to JAX 0.9, functions came separately.
    functions, params = params
  out = primitive.bind(*functions, *inputs, **params)
  return list(out) if primitive.multiple_results else [out]
