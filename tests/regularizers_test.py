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


def _blurred(x, size):
  out, edge = np.zeros_like(x), size // 2
  for i in range(x.shape[1]):
    for j in range(x.shape[2]):
      total, count = 0, 0
      for a in range(-edge, edge + 1):
        for b in range(-edge, edge + 1):
          if 0 <= i + a < x.shape[1] and 0 <= j + b < x.shape[2]:
            weight = 0.5 if edge in (abs(a), abs(b)) else 1
            total, count = total + weight * x[:, i + a, j + b], count + weight
      out[:, i, j] = total / count
  return out


def _spectrum(image):
  h, w = image.shape[:2]
  f = np.hypot(np.fft.fftfreq(h)[:, None], np.fft.fftfreq(w))
  inside = f > 0
  size = np.abs(np.fft.fft2(image.mean(-1) - 0.5)) ** 2 / (h * w)
  return (0.5 * np.log(size[inside] + 1e-8) + np.log(f[inside])).var()


FORMULAS = {
  'total_variation': _tv,
  'l1': lambda x: np.abs(x - 0.5).mean(),
  'l2': lambda x: np.mean(
    [np.sqrt(1e-6 + ((image - 0.5) ** 2).mean()) for image in x]
  ),
  'alpha_norm': lambda x: (np.abs(x - 0.5) ** 6).mean(),
  'blur': lambda x: 0.5 * ((x - _blurred(x, 3)) ** 2).mean(),
  # The rim of 20 pixels is all of these small images.
  'boundary': lambda x: (
    (x - _blurred(x, 5)) ** 2 + 0.8 * (x - 0.5) ** 2
  ).mean(),
  'spectrum': lambda x: np.mean([_spectrum(image) for image in x]),
}


@pytest.mark.parametrize('name', regularizers.CONFIG_NAMES)
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


@pytest.mark.parametrize('beta', [1.0, 2.0, 3.0])
def test_variation_of_mahendran_and_vedaldi(beta):
  x = np.random.default_rng(0).uniform(size=[2, 5, 6, 3])
  total = 0
  for i in range(5):
    for j in range(6):
      right = x[:, i, min(j + 1, 5)] - x[:, i, j]
      down = x[:, min(i + 1, 4), j] - x[:, i, j]
      total += ((right**2 + down**2) ** (beta / 2)).sum()
  got = regularizers.total_variation(beta)({}, jnp.float32(x))
  np.testing.assert_allclose(got, total / x.size, rtol=1e-4)
  flat = jnp.full([1, 3, 3, 1], 0.5)
  grad = jax.grad(lambda x: regularizers.total_variation(beta)({}, x))(flat)
  assert jnp.isfinite(grad).all()
