"""Objectives that compare with a reference image.

The recipe's reference goes through the same transforms with the same draws, see
`engine.Recipe.reference`; there are as many reference images as images.
"""

import jax.numpy as jnp

from fviz import checks
from fviz.objectives import binding
from fviz.objectives.binding import of_layer
from fviz.objectives.image_series import gram
from fviz.types import Kind, Leaf, Objective


def uses_reference(objective: Objective) -> bool:
  """Whether an objective, or a part of it, compares with the reference.

  >>> uses_reference(2 * match('mixed')), uses_reference(style('mixed') * 0)
  (True, True)
  """
  function = objective.function
  if function is _input_difference or getattr(function, 'reference', False):
    return True
  parts = [x.value for x in objective.leaves if x.kind is Kind.OBJECTIVE]
  return any(map(uses_reference, parts))


def match(layer: str, loss: str = 'l2') -> Objective:
  """Minus the distance to the reference's code (Mahendran and Vedaldi 2015).

  Args:
    loss: 'l2' for |a - b|^2 / |b|^2 (their eq. 2), 'l1' for |a - b| / |b|, and
      'dot' for 1 - <a, b> / |b|^2, norms over channels and positions.

  >>> from fviz import types
  >>> a = {'mixed': jnp.zeros([1, 2])}
  >>> a[types.reference('mixed')] = jnp.ones([1, 2])
  >>> print(match('mixed')(a, None))
  -1.0
  """
  checks.check_choice('loss of match', loss, _LOSSES)
  return of_layer(_LOSSES[loss], layer, reference=True)


def caricature(layer: str, cossim_pow: float = 0.0) -> Objective:
  """dot max(.1, cos)^cossim_pow with the reference's activation (lucid).

  dot is the mean over positions and channels of a b, cos the whole cosine;
  lucid sums, and leaves the reference's norm out of its cosine, so that its
  powers above 0 depend on the scale.

  >>> from fviz import types
  >>> a = {'mixed': jnp.ones([1, 2])}
  >>> a[types.reference('mixed')] = 3 * jnp.ones([1, 2])
  >>> print(caricature('mixed')(a, None))
  3.0
  """
  return of_layer(_caricature, layer, Leaf(cossim_pow), reference=True)


def distance(layer: str) -> Objective:
  """The mean over positions of |a - b|, norms over channels, >= 0: subtract it.

  Feature accentuation (Hamblin et al. 2024). The root has a floor: at the start
  a equals b.

  >>> from fviz import types
  >>> a = {'mixed': jnp.zeros([1, 1, 1, 2])}
  >>> a[types.reference('mixed')] = jnp.array([3., 4.]).reshape(1, 1, 1, 2)
  >>> print(distance('mixed')(a, None).round(3))
  5.0
  """
  return of_layer(_distance, layer, reference=True)


def style(layer: str) -> Objective:
  """Minus the mean |G - G_reference|, G = F F^T / positions (lucid's Gatys).

  >>> from fviz import types
  >>> a = {'mixed': jnp.zeros([1, 4, 2])}
  >>> a[types.reference('mixed')] = jnp.ones([1, 4, 2])
  >>> print(style('mixed')(a, None))
  -1.0
  """
  return of_layer(_style, layer, reference=True)


def input_difference() -> Objective:
  """sqrt(mean (x - reference)^2) a image, >= 0: subtract it (lucid).

  >>> from fviz import types
  >>> a = {types.reference(): jnp.ones([1, 2, 2, 3])}
  >>> print(input_difference()(a, jnp.zeros([1, 2, 2, 3])).round(3))
  1.0
  """
  return Objective(_input_difference, ())


def _each(a):
  return a.reshape(len(a), -1)


def _square_norm(b):
  return jnp.maximum(jnp.sum(_each(b) ** 2, 1), 1e-12)


def _l2(a, b):
  return -jnp.mean(jnp.sum(_each(a - b) ** 2, 1) / _square_norm(b))


def _l1(a, b):
  size = jnp.maximum(jnp.sum(jnp.abs(_each(b)), 1), 1e-12)
  return -jnp.mean(jnp.sum(jnp.abs(_each(a - b)), 1) / size)


def _dot(a, b):
  return jnp.mean(jnp.sum(_each(a * b), 1) / _square_norm(b)) - 1


_LOSSES = {'l2': _l2, 'l1': _l1, 'dot': _dot}


def _caricature(a, b, power):
  dot = jnp.mean(_each(a * b), 1)
  norm = lambda x: jnp.sqrt(jnp.mean(_each(x) ** 2, 1) + 1e-12)
  cos = dot / (norm(a) + 1e-6) / (norm(b) + 1e-6)
  return jnp.mean(dot * jnp.maximum(cos, 0.1) ** power)


def _distance(a, b):
  return jnp.mean(jnp.sqrt(jnp.sum((a - b) ** 2, -1) + 1e-8))


def _style(a, b):
  return -jnp.mean(jnp.abs(gram(a) - gram(b)))


def _input_difference(activations, images):
  other = binding.reference(activations)
  square = jnp.mean(_each(images - other) ** 2, 1)
  return jnp.mean(jnp.sqrt(square + 1e-12))
