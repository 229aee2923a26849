"""Objectives of channels, neurons and whole layers."""

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from fviz import checks
from fviz.errors import FvizError
from fviz.objectives.binding import at_center, mean_channel, of_layer, take
from fviz.types import Kind, Leaf, Objective


def channel(layer: str, index: ArrayLike) -> Objective:
  """The mean activation of a channel (Olah et al. 2017, lucid's `channel`).

  >>> a = {'mixed': jnp.ones([1, 2, 2, 3]) * jnp.arange(3.)}
  >>> print(channel('mixed', 2)(a, None))
  2.0
  """
  return of_layer(mean_channel, layer, Leaf(index, Kind.INDEX))


def region(layer: str, index: ArrayLike, mask: ArrayLike) -> Objective:
  """A channel's mean over positions, weighted by a mask.

  The mask is [h, w], of any size: it is resized to the activation bilinearly.

  >>> a = {'mixed': jnp.arange(4.).reshape(1, 2, 2, 1)}
  >>> print(region('mixed', 0, [[0., 0.], [0., 1.]])(a, None))
  3.0
  """
  checks.check_numbers('mask', mask, 0)
  weights = Leaf(np.asarray(mask, np.float32), Kind.MASK)
  return of_layer(_region, layer, Leaf(index, Kind.INDEX), weights)


def weighted_channels(layer: str, weights: ArrayLike) -> Objective:
  """The mean over positions of sum_c w_c a_c, such as a group of channels.

  >>> a = {'mixed': jnp.ones([1, 2, 2, 3])}
  >>> print(weighted_channels('mixed', [1., 0., -0.5])(a, None))
  0.5
  """
  return of_layer(_weighted, layer, Leaf(np.asarray(weights), Kind.VECTOR))


def neuron(
  layer: str,
  index: ArrayLike,
  y: ArrayLike | None = None,
  x: ArrayLike | None = None,
) -> Objective:
  """One channel at one position (Erhan et al. 2009, lucid's `neuron`).

  The default position is [h // 2, w // 2]. A position outside the activation
  gives NaN: the size is only known once the images are, and is then static
  while the position is not.

  >>> a = {'mixed': jnp.arange(12.).reshape(1, 2, 2, 3)}
  >>> print(neuron('mixed', 0)(a, None), neuron('mixed', 1, 0, 1)(a, None))
  9.0 4.0
  """
  if (y is None) != (x is None):
    raise FvizError(f'neuron needs both y and x or neither, not {y=}, {x=}.')
  unit = Leaf(index, Kind.INDEX)
  if y is None:
    return of_layer(_center, layer, unit)
  place = (Leaf(y, Kind.POSITION), Leaf(x, Kind.POSITION))
  return of_layer(_neuron, layer, unit, *place)


def layer(name: str) -> Objective:
  """The mean activation of a whole layer.

  >>> print(layer('mixed')({'mixed': -jnp.ones([1, 2, 2, 3])}, None))
  -1.0
  """
  return of_layer(jnp.mean, name)


def deepdream(name: str) -> Objective:
  """The mean squared activation (DeepDream 2015, lucid's `deepdream`).

  >>> print(deepdream('mixed')({'mixed': -2 * jnp.ones([1, 2, 2, 3])}, None))
  4.0
  """
  return of_layer(_mean_square, name)


def target(layer: str, value: ArrayLike) -> Objective:
  """-(mean (a - value)^2): not the most, but a given activation.

  Lewis 1988, creation by refinement: descend the squared distance of a critic's
  judgement to the one that is wanted: a number for all channels, or [channels].

  >>> a = {'critic': jnp.array([[0.5]])}
  >>> print(target('critic', 1.0)(a, None))
  -0.25
  """
  kind = Kind.VECTOR if np.ndim(value) else Kind.NUMBER
  value = np.asarray(value) if np.ndim(value) else value
  return of_layer(_target, layer, Leaf(value, kind))


def opacity() -> Objective:
  """The mean of the last channel of the images, alpha.

  With an alpha channel, `channel(...) * (1 - opacity())` asks for the part of
  the picture that matters (Mordvintsev et al. 2018).

  >>> print(opacity()({}, jnp.full([1, 2, 2, 4], 0.25)))
  0.25
  """
  return Objective(_opacity, ())


# Formulas: (activation [n, ..., channels], *values of leaves) -> scalar.


def _center(a, index):
  return mean_channel(at_center(a), index)


def _neuron(a, index, y, x):
  if a.ndim != 4:
    raise FvizError(f'neuron: a layer of shape {a.shape} has no positions.')
  _, h, w, _ = a.shape
  value = jnp.mean(take(take(take(a, index, -1), x, 2), y, 1))
  inside = (y >= 0) & (y < h) & (x >= 0) & (x < w)
  return jnp.where(inside, value, jnp.nan)


def _mean_square(a):
  return jnp.mean(a**2)


def _region(a, index, mask):
  if a.ndim != 4:
    raise FvizError(f'region: a layer of shape {a.shape} has no positions.')
  mask = jax.image.resize(jnp.asarray(mask), a.shape[1:3], 'linear')
  mask = mask / jnp.maximum(jnp.sum(mask), 1e-12)
  return jnp.mean(jnp.sum(take(a, index, -1) * mask, (1, 2)))


def _weighted(a, weights):
  weights = jnp.asarray(weights, jnp.float32)
  dot = jnp.einsum('...c,c->...', a, weights, precision='highest')
  return jnp.mean(dot)


def _target(a, value):
  return -jnp.mean((a - jnp.asarray(value, jnp.float32)) ** 2)


def _opacity(activations, images):
  return jnp.mean(images[..., -1])
