"""Maps from what is optimized, any real numbers, to colours in [0, 1].

The decorrelated space is that of Olah et al. 2017 (lucid). Its axes are the
principal axes of the colours of natural images, so that a step moves along
likely colours.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from fviz import natural_images
from fviz.media import photo_folders
from fviz.types import Array

CONFIG_NAMES = ('decorrelated', 'sigmoid', 'clip', 'clamp', 'learned')

_EPS = 1e-3  # Colours stay so far from 0 and 1, where the logit is infinite.
# The axes of lucid: rows are red, green, blue; columns are axes by falling
# variance. Lucid divides all by the LARGEST norm of a column.
AXES = np.array([[0.26, 0.09, 0.02], [0.27, 0.0, -0.05], [0.27, -0.09, 0.03]])
TO_RGB = (AXES / np.linalg.norm(AXES, axis=0).max()).T
FROM_RGB = np.linalg.inv(TO_RGB)


class Color(NamedTuple):
  """A colour map; channels are the last axis.

  Attributes:
    to_rgb: real numbers [..., c] -> colours [..., c] in [0, 1].
    from_rgb: its inverse, with an error of up to 1e-3 at black and white.
  """

  to_rgb: Callable[[Array], Array]
  from_rgb: Callable[[Array], Array]


def decorrelated() -> Color:
  """Lucid's colour axes, and then a sigmoid.

  Images that have not 3 channels get only the sigmoid: there are no axes for
  them.

  >>> print(decorrelated().to_rgb(jnp.zeros(3)))
  [0.5 0.5 0.5]
  """
  return _DECORRELATED


def sigmoid() -> Color:
  """A sigmoid for each channel.

  >>> print(sigmoid().to_rgb(jnp.zeros(1)))
  [0.5]
  """
  return Color(jax.nn.sigmoid, _logit)


def clip() -> Color:
  """t + .5, clipped to [0, 1]; clipped pixels can come back.

  Where t is at a bound or beyond, a gradient passes only if a step AGAINST it
  leads back inside, as it is taken for the gradient of a loss, which optimizers
  descend. With the gradient of a plain clip such pixels would be stuck.

  >>> print(clip().to_rgb(jnp.array([-1., 0.25])))
  [0.   0.75]
  """
  return Color(_clip, lambda rgb: rgb - 0.5)


def clamp() -> Color:
  """t + .5, clipped to [0, 1]; gradients pass as if it were not clipped.

  Together with `projections.box` this is plain ascent in pixels (Yosinski et
  al. 2015): the image is clipped after each step, and the gradient is not.

  >>> print(clamp().to_rgb(jnp.array([-1., 0.25])))
  [0.   0.75]
  """
  return Color(_clamp, lambda rgb: rgb - 0.5)


def learned(folder: str) -> Color:
  """The colour axes of the photos in a folder, and then a sigmoid.

  The axes are the square root of the photos' covariance of colours; those of
  `decorrelated` were measured on ImageNet. Images that have not 3 channels get
  only the sigmoid. Raises an `FvizError` where there is no such folder, it
  holds no photos, one cannot be read, or they have too few colours.
  """
  covariance = photo_folders.statistics(folder).covariance
  return _with_axes(natural_images.axes(covariance))


def with_alpha(color: Color) -> Color:
  """The colour map for images whose last channel is the opacity (alpha).

  The opacity gets a sigmoid, the other channels the given colour map.

  >>> print(with_alpha(clip()).to_rgb(jnp.zeros(4)))
  [0.5 0.5 0.5 0.5]
  """
  return Color(
    lambda t: _apart(color.to_rgb, jax.nn.sigmoid, t),
    lambda rgb: _apart(color.from_rgb, _logit, rgb),
  )


def _with_axes(matrix: np.ndarray) -> Color:
  inverse = np.linalg.inv(matrix)
  return Color(
    lambda t: jax.nn.sigmoid(_mix(t, matrix)),
    lambda rgb: _mix(_logit(rgb), inverse),
  )


def _apart(color, alpha, x):
  return jnp.concatenate([color(x[..., :-1]), alpha(x[..., -1:])], -1)


def _clamp(t):
  # The value is that of the clip, the gradient that of the identity.
  return t + 0.5 + jax.lax.stop_gradient(jnp.clip(t + 0.5, 0, 1) - t - 0.5)


def _mix(t: Array, matrix: np.ndarray) -> Array:
  if t.shape[-1] != 3:
    return t
  # A matrix product with so few columns takes eight times as long on CPUs.
  rows = jnp.asarray(matrix, t.dtype)
  return jnp.asarray(sum(t[..., i : i + 1] * r for i, r in enumerate(rows)))


def _logit(rgb: Array) -> Array:
  return jax.scipy.special.logit(jnp.clip(rgb, _EPS, 1 - _EPS))


@jax.custom_vjp
def _clip(t: Array) -> Array:
  return jnp.clip(t + 0.5, 0, 1)


def _clip_forward(t):
  return _clip(t), t


def _clip_backward(t, g):
  blocked = ((t >= 0.5) & (g < 0)) | ((t <= -0.5) & (g > 0))
  return (jnp.where(blocked, 0, g),)


_clip.defvjp(_clip_forward, _clip_backward)
_DECORRELATED = _with_axes(TO_RGB)
