"""Devices: how jobs are shared among them, and how many fit.

Jobs never meet, so sharing needs no communication: each device runs the same
program on its part of the jobs.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable

import jax
from jax.sharding import AxisType, NamedSharding
from jax.sharding import PartitionSpec as P

# A GPU wants many images. A CPU is busy with few, and with more its caches
# overflow: Inception v3 takes 40 % longer for each of 32 images of 224 pixels
# than for each of 4 on two cores.
_LARGEST_BATCH = 256
_PIXELS_A_CORE = 100_000
_LONGEST_CHUNK = 32  # Steps in one dispatch where loops are compiled.
_SHARE_OF_MEMORY = 0.6


def mesh(devices: list[jax.Device]) -> jax.sharding.Mesh:
  """All devices in a row, along 'jobs'."""
  # Auto: with explicit axes a vmapped index raises a sharding error.
  return jax.make_mesh(
    (len(devices),), ('jobs',), axis_types=(AxisType.Auto,), devices=devices
  )


def shared(
  function: Callable, devices: list[jax.Device], arguments: int, weights: bool
) -> Callable:
  """A function of arguments [jobs, ...] that each device runs on its part.

  Args:
    function: of so many arguments; of weights before them, if there are.
    devices: one is left alone.
    arguments: how many.
    weights: whether its first argument is the same for all.
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


def sharding(devices: list[jax.Device]) -> NamedSharding | None:
  """Of arrays [jobs, ...]; None on one device."""
  return NamedSharding(mesh(devices), P('jobs')) if len(devices) > 1 else None


def placed(program, first: int, *arguments):
  """Arguments of a compiled program, as of the first, where it wants them."""
  shardings, _ = program.input_shardings
  return jax.device_put(arguments, shardings[first : first + len(arguments)])


def largest_batch(device: jax.Device, pixels: int) -> int:
  """Jobs, of so many pixels as the network sees them, that are fastest."""
  if device.platform != 'cpu':
    return _LARGEST_BATCH
  # Virtual devices share the cores.
  cores = max(1, (os.cpu_count() or 1) // jax.local_device_count())
  return max(1, min(_LARGEST_BATCH, round(cores * _PIXELS_A_CORE / pixels)))


def chunk_length(platform: str, marks: tuple[int, ...]) -> int:
  """Steps a dispatch: convolutions in XLA's CPU loops are slow, so one."""
  if platform == 'cpu':
    return 1
  common = math.gcd(*marks)
  return max(k for k in range(1, _LONGEST_CHUNK + 1) if common % k == 0)


def is_out_of_memory(error: Exception) -> bool:
  """Of a device or, at the copies for files, of the host."""
  return isinstance(error, MemoryError) or 'RESOURCE_EXHAUSTED' in str(error)


def round_up(n: int, multiple: int) -> int:
  return -(-max(n, 1) // multiple) * multiple


def bytes_used(program) -> int:
  """Bytes that a compiled program needs on one device, as it reports."""
  analysis = program.memory_analysis()
  if analysis is None:  # Some backends do not say.
    return 0
  return (
    analysis.temp_size_in_bytes
    + analysis.argument_size_in_bytes
    + analysis.output_size_in_bytes
    - analysis.alias_size_in_bytes
  )


def memory_budget(device: jax.Device) -> int:
  """Bytes we allow ourselves on a device."""
  stats = device.memory_stats() if device.platform != 'cpu' else None
  if stats and 'bytes_limit' in stats:
    return int(stats['bytes_limit'] * _SHARE_OF_MEMORY)
  free = os.sysconf('SC_AVPHYS_PAGES') * os.sysconf('SC_PAGE_SIZE')
  return int(free * _SHARE_OF_MEMORY)
