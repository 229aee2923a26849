"""Frozen TensorFlow graphs (GraphDef) without TensorFlow.

The protocol buffers are those that TensorBoard ships.
"""

from __future__ import annotations

import os
import zipfile

import numpy as np
from google.protobuf import message
from tensorboard.compat.proto import graph_pb2
from tensorboard.util import tensor_util

from fviz import errors


def constants(path: str | os.PathLike) -> dict[str, np.ndarray]:
  """The floating-point constants of a graph: its weights, by node name.

  Args:
    path: a .pb file, or a .zip that holds one.

  Raises:
    FvizError: if it does not parse, or holds no weights.
  """
  graph = read(path)
  weights = {
    node.name: tensor_util.make_ndarray(node.attr['value'].tensor)
    for node in graph.node
    if node.op == 'Const'
  }
  weights = {k: v for k, v in weights.items() if v.dtype.kind == 'f' and v.ndim}
  if not weights:
    raise errors.FvizError(
      f'{os.fspath(path)!r} holds no weights: its {len(graph.node)} nodes have '
      'no floating-point constants. Give a frozen graph.'
    )
  return weights


def read(path: str | os.PathLike) -> graph_pb2.GraphDef:
  """The graph in a .pb file or in a .zip."""
  path = os.fspath(path)
  graph = graph_pb2.GraphDef()
  try:
    graph.ParseFromString(_bytes(path))
  except (message.DecodeError, zipfile.BadZipFile, RuntimeError) as error:
    raise errors.FvizError(
      f'{path!r} is not a readable graph ({error}): it may be truncated; fetch '
      'or copy it again.'
    ) from error
  return graph


def _bytes(path: str) -> bytes:
  if not zipfile.is_zipfile(path):
    with open(path, 'rb') as file:
      return file.read()
  with zipfile.ZipFile(path) as archive:
    [name] = [n for n in archive.namelist() if n.endswith('.pb')][:1]
    return archive.read(name)
