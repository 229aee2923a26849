"""Colour maps between what is optimized and RGB in [0, 1].

The decorrelated space is that of Olah et al. 2017 (lucid): the principal axes
of the colours of natural images, so that a step moves along likely colours.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from fviz import natural_images
from fviz.media import photo_folders
from fviz.types import Array

# What config strings can name.
CONFIG_NAMES = ('decorrelated', 'sigmoid', 'clip', 'clamp', 'learned')

_EPS = 1e-3  # The logit of 0 and 1 is infinite.
# Rows R, G, B; columns by falling variance. Divided by the LARGEST column norm.
AXES = np.array([[0.26, 0.09, 0.02], [0.27, 0.0, -0.05], [0.27, -0.09, 0.03]])
TO_RGB = (AXES / np.linalg.norm(AXES, axis=0).max()).T
FROM_RGB = np.linalg.inv(TO_RGB)


class Color(NamedTuple):
  """A colour map; channels are the last axis.

  Attributes:
    to_rgb: t [..., c], any real number -> colours [..., c] in [0, 1].
    from_rgb: its inverse, up to 1e-3 at black and white.
  """

  to_rgb: Callable[[Array], Array]
  from_rgb: Callable[[Array], Array]


def decorrelated() -> Color:
  """Lucid's colour axes, then a sigmoid; for 3 channels.

  Other channel counts have no known axes and get the plain sigmoid.

  >>> print(decorrelated().to_rgb(jnp.zeros(3)))
  [0.5 0.5 0.5]
  """
  return Color(_decorrelated_to_rgb, _decorrelated_from_rgb)


def sigmoid() -> Color:
  """A sigmoid per channel.

  >>> print(sigmoid().to_rgb(jnp.zeros(1)))
  [0.5]
  """
  return Color(jax.nn.sigmoid, _logit)


def clip() -> Color:
  """t + .5 clipped to [0, 1].

  Where t is at or past a bound, a gradient passes only if a step AGAINST it
  leads back inside: it is taken to be the gradient of a loss, as optax and the
  engine have it. With the gradient of a clip such pixels would be stuck.

  >>> print(clip().to_rgb(jnp.array([-1., 0.25])))
  [0.   0.75]
  """
  return Color(_clip, lambda rgb: rgb - 0.5)


def clamp() -> Color:
  """t + .5 clipped to [0, 1], where gradients pass as if it were not.

  With `projections.box` this is ascent in pixels as of old (Yosinski et al.
  2015): the image is clipped, the gradient is the whole one.

  >>> print(clamp().to_rgb(jnp.array([-1., 0.25])))
  [0.   0.75]
  """
  return Color(_clamp, lambda rgb: rgb - 0.5)


def learned(folder: str) -> Color:
  """The colour axes of the photos in a folder, then a sigmoid; for RGB.

  As `decorrelated`, with the square root of their own covariance of colours
  instead of lucid's, which was measured on ImageNet.

  Raises:
    FvizError: no such folder, no photos, or photos that cannot be read.
  """
  matrix = natural_images.axes(photo_folders.statistics(folder).covariance)
  inverse = np.linalg.inv(matrix)
  return Color(
    lambda t: jax.nn.sigmoid(_mix(t, matrix)),
    lambda rgb: _mix(_logit(rgb), inverse),
  )


def with_alpha(color: Color) -> Color:
  """The same for all channels but the last, which gets a sigmoid: alpha.

  >>> print(with_alpha(clip()).to_rgb(jnp.zeros(4)))
  [0.5 0.5 0.5 0.5]
  """
  return Color(
    lambda t: _apart(color.to_rgb, jax.nn.sigmoid, t),
    lambda rgb: _apart(color.from_rgb, _logit, rgb),
  )


def _apart(color, alpha, x):
  return jnp.concatenate([color(x[..., :-1]), alpha(x[..., -1:])], -1)


def _clamp(t):
  # The value of the clip, the gradient of the identity.
  return t + 0.5 + jax.lax.stop_gradient(jnp.clip(t + 0.5, 0, 1) - t - 0.5)


def _mix(t: Array, matrix: np.ndarray) -> Array:
  if t.shape[-1] != 3:
    return t
  # By hand: a product with so few columns takes eight times as long on CPU.
  rows = jnp.asarray(matrix, t.dtype)
  return sum(t[..., i : i + 1] * row for i, row in enumerate(rows))


def _decorrelated_to_rgb(t: Array) -> Array:
  return jax.nn.sigmoid(_mix(t, TO_RGB))


def _decorrelated_from_rgb(rgb: Array) -> Array:
  return _mix(_logit(rgb), FROM_RGB)


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
