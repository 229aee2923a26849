"""A linear network with squares on top, whose gradient is known.

And what restatements of recipes in NumPy float64 have in common.
"""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np

import fviz
from fviz import engine, networks, objectives

SIZE = H, W, C = 6, 5, 3
VALUES = H * W * C
RANDOM = np.random.default_rng(0)
WEIGHTS = RANDOM.normal(size=[VALUES, 8])
BIAS = RANDOM.normal(size=[8])
IMAGE = RANDOM.uniform(0.2, 0.8, size=[1, H, W, C])


def _apply(variables, images, layers):
  weights, bias = variables
  n = len(images)
  code = jnp.matmul(images.reshape(n, -1), weights, precision='highest') + bias
  made = {'code': code.reshape(n, 2, 2, 2), 'logits': code**2 / 2}
  return {layer: made[layer] for layer in layers}


NETWORK = networks.from_function(
  _apply,
  (jnp.float32(WEIGHTS), jnp.float32(BIAS)),
  ('code', 'logits'),
  input_size=(H, W),
  name='linear',
)


def code(x):
  return x.reshape(len(x), -1) @ WEIGHTS + BIAS


def logit_gradient(x, k):
  """Of (code_k)^2 / 2 with respect to pixels in [0, 1]."""
  return (code(x)[:, k, None] * WEIGHTS[:, k]).reshape(x.shape)


def run(recipe, objective, steps):
  """(start, images after each step), [1, h, w, c] in [0, 1]."""
  recipe = dataclasses.replace(
    recipe, steps=steps, snapshot_steps=tuple(range(1, steps + 1))
  )
  result = fviz.render(NETWORK, objective, recipe, seed=3)
  params = params_of(recipe, unit_of(objective))
  start = recipe.parameterization.images(jnp.float32(params))
  return np.float64(start), result.snapshots[0].astype(np.float64)


def unit_of(objective):
  """What the key of the objective's job is folded from."""
  bound = objectives.bind(objective, NETWORK)
  return np.atleast_1d(engine.units(bound, 1))[0]


def params_of(recipe, unit=2):
  """Where `run` starts."""
  keys = engine.job_keys(3, np.array([unit]), np.zeros(1, int))
  return np.asarray(recipe.parameterization.init(keys[0]), np.float64)


def adam(value, z, steps, rate):
  """z after each step of ascent; betas .9 and .999, epsilon 1e-8."""
  m = v = 0.0
  for i in range(1, steps + 1):
    g = numeric(value, z)
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
    step = (m / (1 - 0.9**i)) / (np.sqrt(v / (1 - 0.999**i)) + 1e-8)
    # The imaginary part of a self-conjugate bin changes nothing.
    z = z + rate * np.where(np.abs(g) < 1e-7, 0, step)
    yield z


def numeric(function, z, eps=1e-5):
  g = np.zeros_like(z)
  for i in np.ndindex(z.shape):
    d = np.zeros_like(z)
    d[i] = eps
    g[i] = (function(z + d) - function(z - d)) / (2 * eps)
  return g


def without_transforms(recipe):
  return dataclasses.replace(recipe, transform=lambda key, images: images)


def conv(channels):
  """A convolution of stride 2, and tanh."""
  return networks.from_function(
    lambda kernel, images, layers: {
      'code': jnp.tanh(
        jax.lax.conv_general_dilated(
          images,
          kernel,
          (2, 2),
          'SAME',
          dimension_numbers=('NHWC', 'HWIO', 'NHWC'),
        )
      )
    },
    jnp.float32(RANDOM.normal(size=[3, 3, channels, 4])),
    ('code',),
    input_size=(16, 16),
    input_channels=channels,
    name='conv',
  )
