"""Weight files into NNX modules: safe readers, and a check both ways."""

from __future__ import annotations

import fnmatch
import os
import zipfile
from collections.abc import Callable, Mapping, Sequence

import jax.numpy as jnp
import numpy as np
import safetensors.numpy
from flax import nnx

from fviz import errors

# NNX's names of parameters -> torch's.
_TORCH = {
  'kernel': 'weight',
  'scale': 'weight',
  'mean': 'running_mean',
  'var': 'running_var',
}


def read(path: str | os.PathLike) -> dict[str, np.ndarray]:
  """All tensors of a file, none of whose formats can execute code.

  Args:
    path: .safetensors; .pth, .pt, .ckpt, .th or .bin of torch (needs torch);
      .pb, a frozen TensorFlow graph, or a .zip with one. The content decides,
      not the name.

  Raises:
    FvizError: if the file is missing, truncated or of another format.
  """
  path = os.fspath(path)
  if not os.path.isfile(path):
    raise errors.FvizError(f'No weights file {path!r}: give an existing file.')
  return _READERS[_format(path)](path)


def fill(
  model: nnx.Module,
  tensors: Mapping[str, np.ndarray],
  rename: Callable[[str], str],
  source: str,
  *,
  convert: Callable[..., np.ndarray] | None = None,
  ignored: Sequence[str] = (),
) -> nnx.Module:
  """Puts every tensor of a file into its place in a model, as float32.

  Args:
    model: an NNX module, usually abstract (nnx.eval_shape): nothing of it is
      kept but names and shapes.
    tensors: name in the file -> array, kernels as HWIO after `convert`.
    rename: the model's path 'mixed/conv/pre_relu/kernel' -> name in the file.
    source: what messages call the file.
    convert: (array of the file, shape in the model) -> array of that shape,
      or any other if it does not fit; such as `from_torch`.
    ignored: patterns of names in the file that have no place in the model.

  Raises:
    FvizError: one error that names every tensor only in the file, only in the
      model, or of another shape.
  """
  graphdef, state = nnx.split(model)
  flat = dict(nnx.to_flat_state(state))
  places = {rename('/'.join(map(str, path))): path for path in flat}
  tensors = {
    name: tensor
    for name, tensor in tensors.items()
    if name in places or not _matches(name, ignored)
  }
  if convert:
    tensors = {
      name: convert(tensor, flat[places[name]].shape)
      if name in places
      else tensor
      for name, tensor in tensors.items()
    }
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


def torch_key(path: str) -> str:
  """The model's path to a tensor -> its name in a torch state dict.

  >>> torch_key('layer1/0/conv1/kernel'), torch_key('bn1/mean')
  ('layer1.0.conv1.weight', 'bn1.running_mean')
  """
  *modules, leaf = path.split('/')
  return '.'.join([*modules, _TORCH.get(leaf, leaf)])


def from_torch(value: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
  """Torch's layout -> ours: OIHW -> HWIO, and (out, in) -> (in, out).

  Where the model has a linear layer after a flatten, the file's (out, in) is
  in CHW order and must be given as (out, c, h, w); see `unflattened`.

  >>> from_torch(np.zeros((8, 4, 3, 2)), (3, 2, 4, 8)).shape
  (3, 2, 4, 8)
  """
  if value.ndim == 4:
    value = value.transpose(2, 3, 1, 0)
    # A 1 x 1 or flattened convolution that we hold as a linear layer.
    if len(shape) == 2 and value.size == shape[0] * shape[1]:
      value = value.reshape(-1, value.shape[-1])
  elif value.ndim == 2:
    value = value.T
  return value


def unflattened(value: np.ndarray, chw: tuple[int, int, int]) -> np.ndarray:
  """A linear layer after a CHW flatten, (out, c h w) -> (out, c, h, w)."""
  if value.ndim == 2 and value.shape[1] == np.prod(chw):
    return value.reshape(-1, *chw)
  return value


def _matches(name: str, patterns: Sequence[str]) -> bool:
  return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


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


def _format(path: str) -> str:
  """Which reader takes a file, from its first bytes."""
  try:
    with open(path, 'rb') as file:
      head = file.read(9)
  except OSError as error:
    raise errors.FvizError(
      f'Cannot read {path!r}: {error.strerror}.'
    ) from error
  if head[:2] == b'PK':
    return 'graph' if _graph_in_zip(path) else 'torch'
  if head[:1] == b'\x80':  # A pickle: torch before version 1.6.
    return 'torch'
  if head[8:] == b'{' or path.endswith('.safetensors'):
    return 'safetensors'
  if path.endswith('.pb'):
    return 'graph'
  raise errors.FvizError(
    f'{path!r} is of no known format: give a .safetensors file, a .pth, .ckpt '
    'or .th of torch, or a frozen TensorFlow graph .pb.'
  )


def _graph_in_zip(path: str) -> bool:
  try:
    with zipfile.ZipFile(path) as archive:
      return any(name.endswith('.pb') for name in archive.namelist())
  except Exception as error:  # zipfile raises half a dozen kinds.
    raise errors.FvizError(
      f'{path!r} is not a whole zip archive ({error}): it may be truncated; '
      'fetch or copy it again.'
    ) from error


def _read_safetensors(path: str) -> dict[str, np.ndarray]:
  try:
    return safetensors.numpy.load_file(path)
  except Exception as error:  # Of Rust, of numpy, of unknown dtypes.
    raise errors.FvizError(
      f'{path!r} is not a readable safetensors file ({error}): it may be '
      'truncated; fetch or copy it again.'
    ) from error


def _read_graph(path: str) -> dict[str, np.ndarray]:
  from fviz.models.weights import tensorflow_graphs  # The protos load slowly.

  return tensorflow_graphs.constants(path)


def _read_torch(path: str) -> dict[str, np.ndarray]:
  from fviz.models.weights import torch_files  # Optional: torch.

  return torch_files.read(path)


_READERS = {
  'safetensors': _read_safetensors,
  'graph': _read_graph,
  'torch': _read_torch,
}
