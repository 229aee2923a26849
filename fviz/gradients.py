"""What happens to gradients before the optimizer sees them.

Optax transformations of trees whose leaves all have images for axis 0; an
image's numbers never depend on the other images.
"""

from __future__ import annotations

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
import optax

from fviz import checks
from fviz.errors import FvizError, unknown
from fviz.resampling.blur import gaussian_blur
from fviz.types import Array, PyTree

# What config strings can name.
CONFIG_NAMES = (
  'normalize',
  'blur',
  'smooth',
  'three_gaussians',
  'laplacian',
  'limit',
  'clip',
)


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
  checks.check('sigma', sigma, 0)

  def one(g):
    _check_pixels('blur', g)
    return gaussian_blur(g, sigma)

  return _stateless(lambda g: jax.tree.map(one, g))


def smooth(
  sigmas: tuple[float, ...] = (0.0, 0.8, 1.6),
) -> optax.GradientTransformation:
  """The sum of blurred copies of the gradient, each over its deviation.

  Pixel noise is all that a network's gradient has at the finest scale; the
  copies give coarser scales their say. At the edges the image is repeated.

  Args:
    sigmas: of the Gaussians, in pixels; 0 is the gradient itself.

  >>> t = smooth((0.0, 1.0))
  >>> g = jnp.zeros([1, 9, 9, 1]).at[0, 4, 4, 0].set(1.0)
  >>> t.update(g, t.init(None))[0].shape
  (1, 9, 9, 1)
  """
  for sigma in sigmas:
    checks.check('sigma', sigma, 0)
  if not sigmas:
    raise FvizError('smooth needs at least one sigma: (0.0, 0.8, 1.6), say.')
  one = normalize('std')

  def copies(g):
    _check_pixels('smooth', g)
    blurred = [_gaussian(g, sigma) for sigma in sigmas]
    return sum(one.update(b, one.init(None))[0] for b in blurred)

  return _stateless(lambda g: jax.tree.map(copies, g))


def three_gaussians(
  steps: int = 10, start: float = 0.5, rise: float = 2.0
) -> optax.GradientTransformation:
  """The mean of three blurred gradients that get softer, standardized.

  Gordić's pytorch-deepdream (f37d99a): Gaussians of 9 taps and sigma x (.5, 1,
  2), sigma = rise (i + 1) / steps + start at step i, the gradient mirrored at
  its edges; then (g - mean) / std. Details are drawn first, then forms. After
  `steps`, sigma stays; a dream counts them anew at each octave.

  Args:
    steps: in which sigma rises; their iterations an octave.
    start: their smoothing_coefficient, in pixels.
    rise: in pixels.

  >>> t = three_gaussians()
  >>> g = jnp.zeros([1, 9, 9, 1]).at[0, 4, 4, 0].set(1.0)
  >>> first, state = t.update(g, t.init(g))
  >>> second, _ = t.update(g, state)
  >>> print(bool(second.max() < first.max()))
  True
  """
  checks.check_int('steps', steps, 1)
  for name, value in dict(start=start, rise=rise).items():
    checks.check(name, value, 0)
  if not checks.traced(start, rise) and start + rise == 0:
    raise FvizError('three_gaussians: start and rise must not both be 0.')

  def update(updates, state, params=None):
    del params
    done = jnp.minimum(state.count + 1, steps)
    sigma = rise * done / steps + start
    updates = jax.tree.map(lambda g: _three(g, sigma), updates)
    return updates, optax.ScaleByScheduleState(state.count + 1)

  return optax.GradientTransformation(
    lambda params: optax.ScaleByScheduleState(jnp.int32(0)), update
  )


def laplacian(levels: int = 4) -> optax.GradientTransformation:
  """Laplacian-normalized gradients (DeepDream's TensorFlow notebook, 2015).

  A Laplacian pyramid of `levels` splits with the kernel [1, 4, 6, 4, 1] / 16
  each way; every band is divided by its RMS per image, with a floor of 1e-10,
  and the pyramid is merged: low frequencies weigh as much as high ones.

  >>> t = laplacian(2)
  >>> t.update(jnp.ones([1, 8, 8, 3]), t.init(None))[0].shape
  (1, 8, 8, 3)
  """
  checks.check_int('levels', levels, 0)

  def one(g):
    _check_pixels('laplacian', g)
    shapes, bands = [], []
    for _ in range(levels):
      if min(g.shape[1:3]) < 2:
        break  # Nothing left to split.
      low = _halved(g)
      bands.append(g - _doubled(low, g.shape))
      shapes.append(g.shape)
      g = low
    out = _unit_rms(g)
    for shape, band in zip(shapes[::-1], bands[::-1], strict=True):
      out = _doubled(out, shape) + _unit_rms(band)
    return out

  return _stateless(lambda g: jax.tree.map(one, g))


def limit(most: float = 4.0) -> optax.GradientTransformation:
  """Limits each number to +-most; after `normalize`, in units of the mean.

  >>> t = limit(1.0)
  >>> print(t.update(jnp.array([[3., -.5]]), t.init(None))[0])
  [[ 1.  -0.5]]
  """
  if not most > 0:
    raise FvizError(f'most must be positive, not {most}.')
  return _stateless(
    lambda g: jax.tree.map(lambda x: jnp.clip(x, -most, most), g)
  )


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


@functools.partial(jax.jit, static_argnums=1)
def _gaussian(x: Array, sigma: float) -> Array:
  """[n, h, w, c] blurred by sums of shifted copies: linear in the pixels."""
  if sigma == 0:
    return x
  reach = math.ceil(3 * sigma)
  taps = [math.exp(-((k / sigma) ** 2) / 2) for k in range(-reach, reach + 1)]
  return _convolved(x, taps, 'edge')


@jax.jit
def _three(g: Array, sigma: Array) -> Array:
  """The mean of three blurs, with mean 0 and deviation 1 per image."""
  _check_pixels('three_gaussians', g)
  i, blurs = jnp.arange(-4, 5), []
  for factor in (0.5, 1.0, 2.0):
    taps = jnp.exp(-((i / (factor * sigma)) ** 2) / 2)
    blurs.append(_convolved(g, list(taps), 'reflect'))
  g = sum(blurs) / 3
  g = g - jnp.mean(g, (1, 2, 3), keepdims=True)
  sd = jnp.sqrt(jnp.mean(g**2, (1, 2, 3), keepdims=True))
  return g / jnp.maximum(sd, 1e-12)  # A dead unit's gradient stays 0.


def _convolved(x: Array, taps, mode: str) -> Array:
  """[n, h, w, c] with taps over their sum, along rows and columns."""
  reach, total = len(taps) // 2, sum(taps)
  for axis in (1, 2):
    pads = [(0, 0)] * 4
    pads[axis] = (reach, reach)
    wide, size = jnp.pad(x, pads, mode=mode), x.shape[axis]
    x = sum(
      tap / total * jax.lax.slice_in_dim(wide, k, k + size, axis=axis)
      for k, tap in enumerate(taps)
    )
  return x


def _check_pixels(name: str, g: Array) -> None:
  if g.ndim != 4:
    raise FvizError(
      f'{name} takes gradients of pixels, [n, h, w, c], not of shape '
      f'{g.shape}: use the parameterization pixels, or drop {name}.'
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


def _unit_rms(band):
  rms = jnp.sqrt(jnp.mean(band**2, (1, 2, 3), keepdims=True))
  return band / jnp.maximum(rms, 1e-10)


def _halving(size: int) -> Array:
  """[ceil(size / 2), size]: the kernel at every other place, SAME padding."""
  out = -(-size // 2)
  # As TensorFlow pads: the extra place, if any, is behind.
  before = max((out - 1) * 2 + 5 - size, 0) // 2
  kernel = np.zeros([out, size], np.float32)
  for i in range(out):
    for k, weight in enumerate((1, 4, 6, 4, 1)):
      j = 2 * i + k - before
      if 0 <= j < size:
        kernel[i, j] = weight / 16
  return jnp.asarray(kernel)


def _halved(x):
  rows, columns = _halving(x.shape[1]), _halving(x.shape[2])
  x = jnp.einsum('oh,nhwc->nowc', rows, x, precision='highest')
  return jnp.einsum('ow,nhwc->nhoc', columns, x, precision='highest')


def _doubled(x, shape):
  # The transposed convolution with four times the kernel.
  rows, columns = 2 * _halving(shape[1]), 2 * _halving(shape[2])
  x = jnp.einsum('oh,nowc->nhwc', rows, x, precision='highest')
  return jnp.einsum('ow,nhoc->nhwc', columns, x, precision='highest')
