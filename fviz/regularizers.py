"""Penalties on the images alone; subtract them from an objective.

All are positive, and means over images, positions and channels. Where published
penalties are sums, multiply the published weight by h * w * c.
"""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from fviz import checks, natural_images
from fviz.types import Leaf, Objective

CONFIG_NAMES = tuple(
  'total_variation l1 l2 alpha_norm blur boundary spectrum'.split()
)


def total_variation(beta: ArrayLike | None = None) -> Objective:
  """How much neighbouring pixels differ: |dx| + |dy|, which is lucid's.

  With beta, above 0, it is (dx^2 + dy^2)^(beta / 2), where the border is
  repeated (Mahendran and Vedaldi 2015, eq. 4): theirs is 2; 1 gives isolated
  spikes.

  >>> x = jnp.array([0., 2.]).reshape(1, 1, 2, 1)
  >>> print(total_variation()({}, x), total_variation(2)({}, x).round(3))
  1.0 2.0
  """
  if beta is None:
    return Objective(_total_variation, ())
  checks.check_numbers('beta', beta, 0, above=True)
  return Objective(_isotropic_variation, (), (Leaf(beta),))


def l1(center: ArrayLike = 0.5) -> Objective:
  """The mean of |x - center|, which is lucid's L1.

  >>> print(l1()({}, jnp.zeros([1, 2, 2, 3])))
  0.5
  """
  return Objective(_l1, (), (Leaf(center),))


def l2(center: ArrayLike = 0.5) -> Objective:
  """sqrt(1e-6 + mean of (x - center)^2) for each image, and the mean of these.

  Lucid takes one root over all images, which makes them depend on each other.

  >>> print(f"{l2(0.0)({}, jnp.zeros([1, 2, 2, 3])):.4f}")
  0.0010
  """
  return Objective(_l2, (), (Leaf(center),))


def alpha_norm(alpha: ArrayLike = 6.0) -> Objective:
  """The mean of |x - .5|^alpha, alpha >= 1 (Mahendran and Vedaldi 2015).

  >>> print(alpha_norm(2)({}, jnp.zeros([1, 2, 2, 3])))
  0.25
  """
  # Below 1 the gradient of grey is infinite.
  checks.check_numbers('alpha', alpha, 1)
  return Objective(_alpha_norm, (), (Leaf(alpha),))


def blur() -> Objective:
  """The mean of (x - blur(x))^2 / 2, as lucid's blur_input_each_step.

  The blur is a mean over 3 x 3 pixels, of weight 1 in the centre and .5 in the
  rim; no gradient passes through it. With plain gradient descent of rate 1 and
  a weight of k h w c, a step is x <- (1 - k) x + k blur(x).

  >>> print(blur()({}, jnp.ones([1, 4, 4, 3])))
  0.0
  """
  return Objective(_blur, ())


def boundary(width: int = 20, center: float = 0.5) -> Objective:
  """Keeps the rim of the picture smooth and grey, as lucid's penalize_boundary.

  The mean of mask ((x - blur(x))^2 + .8 (x - center)^2), where the mask is 1 in
  the rim of `width` pixels, and the blur is over 5 x 5 pixels. Lucid's is minus
  the sum.

  >>> print(boundary(1)({}, jnp.full([1, 4, 4, 3], 0.5)))
  0.0
  """
  checks.check_int('width', width, 1)
  return Objective(_Boundary(width), (), (Leaf(center),))


def spectrum(exponent: ArrayLike = 1.0) -> Objective:
  """How far the spectrum is from 1 / f^exponent, whatever the contrast.

  The variance of log(|F| f^exponent) over all frequencies of the luminance but
  zero. It is 0 for an image of exactly that spectrum; natural images have
  exponents of 1 to 1.3. This penalty is our own.

  >>> x = jax.random.uniform(jax.random.key(0), [1, 16, 16, 3])
  >>> float(spectrum(0.0)({}, x)) < float(spectrum(1.0)({}, x))
  True
  """
  return Objective(_spectrum, (), (Leaf(exponent),))


def _total_variation(activations, images):
  # Sums over all pixels, as an image of one pixel's width has no differences,
  # and the mean of none would be NaN.
  dy = jnp.abs(images[:, 1:] - images[:, :-1])
  dx = jnp.abs(images[:, :, 1:] - images[:, :, :-1])
  return (jnp.sum(dy) + jnp.sum(dx)) / images.size


def _isotropic_variation(activations, images, beta):
  # The border is repeated, so the last differences are zero.
  dy = jnp.diff(images, axis=1, append=images[:, -1:])
  dx = jnp.diff(images, axis=2, append=images[:, :, -1:])
  # The paper's library has a floor of 1e-5, as the gradient may be infinite.
  return jnp.mean((dx**2 + dy**2 + 1e-10) ** (beta / 2))


def _l1(activations, images, center):
  return jnp.mean(jnp.abs(images - center))


def _l2(activations, images, center):
  square = jnp.mean((images - center) ** 2, axis=(1, 2, 3))
  return jnp.mean(jnp.sqrt(1e-6 + square))


def _alpha_norm(activations, images, alpha):
  return jnp.mean(jnp.abs(images - 0.5) ** alpha)


def _blurred(images, size):
  """The mean over size x size pixels inside the image; the rim counts half."""
  kernel = np.pad(np.ones([size - 2] * 2, np.float32), 1, constant_values=0.5)
  h, w = images.shape[1:3]
  edge = (size // 2, size // 2)
  border = ((0, 0), edge, edge, (0, 0))
  x = jnp.pad(images, border)
  one = np.pad(np.ones([1, h, w, 1], np.float32), border)
  total, count = 0.0, 0.0
  for i, j in np.ndindex(size, size):
    total += kernel[i, j] * x[:, i : i + h, j : j + w]
    count += kernel[i, j] * one[:, i : i + h, j : j + w]
  return total / count


def _blur(activations, images):
  fixed = jax.lax.stop_gradient(_blurred(images, 3))
  return 0.5 * jnp.mean((images - fixed) ** 2)


@dataclasses.dataclass(frozen=True)
class _Boundary:
  """A penalty that is equal by value, so that it is compiled only once."""

  width: int

  def __call__(self, activations, images, center):
    h, w = images.shape[1:3]
    near = lambda i, size: (i < self.width) | (i >= size - self.width)
    y, x = near(np.arange(h), h), near(np.arange(w), w)
    mask = (y[:, None] | x)[..., None]
    rough = (images - _blurred(images, 5)) ** 2
    return jnp.mean(mask * (rough + 0.8 * (images - center) ** 2))


def _spectrum(activations, images, exponent):
  h, w = images.shape[1:3]
  if h * w < 2:
    return jnp.float32(0)
  f = natural_images.frequencies(h, w)
  inside = f > 0
  # Most bins count twice, for the half that rfft2 leaves out.
  share = np.where(inside, 2.0, 0.0)
  share[:, 0] /= 2
  if w % 2 == 0:
    share[:, -1] /= 2
  share = jnp.asarray(share / share.sum(), jnp.float32)
  power = jnp.abs(jnp.fft.rfft2(jnp.mean(images, -1) - 0.5)) ** 2
  log_f = jnp.asarray(np.log(np.where(inside, f, 1)), jnp.float32)
  value = 0.5 * jnp.log(power / (h * w) + 1e-8) + exponent * log_f
  mean = jnp.sum(share * value, (1, 2), keepdims=True)
  return jnp.mean(jnp.sum(share * (value - mean) ** 2, (1, 2)))
