"""What all transforms have in common: shapes, draws, and no scatters."""

import jax
import jax.numpy as jnp
import numpy as np
import patterns
import pytest

from fviz import transforms
from fviz.errors import FvizError

MADE = {
  'identity': transforms.identity(),
  'pad': transforms.pad(2),
  'jitter': transforms.jitter(3),
  'scale': transforms.scale(0.8, 1.2),
  'rotate': transforms.rotate(-20, 20),
  'crop': transforms.crop((5, 6)),
  'crops': transforms.crops(2, 0.5, size=(5, 4)),
  'inner_crops': transforms.inner_crops(2, 0.4, 0.9),
  'blur': transforms.blur(1.0),
  'crop_or_pad': transforms.crop_or_pad((8, 13)),
  'zooms': transforms.zooms(0.8, 1.3),
  'angles': transforms.angles(-10, 0, 20),
  'roll': transforms.roll(3),
  'homography': transforms.homography(0.05),
  'noise': transforms.noise(0.1),
  'uniform_noise': transforms.uniform_noise(0.1),
  'flip': transforms.flip(),
}
FIXED = ('identity', 'pad', 'blur', 'crop_or_pad')  # Nothing is drawn.
SHAPES = [(2, 9, 12, 1), (3, 8, 8, 3), (2, 11, 7, 5)]


def test_all_are_here():
  # composite takes a channel more than it gives: a test of its own.
  assert {*MADE, 'composite'} == set(transforms.CONFIG_NAMES)


@pytest.mark.parametrize('name', MADE)
@pytest.mark.parametrize('shape', SHAPES)
def test_conformance(name, shape):
  t, x = MADE[name], patterns.noise(shape)
  keys = jax.random.split(jax.random.key(0), 2)
  one = jax.jit(t)
  out = one(keys[0], x)
  assert out.shape == jax.eval_shape(t, keys[1], x).shape
  np.testing.assert_array_equal(out, one(keys[0], x))

  def loss(x):
    many = jax.vmap(t)(keys, jnp.stack([x, x]))
    return jnp.sum(many**2), many

  (_, many), grad = jax.jit(jax.value_and_grad(loss, has_aux=True))(x)
  np.testing.assert_allclose(many[0], out, atol=1e-6)
  np.testing.assert_allclose(many[1], one(keys[1], x), atol=1e-6)
  assert jnp.isfinite(grad).all()


@pytest.mark.parametrize('name', MADE)
def test_jit_changes_nothing(name):
  t, x, key = MADE[name], patterns.noise(SHAPES[0]), jax.random.key(0)
  np.testing.assert_allclose(jax.jit(t)(key, x), t(key, x), atol=1e-6)


@pytest.mark.parametrize('name', [n for n in MADE if n not in FIXED])
def test_each_image_has_its_own_draw(name):
  x = jnp.tile(patterns.noise((1, 9, 9, 3)), (6, 1, 1, 1))
  out = np.asarray(jax.jit(MADE[name])(jax.random.key(0), x))
  assert len({image.tobytes() for image in out}) > 1


def test_nothing_scatters_under_vmap():
  chain = transforms.compose(
    *(t for name, t in MADE.items() if 'crops' not in name)
  )
  chain = transforms.compose(chain, MADE['crops'])

  def loss(x, keys):
    return jnp.sum(jax.vmap(chain)(keys, x) ** 2)

  x = patterns.noise((3, 2, 16, 17, 3))
  keys = jax.random.split(jax.random.key(0), 3)
  lowered = jax.jit(jax.value_and_grad(loss)).lower(x, keys)
  # As operations: names of functions are in the text too, this test's as well.
  for text in (lowered.as_text(), lowered.compile().as_text()):
    assert 'stablehlo.scatter' not in text and ' scatter(' not in text


@pytest.mark.parametrize(
  'make',
  [
    lambda: transforms.pad(-1),
    lambda: transforms.jitter(-1),
    lambda: transforms.jitter(1.5),
    lambda: transforms.scale(1.1, 0.9),
    lambda: transforms.scale(0, 1),
    lambda: transforms.scale(-1, 1),
    lambda: transforms.rotate(10, -10),
    lambda: transforms.rotate(-100, 0),
    lambda: transforms.crop(0),
    lambda: transforms.blur(-1),
    lambda: transforms.noise(-0.1),
    lambda: transforms.flip(1.5),
  ],
)
def test_nonsense_is_refused(make):
  with pytest.raises(FvizError):
    make()
