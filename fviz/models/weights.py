"""Weight files into NNX modules: safe readers, and a check both ways."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

import jax.numpy as jnp
import numpy as np
import safetensors
import safetensors.numpy
from flax import nnx

from fviz import errors


def read(path: str | os.PathLike) -> dict[str, np.ndarray]:
  """All tensors of a .safetensors file, which cannot execute code.

  Raises:
    FvizError: if the file is missing, truncated or of another format.
  """
  path = os.fspath(path)
  if not os.path.isfile(path):
    raise errors.FvizError(f'No weights file {path!r}: give an existing file.')
  try:
    return safetensors.numpy.load_file(path)
  except (safetensors.SafetensorError, OSError, ValueError) as error:
    raise errors.FvizError(
      f'{path!r} is not a readable safetensors file ({error}): it may be '
      'truncated; fetch or copy it again.'
    ) from error


def fill(
  model: nnx.Module,
  tensors: Mapping[str, np.ndarray],
  rename: Callable[[str], str],
  source: str,
) -> nnx.Module:
  """Puts every tensor of a file into its place in a model, as float32.

  Args:
    model: an NNX module, usually abstract (nnx.eval_shape): nothing of it is
      kept but names and shapes.
    tensors: name in the file -> array, kernels as HWIO.
    rename: the model's path 'mixed/conv/pre_relu/kernel' -> name in the file.
    source: what messages call the file.

  Raises:
    FvizError: one error that names every tensor only in the file, only in the
      model, or of another shape.
  """
  graphdef, state = nnx.split(model)
  flat = dict(nnx.to_flat_state(state))
  places = {rename('/'.join(map(str, path))): path for path in flat}
  problems = _problems(places, flat, tensors)
  if problems:
    raise errors.FvizError(
      f'{source!r} does not fit {type(model).__name__}:\n  '
      + '\n  '.join(problems)
    )
  for name, path in places.items():
    value = jnp.asarray(np.asarray(tensors[name], np.float32))
    flat[path] = flat[path].replace(value)
  return nnx.merge(graphdef, nnx.from_flat_state(flat))


def _problems(places, flat, tensors) -> list[str]:
  """Everything that does not match, both ways, in the model's order."""
  problems = [
    f'missing in the file: {name} {flat[path].shape}'
    for name, path in places.items()
    if name not in tensors
  ]
  problems += [
    f'wrong shape: {name} is {tensors[name].shape}, not {flat[path].shape}'
    for name, path in places.items()
    if name in tensors and tensors[name].shape != flat[path].shape
  ]
  problems += [
    f'not in the model: {name} {tensor.shape}'
    for name, tensor in tensors.items()
    if name not in places
  ]
  return problems
