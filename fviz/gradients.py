"""What happens to gradients before the optimizer sees them.

These are optax transformations of trees in which axis 0 of every leaf is the
images. What becomes of an image's gradient never depends on other images.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import optax

from fviz import checks
from fviz.errors import FvizError
from fviz.resampling import blurs, laplacian_pyramid
from fviz.types import Array, PyTree

CONFIG_NAMES = tuple(
  'normalize blur smooth three_gaussians laplacian limit clip'.split()
)


def normalize(
  kind: str = 'mean_abs', floor: float = 1e-12
) -> optax.GradientTransformation:
  """Divides each image's gradient by its size, over all leaves together.

  The kind of size is 'mean_abs' (DeepDream 2015), 'rms', 'l2' (lucid) or 'std'.
  The floor is the least divisor: a gradient of zeros stays zero.

  >>> t = normalize()
  >>> print(t.update(jnp.array([[2., -4.], [0., 0.]]), t.init(None))[0])
  [[ 0.6666667 -1.3333334]
   [ 0.         0.       ]]
  """
  checks.check_choice('kind of normalize', kind, _SIZES)
  checks.check_positive('floor', floor)
  return optax.stateless(lambda g, params: _normalized(g, kind, floor))


def blur(sigma: float) -> optax.GradientTransformation:
  """A Gaussian blur of gradients of pixels, [n, h, w, c]; sigma in pixels.

  >>> t = blur(1.0)
  >>> print(t.update(jnp.ones([1, 4, 4, 1]), t.init(None))[0].mean().round(3))
  1.0
  """
  checks.check('sigma', sigma, 0)
  return _of_pixels('blur', lambda g: blurs.gaussian(g, sigma))


def smooth(
  sigmas: tuple[float, ...] = (0.0, 0.8, 1.6),
) -> optax.GradientTransformation:
  """The sum of blurred copies of the gradient, each over its deviation.

  A network's gradient is mostly noise of single pixels; in the sum, coarser
  scales count as much. Beyond the edges the gradient is repeated. Sigmas are in
  pixels; 0 is the gradient itself.

  >>> t = smooth((0.0, 1.0))
  >>> g = jnp.zeros([1, 9, 9, 1]).at[0, 4, 4, 0].set(1.0)
  >>> t.update(g, t.init(None))[0].shape
  (1, 9, 9, 1)
  """
  checks.check_sequence('sigmas', sigmas, '(0.0, 0.8, 1.6)')
  for sigma in sigmas:
    checks.check('sigma', sigma, 0)

  def copies(g):
    blurred = [blurs.repeated_gaussian(g, sigma) for sigma in sigmas]
    return jnp.asarray(sum(_normalized(b, 'std', 1e-12) for b in blurred))

  return _of_pixels('smooth', copies)


def three_gaussians(
  steps: int = 10, start: float = 0.5, rise: float = 2.0
) -> optax.GradientTransformation:
  """The mean of three blurs that get softer from step to step, standardized.

  This is Gordić's pytorch-deepdream (f37d99a). The Gaussians have 9 taps and
  deviations of sigma x (.5, 1, 2), where sigma = rise (i + 1) / steps + start
  at step i; the gradient is mirrored at its edges; then its mean becomes 0 and
  its deviation 1. Details are drawn first, then larger forms. After `steps`
  (there, the iterations of an octave) sigma stays. Start (there, the
  smoothing_coefficient) and rise are in pixels. A dream counts steps anew at
  each octave.

  >>> t = three_gaussians()
  >>> g = jnp.zeros([1, 9, 9, 1]).at[0, 4, 4, 0].set(1.0)
  >>> first, state = t.update(g, t.init(g))
  >>> second, _ = t.update(g, state)
  >>> print(bool(second.max() < first.max()))
  True
  """
  checks.check_int('steps', steps, 1)
  checks.check('start', start, 0)
  checks.check('rise', rise, 0)
  if not checks.traced(start, rise) and start + rise == 0:
    raise FvizError('three_gaussians: start and rise must not both be 0.')

  def update(updates, state, params=None):
    del params
    done = jnp.minimum(state.count + 1, steps)
    sigma = rise * done / steps + start
    updates = jax.tree.map(lambda g: _three(g, sigma), updates)
    return updates, optax.ScaleByScheduleState(state.count + 1)

  init = lambda params: optax.ScaleByScheduleState(jnp.int32(0))
  return optax.GradientTransformation(init, update)


def laplacian(levels: int = 4) -> optax.GradientTransformation:
  """Laplacian-normalized gradients (DeepDream's TensorFlow notebook, 2015).

  The gradient is split into the bands of a Laplacian pyramid, every band is
  divided by its RMS per image (at least 1e-10), and the bands are added up: low
  frequencies then weigh as much as high ones. So many levels halve the size.

  >>> t = laplacian(2)
  >>> t.update(jnp.ones([1, 8, 8, 3]), t.init(None))[0].shape
  (1, 8, 8, 3)
  """
  checks.check_int('levels', levels, 0)
  change = laplacian_pyramid.change_bands
  return _of_pixels('laplacian', lambda g: change(g, levels, _unit_rms))


def limit(most: float = 4.0) -> optax.GradientTransformation:
  """Limits every number to [-most, most]; after `normalize`, in units of means.

  >>> t = limit(1.0)
  >>> print(t.update(jnp.array([[3., -.5]]), t.init(None))[0])
  [[ 1.  -0.5]]
  """
  checks.check_positive('most', most)
  return optax.stateless_with_tree_map(lambda g, _: jnp.clip(g, -most, most))


def clip(norm: float) -> optax.GradientTransformation:
  """Limits the L2 norm of each image's gradient, over all leaves together.

  >>> t = clip(1.0)
  >>> print(t.update(jnp.array([[3., 4.], [0., .5]]), t.init(None))[0])
  [[0.6 0.8]
   [0.  0.5]]
  """
  checks.check_positive('norm', norm)
  factor = lambda g: norm / jnp.maximum(_l2(_flat(g)), norm)
  return optax.stateless(lambda g, params: _times(g, factor(g)))


@jax.jit
def _three(g: Array, sigma: Array) -> Array:
  """The mean of three blurs, with mean 0 and deviation 1 per image."""
  _check_pixels('three_gaussians', g)
  i = jnp.arange(-4, 5)
  taps = lambda factor: list(jnp.exp(-((i / (factor * sigma)) ** 2) / 2))
  made = [blurs.convolved(g, taps(k), 'reflect') for k in (0.5, 1.0, 2.0)]
  mean = jnp.asarray(sum(made) / 3)
  g = mean - jnp.mean(mean, (1, 2, 3), keepdims=True)
  sd = jnp.sqrt(jnp.mean(g**2, (1, 2, 3), keepdims=True))
  return g / jnp.maximum(sd, 1e-12)  # A dead unit's gradient stays 0.


def _unit_rms(band: Array) -> Array:
  rms = jnp.sqrt(jnp.mean(band**2, (1, 2, 3), keepdims=True))
  return band / jnp.maximum(rms, 1e-10)


def _check_pixels(name: str, g: Array) -> None:
  if g.ndim != 4:
    raise FvizError(
      f'{name} takes gradients of pixels, [n, h, w, c], not of shape '
      f'{g.shape}: use the parameterization pixels, or drop {name}.'
    )


def _of_pixels(
  name: str, function: Callable[[Array], Array]
) -> optax.GradientTransformation:
  """A function of each leaf, which must be the gradient of pixels."""

  def one(g, param):
    del param
    _check_pixels(name, g)
    return function(g)

  return optax.stateless_with_tree_map(one)


def _normalized(gradient: PyTree, kind: str, floor: float) -> PyTree:
  size = _SIZES[kind](_flat(gradient))
  return _times(gradient, 1 / jnp.maximum(size, floor))


def _flat(gradient: PyTree) -> Array:
  """[n, all numbers of an image]."""
  leaves = jax.tree.leaves(gradient)
  if len({leaf.shape[:1] or None for leaf in leaves} | {None}) != 2:
    shapes = [leaf.shape for leaf in leaves]
    raise FvizError(f'Axis 0 of all leaves must be images, not {shapes}.')
  return jnp.concatenate([leaf.reshape(len(leaf), -1) for leaf in leaves], 1)


def _times(gradient: PyTree, factor: Array) -> PyTree:
  wide = lambda g: factor.reshape(-1, *(1,) * (g.ndim - 1)).astype(g.dtype)
  return jax.tree.map(lambda g: g * wide(g), gradient)


def _l2(flat):
  return jnp.sqrt(jnp.sum(flat**2, 1))


# The sizes of gradients [n, numbers], [n].
_SIZES = {
  'mean_abs': lambda flat: jnp.mean(jnp.abs(flat), 1),
  'rms': lambda flat: jnp.sqrt(jnp.mean(flat**2, 1)),
  'l2': _l2,
  'std': lambda flat: jnp.std(flat, 1),
}
