"""Regularizers against NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fviz import objectives, regularizers
from fviz.errors import FvizError


def _tv(x):
  both = np.abs(np.diff(x, axis=1)).sum() + np.abs(np.diff(x, axis=2)).sum()
  return both / x.size


FORMULAS = {
  'total_variation': _tv,
  'l1': lambda x: np.abs(x - 0.5).mean(),
  'l2': lambda x: np.mean(
    [np.sqrt(1e-6 + ((image - 0.5) ** 2).mean()) for image in x]
  ),
  'alpha_norm': lambda x: (np.abs(x - 0.5) ** 6).mean(),
}


@pytest.mark.parametrize('name', regularizers.__all__)
@pytest.mark.parametrize('shape', [(2, 7, 9, 3), (1, 4, 4, 1), (3, 1, 5, 5)])
def test_conformance(name, shape):
  o = getattr(regularizers, name)()
  x = jax.random.uniform(jax.random.key(0), shape)
  value = o({}, x)
  assert o.layers == () and value.shape == () and value > 0
  np.testing.assert_allclose(
    value, FORMULAS[name](np.asarray(x, np.float64)), rtol=1e-4
  )
  call = jax.jit(lambda o, x: o({}, x))
  np.testing.assert_allclose(call(o, x), value, rtol=1e-5)
  many = jax.vmap(lambda x: o({}, x))(jnp.stack([x, x / 2]))
  np.testing.assert_allclose(many[1], o({}, x / 2), rtol=1e-5)
  for point in (x, jnp.full(shape, 0.5), jnp.zeros(shape)):
    assert jnp.isfinite(jax.grad(lambda x: o({}, x))(point)).all()


@pytest.mark.parametrize('alpha', [1.0, 2.0])
def test_alpha_norm_of_jobs_has_finite_gradients(alpha):
  jobs, many = objectives.batch(regularizers.alpha_norm(np.array([alpha, 6])))
  assert jobs == 2
  grad = jax.grad(lambda x: jax.vmap(lambda o: o({}, x))(many).sum())
  assert jnp.isfinite(grad(jnp.full([1, 3, 3, 1], 0.5))).all()


def test_alpha_below_one_is_refused():
  with pytest.raises(FvizError, match='0.5'):
    regularizers.alpha_norm(0.5)
