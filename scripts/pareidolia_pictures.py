"""Pictures that maximize channels, for the evaluation of pareidolia.

A plain loop on purpose: what the report says about the network should not
move with the recipes of the library.
"""

from __future__ import annotations

import functools
from unittest import mock

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from fviz import types

# From grey, all that a class needs may be cut off by the ReLUs: no gradient.
_LEAKY_STEPS, _SLOPE = 16, 0.15
_DECAY = 1.3  # Of the spectrum's amplitudes with frequency.
_RATE = 0.06  # Of Adam; halved for the last steps.
# Square root of the colour covariance of natural pictures, as lucid has it.
_COLORS = np.array(
  [[0.26, 0.09, 0.02], [0.27, 0.0, -0.05], [0.27, -0.09, 0.03]], np.float32
)
_COLORS /= np.linalg.norm(_COLORS, axis=0).max()


def maximize(
  network: types.Network,
  layer: str,
  channels: np.ndarray,
  *,
  size: int = 96,
  steps: int = 160,
  seed: int = 0,
  batch: int = 30,
) -> np.ndarray:
  """Optimizes one picture a channel (Olah et al. 2017).

  Args:
    network: any.
    layer: 'logits', or a layer with positions, whose mean counts.
    channels: indices.
    size: side of the pictures.
    steps: of Adam on the Fourier coefficients (Mordvintsev et al. 2018).
    seed: of the start and the transforms.
    batch: pictures at a time.

  Returns:
    [len(channels), size, size, 3] in [0, 1].
  """
  step = jax.jit(functools.partial(_step, network.apply, layer, size))
  first_step = jax.jit(functools.partial(_leaky_step, network, layer, size))
  pictures = []
  for first in range(0, len(channels), batch):
    wanted = jnp.asarray(channels[first : first + batch])
    key = jax.random.fold_in(jax.random.key(seed), first)
    shape = (2, len(wanted), size, size // 2 + 1, 3)
    spectrum = 0.03 * jax.random.normal(key, shape)
    state = optax.adam(_RATE).init(spectrum)
    for k in range(steps):
      spectrum, state = (first_step if k < _LEAKY_STEPS else step)(
        network.variables,
        spectrum,
        state,
        jax.random.fold_in(key, k),
        wanted,
        np.float32(1 if k < 0.6 * steps else 0.5),
      )
    pictures.append(np.asarray(_image(spectrum, size)))
  return np.concatenate(pictures)


def _leaky_step(network, layer, size, *args):
  """A step through ReLUs that let a part of what is negative pass."""
  with mock.patch.object(nnx, 'relu', lambda x: nnx.leaky_relu(x, _SLOPE)):
    return _step(network.apply, layer, size, *args)


def _step(apply, layer, size, variables, spectrum, state, key, wanted, pace):
  def cost(spectrum):
    views = _jitter(key, _image(spectrum, size))
    found = apply(variables, views, (layer,))[layer]
    if found.ndim == 4:
      found = found.mean((1, 2))
    score = found[jnp.arange(len(wanted)), wanted]
    if layer == 'logits':
      # A class is also what others are not.
      score = score - 0.1 * jax.nn.logsumexp(found, -1)
    return -score.sum()

  updates, state = optax.adam(_RATE).update(jax.grad(cost)(spectrum), state)
  return spectrum + pace * updates, state


def _image(spectrum, size):
  rows, columns = np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None]
  frequency = np.maximum(np.hypot(rows, columns), 1 / size)
  amplitude = np.float32(frequency**-_DECAY * size ** (2 - _DECAY) / 4)
  coefficients = (spectrum[0] + 1j * spectrum[1]) * amplitude[None, ..., None]
  x = jnp.fft.irfft2(coefficients, s=(size, size), axes=(1, 2))
  return jax.nn.sigmoid(x @ _COLORS.T)


def _jitter(key, x):
  """Random zoom and shift of pictures with a grey margin."""
  n, size, margin = len(x), x.shape[1], x.shape[1] // 10
  zoom_key, shift_key = jax.random.split(key)
  x = jnp.pad(x, ((0, 0), *[(margin, margin)] * 2, (0, 0)), constant_values=0.5)
  zoom = jax.random.uniform(zoom_key, (n, 1), minval=0.9, maxval=1.12)
  shift = jax.random.uniform(
    shift_key, (n, 2), minval=-margin, maxval=float(margin)
  )
  start = size / 2 - (size / 2 + margin) * zoom + shift

  def one(image, zoom, start):
    return jax.image.scale_and_translate(
      image,
      (size, size, 3),
      (0, 1),
      jnp.concatenate([zoom, zoom]),
      start,
      'linear',
    )

  return jax.vmap(one)(x, zoom, start)
