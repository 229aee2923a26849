"""pareidolia: the embedded network, trained only on rendered pictures.

Layers: conv0, conv1, mixed1 to mixed5, in each block branch0 (1x1), branch1
(3x3), branch2 (5x5) and branch3 (of the 3x3 average), each as NAME and
NAME/pre_relu, and logits. `pareidolia_network` says why it is built so,
`pareidolia.md` is the model card, and `scripts/pareidolia/train.py` trains it.
"""

import functools
import json
import os
import pathlib
from collections.abc import Mapping

import numpy as np
import safetensors
import safetensors.numpy
from flax import nnx

from fviz import errors, networks, types
from fviz.models import pareidolia_network
from fviz.models.weights import filling, tensor_files
from fviz.storage import plain_json

WEIGHTS = pathlib.Path(__file__).with_name('pareidolia.safetensors')

# Keys of the weights file.
_STATISTICS = 'statistics/'
_DESCRIPTION = 'pareidolia'
_WIDEST = 64  # Times the published width.


def load(
  name: str = 'pareidolia', file: str | os.PathLike = ''
) -> types.Network:
  """The embedded network; nothing is downloaded.

  Args:
    name: what messages and records call it.
    file: weights written by `save`; '' takes those in the package.

  Raises:
    FvizError: if the file is missing, corrupt, or of another architecture.
  """
  file = os.fspath(file or WEIGHTS)
  tensors, labels, width = _read(file)
  tensors = {k: v for k, v in tensors.items() if not k.startswith(_STATISTICS)}
  build = functools.partial(pareidolia_network.Pareidolia, len(labels), width)
  abstract = nnx.eval_shape(lambda: build(rngs=nnx.Rngs(0)))
  return networks.from_nnx(
    filling.fill(abstract, tensors, str, file),
    preprocess=pareidolia_network.preprocess,
    labels=labels,
    input_size=pareidolia_network.INPUT_SIZE,
    name=name,
  )


def statistics(
  file: str | os.PathLike = '',
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
  """Mean and deviation of every channel of every layer on rendered pictures.

  Args:
    file: weights written by `save`; '' takes those in the package.

  Returns:
    layer name -> (mean, std), float32 [channels] each.
  """
  tensors, *_ = _read(os.fspath(file or WEIGHTS))
  return {
    key.removeprefix(_STATISTICS): (value[0], value[1])
    for key, value in tensors.items()
    if key.startswith(_STATISTICS)
  }


def save(
  file: str | os.PathLike,
  model: pareidolia_network.Pareidolia,
  labels: tuple[str, ...],
  moments: Mapping[str, tuple[np.ndarray, np.ndarray]],
) -> None:
  """Writes what `load` and `statistics` read: float16, labels as metadata.

  Args:
    file: path; a temporary name is renamed when all is written.
    model: with its batch norm folded.
    labels: class names in the order of the logits.
    moments: layer name -> (mean, std) of its channels.
  """
  flat = nnx.to_flat_state(nnx.state(model))
  tensors = {'/'.join(map(str, k)): np.asarray(v[...]) for k, v in flat}
  for layer, pair in moments.items():
    tensors[_STATISTICS + layer] = np.stack(pair)
  tensors = {k: np.asarray(v, np.float16) for k, v in tensors.items()}
  description = {'labels': list(labels), 'width': model.width}
  temporary = f'{os.fspath(file)}.partial'
  safetensors.numpy.save_file(
    tensors, temporary, metadata={_DESCRIPTION: json.dumps(description)}
  )
  os.replace(temporary, file)


def _read(file: str) -> tuple[dict[str, np.ndarray], list[str], float]:
  """Tensors as float32, labels, and the width."""
  tensors = tensor_files.read(file)
  try:
    with safetensors.safe_open(file, 'numpy') as opened:
      metadata = opened.metadata() or {}
  except safetensors.SafetensorError:  # Weights, but in another format.
    metadata = {}
  if _DESCRIPTION not in metadata:
    raise errors.FvizError(
      f'{file!r} has no {_DESCRIPTION!r} in its metadata: it was not written '
      'by scripts/pareidolia/train.py.'
    )
  try:
    description = plain_json.decode(metadata[_DESCRIPTION])
  except errors.FvizError as error:
    raise errors.FvizError(f'{file!r} is damaged: {error}.') from error
  labels, width = description.get('labels'), description.get('width')
  if not (
    isinstance(labels, list)
    and labels
    and all(isinstance(label, str) for label in labels)
    and isinstance(width, int | float)
    and not isinstance(width, bool)
    and 0 < width <= _WIDEST
  ):
    raise errors.FvizError(
      f'{file!r} is damaged: its {_DESCRIPTION!r} needs labels, a list of '
      f'names, and width, a number up to {_WIDEST}.'
    )
  tensors = {k: np.asarray(v, np.float32) for k, v in tensors.items()}
  return tensors, labels, width
