"""Numbers that follow the steps, against NumPy, and in a render."""

import jax
import jax.numpy as jnp
import linear
import numpy as np
import optax
import pytest

import fviz
from fviz import engine, objectives, parameterizations, schedules
from fviz.errors import FvizError

NET16 = linear.conv(3)
FORMULAS = {
  'linear': (schedules.linear(2.0, 0.5, 8), lambda i: 2 - 1.5 * min(i / 8, 1)),
  'exponential': (
    schedules.exponential(2.0, 0.5, 8),
    lambda i: 2 * 0.25 ** min(i / 8, 1),
  ),
  'cosine': (
    schedules.cosine(2.0, 0.5, 8),
    lambda i: 0.5 + 1.5 * (1 + np.cos(np.pi * min(i / 8, 1))) / 2,
  ),
  'piecewise': (
    schedules.piecewise((2, 1.0), (3, 0.1), (1, 7.0)),
    lambda i: 1.0 if i < 2 else 0.1 if i < 5 else 7.0,
  ),
}


@pytest.mark.parametrize('name', schedules.CONFIG_NAMES)
def test_formulas(name):
  schedule, formula = FORMULAS[name]
  steps = np.arange(12)
  got = jax.jit(jax.vmap(schedule))(steps)
  np.testing.assert_allclose(got, [formula(i) for i in steps], rtol=1e-5)
  assert got.dtype == jnp.float32


@pytest.mark.parametrize(
  'make',
  [
    lambda: schedules.linear(0.0, 1.0, 0),
    lambda: schedules.linear(0.0, float('nan'), 2),
    lambda: schedules.exponential(0.0, 1.0, 2),
    lambda: schedules.piecewise(),
    lambda: schedules.piecewise((0, 1.0)),
  ],
)
def test_nonsense_is_refused(make):
  with pytest.raises(FvizError):
    make()


def test_numbers_follow_schedules():
  target = objectives.target('code', 0.0)
  penalty = fviz.regularizers.alpha_norm(2.0)
  rate = schedules.linear(0.0, 1.0, 4)

  def make(step):
    return engine.Recipe(
      parameterizations.pixels(16, sd=0.1, color='clamp'),
      optax.sgd(100.0),
      regularizer=rate(step) * penalty,
      steps=4,
      redirect_steps=0,
      snapshot_steps=(1, 2, 3, 4),
    )

  result = fviz.render(NET16, 0.0 * target, engine.scheduled(make))
  x = result.snapshots[0].astype(np.float64) - 0.5
  for i in range(1, 4):
    # Descent on rate mean x^2.
    want = x[i - 1] * (1 - 100 * (i / 4) * 2 / x[0].size)
    np.testing.assert_allclose(x[i], want, atol=1e-5)
