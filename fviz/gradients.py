"""What happens to gradients before the optimizer sees them.

Optax transformations of trees whose leaves all have images for axis 0; an
image's numbers never depend on the other images.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import optax

from fviz import transforms
from fviz.errors import FvizError, unknown
from fviz.types import Array, PyTree

__all__ = ['normalize', 'blur', 'clip']


def normalize(
  kind: str = 'mean_abs', floor: float = 1e-12
) -> optax.GradientTransformation:
  """Divides each image's gradient by its size, over all leaves together.

  Args:
    kind: 'mean_abs' (DeepDream 2015), 'rms', 'l2' (lucid) or 'std'.
    floor: the least divisor; a dead unit's gradient is 0 and stays 0.

  >>> t = normalize()
  >>> print(t.update(jnp.array([[2., -4.], [0., 0.]]), t.init(None))[0])
  [[ 0.6666667 -1.3333334]
   [ 0.         0.       ]]
  """
  if kind not in _SIZES:
    raise unknown('kind of normalize', kind, _SIZES)
  if not floor > 0:
    raise FvizError(f'floor must be positive, not {floor}.')
  size = _SIZES[kind]
  return _stateless(lambda g: _times(g, 1 / jnp.maximum(size(_flat(g)), floor)))


def blur(sigma: float) -> optax.GradientTransformation:
  """A Gaussian blur of gradients of pixels, [n, h, w, c], sigma in pixels.

  >>> t = blur(1.0)
  >>> print(t.update(jnp.ones([1, 4, 4, 1]), t.init(None))[0].mean())
  1.0
  """
  transforms.check('sigma', sigma, 0)

  def one(g):
    if g.ndim != 4:
      raise FvizError(
        f'blur takes gradients of pixels, [n, h, w, c], not of shape '
        f'{g.shape}: use the parameterization pixels, or drop the blur.'
      )
    return transforms.gaussian_blur(g, sigma)

  return _stateless(lambda g: jax.tree.map(one, g))


def clip(norm: float) -> optax.GradientTransformation:
  """Limits the L2 norm of each image's gradient, over all leaves together.

  >>> t = clip(1.0)
  >>> print(t.update(jnp.array([[3., 4.], [0., .5]]), t.init(None))[0])
  [[0.6 0.8]
   [0.  0.5]]
  """
  if not norm > 0:
    raise FvizError(f'norm must be positive, not {norm}.')
  return _stateless(
    lambda g: _times(g, norm / jnp.maximum(_l2(_flat(g)), norm))
  )


def _stateless(function) -> optax.GradientTransformation:
  return optax.GradientTransformation(
    lambda params: optax.EmptyState(),
    lambda updates, state, params=None: (function(updates), state),
  )


def _flat(gradient: PyTree) -> Array:
  """[n, numbers of one image]."""
  leaves = jax.tree.leaves(gradient)
  if len({leaf.shape[:1] or None for leaf in leaves} | {None}) != 2:
    shapes = [leaf.shape for leaf in leaves]
    raise FvizError(f'Axis 0 of all leaves must be images, not {shapes}.')
  return jnp.concatenate([leaf.reshape(len(leaf), -1) for leaf in leaves], 1)


def _times(gradient: PyTree, factor: Array) -> PyTree:
  def one(g):
    return g * factor.reshape(-1, *(1,) * (g.ndim - 1)).astype(g.dtype)

  return jax.tree.map(one, gradient)


def _l2(flat):
  return jnp.sqrt(jnp.sum(flat**2, 1))


_SIZES = {
  'mean_abs': lambda flat: jnp.mean(jnp.abs(flat), 1),
  'rms': lambda flat: jnp.sqrt(jnp.mean(flat**2, 1)),
  'l2': _l2,
  'std': lambda flat: jnp.std(flat, 1),
}
