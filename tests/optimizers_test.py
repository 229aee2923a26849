"""Optimizers by name, and those of the literature against NumPy."""

import jax
import jax.numpy as jnp
import linear
import numpy as np
import optax
import pytest

import fviz
from fviz import engine, objectives, optimizers, parameterizations
from fviz.errors import FvizError

NET16 = linear.conv(3)
PHOTO = linear.RANDOM.uniform(0.1, 0.9, size=[1, 16, 16, 3]).astype(np.float32)
X = jax.random.normal(jax.random.key(0), (2, 5, 7, 3))
G = jax.random.normal(jax.random.key(1), (2, 5, 7, 3))


# Optax remarks that two of its own will change.
@pytest.mark.filterwarnings('ignore:Specifying a key will be required')
@pytest.mark.filterwarnings('ignore:`optimistic_adam` is deprecated')
@pytest.mark.parametrize('name', optimizers.CONFIG_NAMES)
def test_every_optimizer_goes_downhill(name):
  maker = getattr(optimizers, name)
  own = ('progress', 'progress01', 'momentum')
  t = maker() if name in own else maker(1e-2)
  loss = lambda x: jnp.mean((x - 0.3) ** 2)
  start = x = jnp.full([1, 4, 4, 3], 0.1)  # Some scale steps by the size of x.

  @jax.jit
  def step(x, state):
    value, g = jax.value_and_grad(loss)(x)
    extra = dict(value=value, grad=g, value_fn=loss)
    u, state = optax.with_extra_args_support(t).update(g, state, x, **extra)
    return optax.apply_updates(x, u), state

  state = t.init(x)
  for _ in range(4):
    x, state = step(x, state)
  assert loss(x) < loss(start)


def test_momentum_restarts_where_the_rate_changes():
  t = optimizers.momentum(((2, 0.5), (1, 0.1)), mu=0.9)
  state, m = t.init(X), 0.0
  for i in range(4):
    u, state = t.update(G, state)
    rate = 0.5 if i < 2 else 0.1
    m = (0.0 if i in (0, 2) else 0.9 * m) - rate * np.asarray(G)
    np.testing.assert_allclose(u, m, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize('value', [0.0, 0.6, 0.99])
@pytest.mark.parametrize('most', [1.0, 1e-3])
def test_progress_of_yosinski(value, most):
  """lr = min(max_lr, desired / |g|^2), of each image by itself."""
  g = np.asarray(G, np.float64)
  square = (g**2).sum((1, 2, 3), keepdims=True)
  for t, desired in (
    (optimizers.progress(2.0, most), 2.0),
    # desired = min(early_prog, late_mult (1 - obj)).
    (optimizers.progress01(0.3, 0.5, most), min(0.3, 0.5 * (1 - value))),
  ):
    # The engine's gradient is that of the loss, and its value the loss.
    u, _ = t.update(-G, t.init(X), X, value=jnp.float32(-value))
    rate = np.minimum(most, desired / square)
    np.testing.assert_allclose(u, rate * g, rtol=1e-5, atol=1e-8)


def test_progress01_needs_the_value():
  t = optimizers.progress01()
  with pytest.raises(FvizError, match='value'):
    t.update(G, t.init(X), X)


@pytest.mark.parametrize(
  'make',
  [
    lambda: optimizers.momentum(()),
    lambda: optimizers.momentum(((0, 1.0),)),
    lambda: optimizers.progress(-1.0),
    lambda: optimizers.progress01(late=-1.0),
  ],
)
def test_nonsense_is_refused(make):
  with pytest.raises(FvizError):
    make()


def test_line_searches_run_job_by_job():
  recipe = engine.Recipe(
    parameterizations.pixels(16, sd=0.1, color='clamp'),
    optax.lbfgs(memory_size=4),
    steps=6,
    reference=jnp.asarray(PHOTO),
    redirect_steps=0,
  )
  match = objectives.match('code') * np.array([1.0, 3.0])
  both = fviz.render(NET16, match, recipe)
  alone = fviz.render(NET16, objectives.match('code') * 3.0, recipe)
  assert both.history[0, -1] > 0.02 * both.history[0, 0]
  assert (both.failed == -1).all()
  assert alone.failed[0] == -1
