"""Objectives of directions in a layer's space of channels."""

import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from fviz.errors import FvizError
from fviz.objectives.binding import at_center, of_layer
from fviz.types import Kind, Leaf, Objective


def direction(
  layer: str, vector: ArrayLike, cossim_pow: ArrayLike = 0.0
) -> Objective:
  """The mean of (a . v) max(.1, cos(a, v))^cossim_pow, as lucid has it.

  Args:
    vector: v, [channels].
    cossim_pow: 0 for the plain dot product; 2 or 4 are usual in atlases.

  >>> a = {'mixed': jnp.ones([1, 2, 2, 3])}
  >>> print(direction('mixed', [1., 2., 3.])(a, None))
  6.0
  """
  return _of_vector(_direction, layer, vector, cossim_pow)


def direction_neuron(
  layer: str, vector: ArrayLike, cossim_pow: ArrayLike = 0.0
) -> Objective:
  """`direction` at the position [h // 2, w // 2] (lucid).

  >>> a = {'mixed': jnp.arange(4.).reshape(1, 2, 2, 1)}
  >>> print(direction_neuron('mixed', [2.])(a, None))
  6.0
  """
  return _of_vector(_direction_neuron, layer, vector, cossim_pow)


def tensor_direction(
  layer: str, tensor: ArrayLike, cossim_pow: ArrayLike = 0.0
) -> Objective:
  """`direction` of each position of a tensor, on the centre crop (lucid).

  Args:
    tensor: [h, w, channels], at most the activation's size.
    cossim_pow: as for `direction`.

  >>> a = {'mixed': jnp.ones([1, 4, 4, 2])}
  >>> print(tensor_direction('mixed', np.ones([2, 2, 2]))(a, None))
  2.0
  """
  array = Leaf(np.asarray(tensor), Kind.ARRAY)
  return of_layer(_tensor_direction, layer, array, Leaf(cossim_pow))


def whitened_direction(
  layer: str,
  vector: ArrayLike,
  inverse_covariance: ArrayLike,
  cossim_pow: ArrayLike = 2.0,
) -> Objective:
  """dot max(.1, dot / (1e-4 + |a|))^cossim_pow at the centre, whitened.

  Of the activation atlas (Carter et al. 2019): dot is the MEAN over channels of
  a (S v).

  Args:
    vector: v, [channels], a direction such as the mean of a cell.
    inverse_covariance: S, [channels, channels], of activations on data.
    cossim_pow: 2 in the notebook; 4 is usual, too.

  >>> a = {'mixed': jnp.ones([1, 1, 1, 2])}
  >>> print(whitened_direction('mixed', [1., 1.], np.eye(2), 0.0)(a, None))
  1.0
  """
  matrix = Leaf(np.asarray(inverse_covariance), Kind.MATRIX)
  return _of_vector(_whitened, layer, vector, matrix, cossim_pow)


def _of_vector(formula, layer, vector, *rest) -> Objective:
  # An array from the start: a list would be several leaves of the pytree.
  leaves = (x if isinstance(x, Leaf) else Leaf(x) for x in rest)
  return of_layer(
    formula, layer, Leaf(np.asarray(vector), Kind.VECTOR), *leaves
  )


def _direction(a, vector, power):
  vector = jnp.asarray(vector, jnp.float32)
  dot = jnp.einsum('...c,c->...', a, vector, precision='highest')
  cos = dot / (_norm(a) + 1e-4) / (_norm(vector) + 1e-4)
  return _turned(dot, cos, power)


def _turned(dot, cos, power):
  return jnp.mean(dot * jnp.maximum(cos, 0.1) ** power)


def _norm(a):
  # The constant keeps the gradient of a zero vector from being 0/0.
  return jnp.sqrt(jnp.sum(a**2, -1) + 1e-12)


def _direction_neuron(a, vector, power):
  return _direction(at_center(a), vector, power)


def _tensor_direction(a, tensor, power):
  tensor = jnp.asarray(tensor, jnp.float32)
  h, w = tensor.shape[:2]
  if a.ndim != 4 or h > a.shape[1] or w > a.shape[2]:
    raise FvizError(
      f'tensor_direction: a tensor of {h} x {w} positions is larger than the '
      f'activation, {list(a.shape[1:-1])}.'
    )
  y, x = (a.shape[1] - h) // 2, (a.shape[2] - w) // 2
  a = a[:, y : y + h, x : x + w]
  dot = jnp.sum(a * tensor, -1)
  cos = dot / (_norm(a) + 1e-4) / (_norm(tensor) + 1e-4)
  return _turned(dot, cos, power)


def _whitened(a, vector, matrix, power):
  a = at_center(a)
  vector = jnp.asarray(vector, jnp.float32)
  matrix = jnp.asarray(matrix, jnp.float32)
  white = jnp.einsum('ij,j->i', matrix, vector, precision='highest')
  dot = jnp.einsum('...c,c->...', a, white, precision='highest')
  dot = dot / a.shape[-1]
  return _turned(dot, dot / (_norm(a) + 1e-4), power)
