"""The settings of JAX that fviz computes under, whatever the process has set.

A picture is a function of its objective, its key and its recipe. JAX has
settings that change numbers as well: the random generator, 64 bits, promotion,
compilation. Those of a process are for its own code; what fviz traces and runs
is done under settings that are always the same.
"""

import contextlib
import functools
import inspect
from collections.abc import Callable, Generator, Iterator
from typing import Any, ParamSpec, TypeVar, cast

import jax

_P = ParamSpec('_P')
_R = TypeVar('_R')

try:
  _enable_x64: Any = jax.enable_x64
except AttributeError:  # Up to JAX 0.7.
  from jax import experimental

  _enable_x64 = cast(Any, experimental).enable_x64


@contextlib.contextmanager
def fixed() -> Iterator[None]:
  """Within it: threefry, 32 bits, standard promotion, and compilation."""
  with (
    jax.default_prng_impl('threefry2x32'),
    jax.threefry_partitionable(True),
    _enable_x64(False),
    jax.numpy_rank_promotion('allow'),
    jax.numpy_dtype_promotion('standard'),
    jax.disable_jit(False),
  ):
    yield


def under_fixed(function: Callable[_P, _R]) -> Callable[_P, _R]:
  """A function, or a generator, that runs within `fixed`.

  What takes the values of a generator runs under the process's own settings.
  """

  @functools.wraps(function)
  def call(*args: _P.args, **kwargs: _P.kwargs) -> _R:
    with fixed():
      return function(*args, **kwargs)

  @functools.wraps(function)
  def generate(*args: _P.args, **kwargs: _P.kwargs) -> Generator:
    values = cast(Generator, function(*args, **kwargs))
    try:
      while True:
        with fixed():
          try:
            value = next(values)
          except StopIteration:
            return
        yield value
    finally:
      values.close()

  is_generator = inspect.isgeneratorfunction(function)
  return cast(Callable[_P, _R], generate if is_generator else call)
