"""Tensors into the places of an NNX module, checked both ways."""

import fnmatch
from collections.abc import Callable, Mapping, Sequence

import jax.numpy as jnp
import numpy as np
from flax import nnx

from fviz import errors

# NNX's names of parameters -> torch's.
_TORCH = dict(
  kernel='weight', scale='weight', mean='running_mean', var='running_var'
)


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
    model: an NNX module, usually abstract (nnx.eval_shape): only its names and
      shapes are kept.
    tensors: name in the file -> array.
    rename: the model's path 'mixed/conv/pre_relu/kernel' -> name in the file.
    source: what messages call the file.
    convert: (array of the file, shape in the model) -> array of that shape,
      or any other if it does not fit, such as `from_torch`; None takes arrays
      as they are, with kernels as HWIO.
    ignored: patterns of names in the file that have no place in the model.

  Raises:
    FvizError: one error that names every tensor that is only in the file, only
      in the model, or of another shape.
  """
  graphdef, state = nnx.split(model)
  flat = dict(nnx.to_flat_state(state))
  places = {rename('/'.join(map(str, path))): path for path in flat}
  shapes = {name: flat[path].shape for name, path in places.items()}
  found = {
    name: convert(tensor, shapes[name])
    if convert and name in shapes
    else tensor
    for name, tensor in tensors.items()
    if name in shapes or not any(fnmatch.fnmatchcase(name, p) for p in ignored)
  }
  if problems := _problems(shapes, found):
    raise errors.FvizError(
      f'{source!r} does not fit {type(model).__name__}:\n  '
      + '\n  '.join(problems)
    )
  for name, path in places.items():
    value = jnp.asarray(np.asarray(found[name], np.float32))
    flat[path] = flat[path].replace(value)
  return nnx.merge(graphdef, nnx.from_flat_state(flat))


def torch_key(path: str) -> str:
  """The model's path to a tensor -> its name in a torch state dict.

  >>> torch_key('layer1/0/conv1/kernel'), torch_key('bn1/mean')
  ('layer1.0.conv1.weight', 'bn1.running_mean')
  """
  *modules, leaf = path.split('/')
  return '.'.join([*modules, _TORCH.get(leaf, leaf)])


def from_torch(
  value: np.ndarray,
  shape: tuple[int, ...],
  flattened: tuple[int, int, int] | None = None,
) -> np.ndarray:
  """Torch's layout -> ours: OIHW -> HWIO, and (out, in) -> (in, out).

  Args:
    value: as it is in the file.
    shape: in the model.
    flattened: (c, h, w) of what the model flattens before a linear layer: in
      the file that layer is (out, c h w), in the model (h w c, out).

  >>> from_torch(np.zeros((8, 4, 3, 2)), (3, 2, 4, 8)).shape
  (3, 2, 4, 8)
  """
  if flattened and value.ndim == 2 and value.shape[1] == np.prod(flattened):
    value = value.reshape(-1, *flattened)
  if value.ndim == 4:
    value = value.transpose(2, 3, 1, 0)
    # A 1 x 1 or flattened convolution that we hold as a linear layer.
    if len(shape) == 2 and value.size == shape[0] * shape[1]:
      value = value.reshape(-1, value.shape[-1])
  elif value.ndim == 2:
    value = value.T
  return value


def _problems(
  shapes: Mapping[str, tuple[int, ...]], tensors: Mapping[str, np.ndarray]
) -> list[str]:
  """Everything that does not match, both ways, in the model's order."""
  problems = [
    f'missing in the file: {name} {shape}'
    for name, shape in shapes.items()
    if name not in tensors
  ]
  problems += [
    f'wrong shape: {name} is {tensors[name].shape}, not {shape}'
    for name, shape in shapes.items()
    if name in tensors and tensors[name].shape != shape
  ]
  problems += [
    f'not in the model: {name} {tensor.shape}'
    for name, tensor in tensors.items()
    if name not in shapes
  ]
  return problems
