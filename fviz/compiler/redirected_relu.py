"""A ReLU whose gradient can wake a unit that an image leaves dead.

Where a layer's ReLUs are all off, or pass nothing on, an image gets no gradient
and the optimization stands still. Lucid's redirected ReLU lets gradients pass
during the first steps.
"""

import jax
import jax.numpy as jnp

from fviz.types import Array


@jax.custom_vjp
def relu(x: Array, redirect: Array) -> Array:
  """ReLU that may pass gradients to units that are off, image by image.

  Where `redirect`, a boolean scalar, is true and the gradient of x[i] would
  vanish in all of this layer, the gradient of a LOSS passes to units that are
  on, and also to units that are off if it would raise them, that is, where it
  is negative.

  >>> x = jnp.array([[-1.0, -2.0]])
  >>> _, pull = jax.vjp(lambda x: relu(x, jnp.bool_(True)), x)
  >>> print(pull(jnp.array([[-0.5, 0.5]]))[0])
  [[-0.5  0. ]]
  """
  del redirect
  return jnp.maximum(x, 0)


def _relu_forward(x, redirect):
  y = jnp.maximum(x, 0)
  # Whether y > 0 takes a byte a value. On CPUs making it is one more pass, and
  # y itself is kept anyway, for the next layer.
  return y, (y if jax.default_backend() == 'cpu' else y > 0, redirect)


def _relu_backward(residuals, g):
  kept, redirect = residuals
  dead = _dead(kept, g, redirect).reshape(-1, *(1,) * (g.ndim - 1))
  # Where an image's gradient vanishes, it is zero in all units that are on.
  passing = jnp.where(dead, 0, -jnp.inf).astype(g.dtype)
  return jnp.where((kept > 0) | (g < passing), g, 0), None


relu.defvjp(_relu_forward, _relu_backward)


@jax.custom_batching.custom_vmap
def _dead(kept, g, redirect):
  """[n]: the images whose gradient vanishes and shall be redirected."""
  if jax.default_backend() != 'cpu':
    return redirect & _vanishes(kept, g)  # Branches cost more than a look.
  none = jnp.zeros(len(g), bool)
  # To look at every value takes a quarter of a step on CPUs. Most images have
  # a gradient in their middle row, so this is looked at first.
  middle = slice(g.shape[1] // 2, g.shape[1] // 2 + 1)

  def look():
    unsure = redirect & _vanishes(kept[:, middle], g[:, middle])
    whole = lambda: redirect & _vanishes(kept, g)
    return jax.lax.cond(jnp.any(unsure), whole, lambda: none)

  return jax.lax.cond(jnp.any(redirect), look, lambda: none)


def _vanishes(kept, g):
  return ~jnp.any((kept > 0) & (g != 0), tuple(range(1, g.ndim)))


@_dead.def_vmap
def _dead_of_jobs(size, batched, kept, g, redirect):
  # The jobs' images become one batch: a vmapped branch would do both sides.
  kept, g, redirect = (
    x if b else jnp.broadcast_to(x, (size, *x.shape))
    for x, b in zip((kept, g, redirect), batched, strict=True)
  )
  n = kept.shape[1]
  each = jnp.broadcast_to(redirect.reshape(size, -1), (size, n)).reshape(-1)
  kept, g = (x.reshape(-1, *x.shape[2:]) for x in (kept, g))
  return _dead(kept, g, each).reshape(size, n), True
