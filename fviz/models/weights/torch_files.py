"""Torch's .pth, .pt, .ckpt, .th and .bin files, tensors only.

They are pickles. torch reads them with weights_only=True, which builds tensors
and containers and nothing else; a file that asks for more is refused.
"""

import pickle
import zipfile
from typing import Any

import numpy as np

from fviz import distribution, errors
from fviz.models.weights import untrusted_files

# Where training scripts put the state dict.
_CONTAINERS = ('state_dict', 'model', 'model_state_dict')
# How many times over tensors may use the storage, as tied weights do.
_MOST_SHARED = 4


def read(path: str) -> dict[str, np.ndarray]:
  """All tensors of the file's state dict.

  Raises:
    FvizError: without torch, for a damaged file, and for a pickle that holds
      other objects than tensors.
  """
  with untrusted_files.reading(path, 'a readable torch file', _reason):
    if zipfile.is_zipfile(path):
      with zipfile.ZipFile(path) as archive:
        untrusted_files.check_size(path, archive)
    return _unwrapped(_load(path), path)


def _unwrapped(data: Any, path: str) -> dict[str, np.ndarray]:
  """The state dict in what torch read."""
  while isinstance(data, dict):
    inner = [k for k in _CONTAINERS if isinstance(data.get(k), dict)]
    if not inner:
      break
    data = data[inner[0]]
  if not isinstance(data, dict) or not any(map(_is_tensor, data.values())):
    raise errors.FvizError(
      f'{path!r} holds no state dict but {type(data).__name__}: save '
      'model.state_dict().'
    )
  data = {str(k): v for k, v in data.items() if _is_tensor(v)}
  _check_sizes(data, path)
  return {k: _numpy(v) for k, v in data.items()}


def _load(path: str):
  try:
    import torch  # pyright: ignore[reportMissingImports]  # Optional.
  except ImportError as error:
    raise errors.FvizError(
      f'Reading {path!r} needs torch: {distribution.install("torch")}; or give '
      'the same weights as .safetensors.'
    ) from error
  try:
    return torch.load(path, map_location='cpu', weights_only=True)
  except pickle.UnpicklingError as error:
    raise errors.FvizError(
      f'{path!r} is refused: reading it would run code from the file. It '
      f'holds other objects than tensors ({_reason(error)}). Save only its '
      'state dict, where you trust it, as .safetensors.'
    ) from error


def _reason(error: Exception) -> str:
  """The line of torch's long message that names what was found."""
  lines = [line.strip() for line in str(error).splitlines() if line.strip()]
  named = [line for line in lines if 'GLOBAL' in line or 'Unsupported' in line]
  return (named or lines or [type(error).__name__])[0][:200]


def _is_tensor(value) -> bool:
  return hasattr(value, 'numpy') and hasattr(value, 'dtype')


def _check_sizes(tensors, path: str) -> None:
  """A stride of zero makes any size out of one number."""
  for name, tensor in tensors.items():
    if str(tensor.layout) != 'torch.strided' or tensor.is_quantized:
      raise errors.FvizError(
        f'{path!r}: {name} is no plain tensor ({tensor.dtype}): save the '
        'weights dense, as floats.'
      )
  claimed = sum(t.numel() * t.element_size() for t in tensors.values())
  stored = {
    t.untyped_storage().data_ptr(): t.untyped_storage().nbytes()
    for t in tensors.values()
  }
  if claimed > _MOST_SHARED * sum(stored.values()):
    raise errors.FvizError(
      f'{path!r} is refused: its tensors claim {claimed} bytes, it holds '
      f'{sum(stored.values())}. It is damaged, or made to fill the memory.'
    )


def _numpy(tensor) -> np.ndarray:
  tensor = tensor.detach()
  # Numpy has no bfloat16.
  return (tensor.float() if tensor.is_floating_point() else tensor).numpy()
