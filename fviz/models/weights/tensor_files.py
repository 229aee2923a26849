"""All tensors of a file, whatever its format; none can execute code."""

import os
import zipfile
from collections.abc import Mapping

import numpy as np
import safetensors.numpy

from fviz import errors
from fviz.models.weights import torch_files, untrusted_files

# Prefixes of every name: the robustness library's, which also keeps an attacker
# and a normalizer beside the model; those of data parallelism, compilation and
# training frameworks.
_ROBUSTNESS = 'module.model.'
_WRAPPERS = ('module.', '_orig_mod.', 'model.', 'state_dict.')


def read(path: str | os.PathLike) -> dict[str, np.ndarray]:
  """All tensors of a file by name, in the file's own layout.

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
  kind = _format(path)
  if kind == 'torch':
    return _of_model(torch_files.read(path))
  if kind == 'graph':
    from fviz.models.weights import tensorflow_graphs  # The protos load slowly.

    return tensorflow_graphs.constants(path)
  with untrusted_files.reading(path, 'a readable safetensors file'):
    return _of_model(safetensors.numpy.load_file(path))


def _of_model(tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
  """The tensors of the model itself, whatever was wrapped around it.

  Neither the counters of torch's batch norm nor what the robustness library
  keeps beside the model are weights.

  >>> list(_of_model({'module.fc.bias': 0, 'module.bn.num_batches_tracked': 1}))
  ['fc.bias']
  """
  found = {
    k: v for k, v in tensors.items() if not k.endswith('num_batches_tracked')
  }
  if any(name.startswith(_ROBUSTNESS) for name in found):
    found = {k: v for k, v in found.items() if k.startswith(_ROBUSTNESS)}
  around = lambda p: bool(found) and all(k.startswith(p) for k in found)
  while prefix := next(filter(around, _WRAPPERS), ''):
    found = {k.removeprefix(prefix): v for k, v in found.items()}
  return found


def _format(path: str) -> str:
  """'torch', 'graph' or 'safetensors', from the first bytes of a file."""
  try:
    with open(path, 'rb') as file:
      head = file.read(9)
  except OSError as error:
    why = f'Cannot read {path!r}: {error.strerror}.'
    raise errors.FvizError(why) from error
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
  with untrusted_files.reading(path, 'a whole zip archive'):
    with zipfile.ZipFile(path) as archive:
      return any(name.endswith('.pb') for name in archive.namelist())
