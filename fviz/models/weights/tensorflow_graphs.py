"""Frozen TensorFlow graphs (GraphDef) without TensorFlow.

The protocol buffers are those that TensorBoard ships.
"""

import math
import pathlib
import zipfile
from typing import Any

import numpy as np
from tensorboard.compat.proto import graph_pb2, types_pb2
from tensorboard.util import tensor_util

from fviz import errors
from fviz.models.weights import untrusted_files

# Protocol buffers make their names at run time, unseen by type checkers.
_graphs: Any = graph_pb2
_types: Any = types_pb2
_FLOATS = [
  _types.DataType.Value(f'DT_{name}')
  for name in ('HALF', 'BFLOAT16', 'FLOAT', 'DOUBLE')
]
# How many values a graph may have that only repeat another one. Biases of zero
# do, but they take no more memory than a graph of honest size would.
_MOST_REPEATED = 1 << 22


def constants(path: str) -> dict[str, np.ndarray]:
  """The floating-point constants of a graph: its weights, by node name.

  Args:
    path: a .pb file, or a .zip that holds one.

  Raises:
    FvizError: if it does not parse, or holds no weights.
  """
  nodes = _read(path).node
  tensors = {n.name: n.attr['value'].tensor for n in nodes if n.op == 'Const'}
  tensors = {k: t for k, t in tensors.items() if _is_weights(t)}
  if not tensors:
    raise errors.FvizError(
      f'{path!r} holds no weights: its {len(nodes)} nodes have no '
      'floating-point constants. Give a frozen graph.'
    )
  _check_sizes(path, tensors)
  return {k: _array(path, k, t) for k, t in tensors.items()}


def _read(path: str) -> Any:
  """The GraphDef in a .pb file or in a .zip."""
  with untrusted_files.reading(path, 'a readable graph'):
    if zipfile.is_zipfile(path):
      data = untrusted_files.member(path, '.pb')
    else:
      data = pathlib.Path(path).read_bytes()
    return _graphs.GraphDef.FromString(data)


def _is_weights(tensor) -> bool:
  return tensor.dtype in _FLOATS and len(tensor.tensor_shape.dim) > 0


def _check_sizes(path: str, tensors) -> None:
  """Before anything is allocated: a shape is only a claim."""
  repeated = 0
  for name, tensor in tensors.items():
    sizes = [dim.size for dim in tensor.tensor_shape.dim]
    count = math.prod(sizes)
    if min(sizes) < 0 or len(sizes) > 8:
      raise errors.FvizError(f'{path!r}: {name} has the odd shape {sizes}.')
    if count > tensor.ByteSize():  # Every value takes at least a byte.
      repeated += count
  if repeated > _MOST_REPEATED:
    raise errors.FvizError(
      f'{path!r} is refused: its constants claim {repeated} values that are '
      'not in the file. It is damaged, or made to fill the memory.'
    )


def _array(path: str, name: str, tensor) -> np.ndarray:
  try:
    return np.asarray(tensor_util.make_ndarray(tensor))
  except Exception as error:  # NumPy raises several kinds.
    raise errors.FvizError(
      f'{path!r} is damaged: the constant {name} has no tensor of its shape '
      f'({error}). Fetch or copy it again.'
    ) from error
