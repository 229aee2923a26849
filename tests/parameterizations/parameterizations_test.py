"""What all parameterizations have in common: shapes, ranges, gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fviz import parameterizations
from fviz.errors import FvizError

CASES = [((8, 8), 3, 1), ((7, 9), 1, 2), ((6, 5), 5, 1), ((1, 4), 3, 1)]


@pytest.mark.parametrize('name', parameterizations.CONFIG_NAMES)
@pytest.mark.parametrize('size, channels, n', CASES)
def test_conformance(name, size, channels, n):
  p = getattr(parameterizations, name)(size, channels, n)
  keys = jax.random.split(jax.random.key(0), 2)
  params = p.init(keys[0])
  assert all(x.dtype == jnp.float32 for x in jax.tree.leaves(params))
  if name != 'shared':  # Leaves of fewer images than there are.
    assert all(len(x) == n for x in jax.tree.leaves(params))
  jax.tree.map(np.testing.assert_array_equal, params, p.init(keys[0]))
  images = p.images(params)
  assert images.shape == (n, *size, channels)
  assert (images >= 0).all() and (images <= 1).all()
  compiled = jax.jit(p.images)
  np.testing.assert_allclose(compiled(params), images, atol=1e-6)
  many = jax.jit(jax.vmap(lambda key: p.images(p.init(key))))(keys)
  np.testing.assert_allclose(many[1], compiled(p.init(keys[1])), atol=1e-6)
  grad = jax.jit(jax.grad(lambda x: jnp.sum(p.images(x) ** 2)))(params)
  grads = jax.tree.leaves(grad)
  assert all(jnp.isfinite(g).all() for g in grads)
  assert max(jnp.abs(g).max() for g in grads) > 0


@pytest.mark.parametrize(
  'args', [(0,), ((4, -1),), (4, 0), (4, 3, 0), (4, 3, 1, 1.0), (4.5,)]
)
def test_nonsense_is_refused(args):
  with pytest.raises(FvizError):
    if len(args) == 4:
      parameterizations.fourier(4, sd=-1)
    parameterizations.fourier(*args)


def test_unknown_names():
  with pytest.raises(FvizError, match='decorrelated'):
    parameterizations.pixels(4, color='decorelated')
  with pytest.raises(FvizError, match='learned.folder'):
    parameterizations.pixels(4, color='learned')
  with pytest.raises(FvizError, match='fourier'):
    parameterizations.from_images(jnp.zeros([1, 2, 2, 3]), 'furier')
