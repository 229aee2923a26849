"""How jobs are shared among devices, and how many of them fit.

No job needs anything of another, so devices do not communicate: each runs the
same program on its part of the jobs.
"""

import math
import os
from collections.abc import Callable

import jax
from jax.sharding import AxisType, NamedSharding
from jax.sharding import PartitionSpec as P

from fviz import errors
from fviz.compiler import host_memory
from fviz.types import Device, PyTree

# A GPU needs many images to be busy. A CPU is busy with few, and with many its
# caches overflow: on two cores, Inception v3 takes 40 % longer for each of 32
# images of 224 pixels than for each of 4.
_LARGEST_BATCH = 256
_PIXELS_A_CORE = 100_000
_LONGEST_CHUNK = 32  # Steps in one dispatch where loops are compiled.
_SHARE_OF_MEMORY = 0.6


def check_platforms() -> None:
  """Starts the platforms that the environment names, if it names some.

  Raises:
    FvizError: JAX cannot start one of them here.
  """
  wanted = os.environ.get('JAX_PLATFORMS', '')
  if not wanted:
    return
  try:
    jax.devices()
  except Exception as error:  # JAX raises all kinds, and some without a word.
    why = (
      str(error).splitlines()[0] if str(error) else 'there is no such device'
    )
    raise errors.FvizError(
      f'JAX_PLATFORMS is {wanted!r}, which JAX cannot start here: {why}. Unset '
      'it to take what there is, or install JAX for it.'
    ) from error


def mesh(devices: list[Device]) -> jax.sharding.Mesh:
  """A mesh of one axis, 'jobs', along which all devices lie."""
  # Auto: with explicit axes a vmapped index raises a sharding error.
  return jax.make_mesh(
    (len(devices),), ('jobs',), axis_types=(AxisType.Auto,), devices=devices
  )


def shared(
  function: Callable, devices: list[Device], arguments: int, weights: bool
) -> Callable:
  """A function to arrays [jobs, ...], run by each device on its part of them.

  It takes so many `arguments` with leaves [jobs, ...]; with `weights`, one that
  is the same for all jobs comes before them. For one device, it stays as it is.
  """
  if len(devices) == 1:
    return function
  return jax.shard_map(
    function,
    mesh=mesh(devices),
    in_specs=(P(),) * weights + (P('jobs'),) * arguments,
    out_specs=P('jobs'),
    check_vma=False,  # Jobs never meet; our custom gradients are local.
  )


def sharding(devices: list[Device]) -> NamedSharding | None:
  """How arrays [jobs, ...] are spread over devices; None for one device."""
  return NamedSharding(mesh(devices), P('jobs')) if len(devices) > 1 else None


def placed(
  program: jax.stages.Compiled, first: int, *arguments: PyTree
) -> PyTree:
  """Puts arguments, the program's from `first` on, where it expects them."""
  shardings, _ = program.input_shardings
  return jax.device_put(arguments, shardings[first : first + len(arguments)])


def largest_batch(device: Device, pixels: int) -> int:
  """The number of jobs, of so many pixels each, at which one is the fastest."""
  if device.platform != 'cpu':
    return _LARGEST_BATCH
  # Virtual devices share the cores.
  cores = max(1, (os.cpu_count() or 1) // jax.local_device_count())
  return max(1, min(_LARGEST_BATCH, round(cores * _PIXELS_A_CORE / pixels)))


def chunk_length(platform: str, marks: tuple[int, ...]) -> int:
  """How many steps to run in one dispatch: a divisor of all marks.

  On CPUs it is one, as convolutions inside of XLA's loops are slow there.
  """
  if platform == 'cpu':
    return 1
  common = math.gcd(*marks)
  return max(k for k in range(1, _LONGEST_CHUNK + 1) if common % k == 0)


def is_out_of_memory(error: Exception) -> bool:
  """Whether memory ran out, on a device or on the host."""
  return isinstance(error, MemoryError) or 'RESOURCE_EXHAUSTED' in str(error)


def round_up(n: int, multiple: int) -> int:
  """The least positive multiple that is n or more.

  >>> round_up(5, 4), round_up(0, 4)
  (8, 4)
  """
  return -(-max(n, 1) // multiple) * multiple


def bytes_used(program: jax.stages.Compiled) -> int:
  """Bytes that a program needs on one device; 0 where it is not known."""
  sizes = program.memory_analysis()
  if sizes is None:  # Some backends do not say.
    return 0
  both = sizes.argument_size_in_bytes + sizes.output_size_in_bytes
  return sizes.temp_size_in_bytes + both - sizes.alias_size_in_bytes


def memory_budget(device: Device) -> int:
  """Bytes that a program may use on a device: a share of what is there."""
  stats = device.memory_stats() if device.platform != 'cpu' else None
  if stats and 'bytes_limit' in stats:
    return int(stats['bytes_limit'] * _SHARE_OF_MEMORY)
  return int(host_memory.available() * _SHARE_OF_MEMORY)
