"""Transforms: shapes, draws, accuracy, and what they lower to."""

import jax
import jax.numpy as jnp
import numpy as np
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


def _images(shape):
  return jax.random.uniform(jax.random.key(7), shape)


@pytest.mark.parametrize('name', MADE)
@pytest.mark.parametrize('shape', SHAPES)
def test_conformance(name, shape):
  t, x = MADE[name], _images(shape)
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
  t, x, key = MADE[name], _images(SHAPES[0]), jax.random.key(0)
  np.testing.assert_allclose(jax.jit(t)(key, x), t(key, x), atol=1e-6)


@pytest.mark.parametrize('name', [n for n in MADE if n not in FIXED])
def test_each_image_has_its_own_draw(name):
  x = jnp.tile(_images((1, 9, 9, 3)), (6, 1, 1, 1))
  out = np.asarray(jax.jit(MADE[name])(jax.random.key(0), x))
  assert len({image.tobytes() for image in out}) > 1


def test_nothing_scatters_under_vmap():
  chain = transforms.compose(
    *(t for name, t in MADE.items() if 'crops' not in name)
  )
  chain = transforms.compose(chain, MADE['crops'])

  def loss(x, keys):
    return jnp.sum(jax.vmap(chain)(keys, x) ** 2)

  x = _images((3, 2, 16, 17, 3))
  keys = jax.random.split(jax.random.key(0), 3)
  lowered = jax.jit(jax.value_and_grad(loss)).lower(x, keys)
  # As operations: names of functions are in the text too, this test's as well.
  for text in (lowered.as_text(), lowered.compile().as_text()):
    assert 'stablehlo.scatter' not in text and ' scatter(' not in text


def test_jitter_is_an_exact_crop():
  x = _images((4, 9, 10, 3))
  for image, out in zip(
    x, transforms.jitter(2)(jax.random.key(3), x), strict=True
  ):
    crops = [image[i : i + 7, j : j + 8] for i in range(3) for j in range(3)]
    assert min(float(jnp.abs(out - c).max()) for c in crops) < 1e-6


def test_pad_is_grey_and_center_crop_undoes_it():
  x = _images((1, 4, 5, 3))
  padded = transforms.pad(2)(None, x)
  assert padded[0, 0, 0, 0] == 0.5
  back = transforms.crop((4, 5), random=False)(None, padded)
  np.testing.assert_array_equal(back, x)


def _smooth(h, w, y, x):
  y, x = (y - (h - 1) / 2) / h, (x - (w - 1) / 2) / w
  return 0.5 + 0.4 * np.sin(5 * x + 1) * np.cos(4 * y) * np.exp(-4 * x * x)


@pytest.mark.parametrize('degrees', [-30.0, 10.0, 45.0])
def test_rotate_against_a_function(degrees):
  h, w = 41, 50
  y, x = np.mgrid[:h, :w].astype(float)
  a = np.deg2rad(degrees)
  dy, dx = y - (h - 1) / 2, x - (w - 1) / 2
  # Counterclockwise as seen, with y downwards.
  sy = np.cos(a) * dy + np.sin(a) * dx + (h - 1) / 2
  sx = -np.sin(a) * dy + np.cos(a) * dx + (w - 1) / 2
  image = jnp.asarray(_smooth(h, w, y, x), jnp.float32)[None, ..., None]
  out = transforms.rotate(degrees, degrees)(jax.random.key(0), image)
  inside = (sy > 2) & (sy < h - 3) & (sx > 2) & (sx < w - 3)
  error = np.abs(np.asarray(out[0, ..., 0]) - _smooth(h, w, sy, sx))
  assert error[inside].max() < 0.01


def test_rotate_against_scipy():
  ndimage = pytest.importorskip('scipy.ndimage')
  y, x = np.mgrid[:40, :40].astype(float)
  image = _smooth(40, 40, y, x)
  want = ndimage.rotate(image, 15, reshape=False, order=3, cval=0.5)
  rotated = transforms.rotate(15, 15)
  out = rotated(jax.random.key(0), jnp.float32(image)[None, ..., None])
  error = np.abs(np.asarray(out[0, ..., 0]) - want)
  assert error[10:-10, 10:-10].max() < 0.01


def test_the_gradient_of_rotate_is_its_adjoint():
  x, y = _images((2, 9, 11, 3)), _images((2, 9, 11, 3)) - 0.5
  t, key = jax.jit(transforms.rotate(-40, 40)), jax.random.key(5)
  zero = t(key, jnp.full_like(x, 0.5)) - 0.5
  np.testing.assert_allclose(zero, 0, atol=1e-6)
  _, pull = jax.vjp(lambda x: t(key, x), x)
  left = jnp.sum((t(key, x) - 0.5) * y)
  right = jnp.sum((x - 0.5) * pull(y)[0])
  np.testing.assert_allclose(left, right, rtol=1e-4, atol=1e-4)


def test_scale_zooms_in():
  x = jnp.tile(jnp.arange(9.0)[:, None, None] / 9, (1, 1, 9, 1))
  out = transforms.scale(2, 2)(jax.random.key(0), x)[0, :, 4, 0]
  np.testing.assert_allclose(out, (4 + (np.arange(9) - 4) / 2) / 9, atol=1e-6)


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


def test_too_large_crops_name_the_sizes():
  x = _images((1, 4, 5, 3))
  with pytest.raises(FvizError, match='4 x 5'):
    transforms.jitter(4)(jax.random.key(0), x)
  with pytest.raises(FvizError, match='6 x 6.*4 x 5'):
    transforms.crop(6)(jax.random.key(0), x)


def test_roll_is_a_roll():
  x = _images((5, 9, 10, 3))
  out = np.asarray(transforms.roll(2)(jax.random.key(3), x))
  moves = [(i, j) for i in range(-2, 3) for j in range(-2, 3)]
  for image, got in zip(np.asarray(x), out, strict=True):
    rolled = [np.roll(image, move, (0, 1)) for move in moves]
    assert min(np.abs(got - one).max() for one in rolled) < 1e-6


def test_blur_is_a_gaussian_of_what_is_inside():
  x = np.asarray(_images((2, 9, 12, 3)), np.float64)
  want = np.zeros_like(x)
  y, z = np.mgrid[:9, :12]
  for i, j in np.ndindex(9, 12):
    weights = np.exp(-((y - i) ** 2 + (z - j) ** 2) / 2 / 1.3**2)
    weights /= weights.sum()
    want[:, i, j] = (x * weights[..., None]).sum((1, 2))
  out = transforms.blur(1.3)(jax.random.key(0), jnp.float32(x))
  np.testing.assert_allclose(out, want, atol=1e-5)


def test_noises_have_their_size():
  x, key = jnp.full([2, 40, 40, 3], 0.5), jax.random.key(0)
  normal = np.asarray(transforms.noise(0.2)(key, x)) - 0.5
  assert abs(normal.std() - 0.2) < 5e-3 and abs(normal.mean()) < 5e-3
  assert np.abs(normal).max() > 0.5  # Tails.
  uniform = np.asarray(transforms.uniform_noise(0.2)(key, x)) - 0.5
  assert 0.19 < np.abs(uniform).max() <= 0.2
  assert abs(uniform.std() - 0.2 / np.sqrt(3)) < 5e-3


def test_crop_or_pad_keeps_the_middle():
  x = np.asarray(_images((1, 9, 6, 3)))
  out = np.asarray(transforms.crop_or_pad((5, 9))(None, jnp.asarray(x)))
  np.testing.assert_array_equal(out[:, :, 1:7], x[:, 2:7])
  np.testing.assert_array_equal(out[:, :, [0, 7, 8]], 0.5)


def test_composite_shows_what_is_opaque():
  x = _images((3, 8, 9, 4)).at[0, ..., 3].set(1).at[1:, ..., 3].set(0)
  out = transforms.composite()(jax.random.key(0), x)
  np.testing.assert_allclose(out[0], x[0, ..., :3], atol=1e-6)
  assert out.min() >= 0 and out.max() <= 1
  assert jnp.abs(out[1] - out[2]).max() > 0.1  # Backgrounds of their own.
  with pytest.raises(FvizError, match='alpha'):
    transforms.composite()(jax.random.key(0), x[..., :1])


def test_crops_average_what_they_shrink():
  x = jnp.tile(jnp.arange(16.0)[:, None, None] / 16, (1, 1, 16, 1))
  t = transforms.crops(1, 1.0, 0.0, size=4, center_sd=0.0)
  out = t(jax.random.key(0), x)[0, 1:3, 1, 0]
  np.testing.assert_allclose(out, np.array([5.5, 9.5]) / 16, atol=1e-5)


def test_crops_of_one_image_do_not_depend_on_the_others():
  x, key = _images((3, 8, 8, 3)), jax.random.key(1)
  for t in (transforms.crops(2), transforms.inner_crops(2)):
    np.testing.assert_allclose(t(key, x)[:2], t(key, x[:1]), atol=1e-6)


def test_homography_of_a_smooth_function():
  h, w = 40, 44
  y, x = np.mgrid[:h, :w].astype(float)
  image = jnp.float32(_smooth(h, w, y, x))[None, ..., None]
  key = jax.random.key(4)
  out = transforms.homography(0.1)(key, image)[0, ..., 0]
  delta = np.array(
    jax.random.uniform(key, (1, 8), minval=-0.1, maxval=0.1), np.float64
  )
  m = np.append(delta, 0).reshape(3, 3) + np.eye(3)
  u, v = 2 * x / (w - 1) - 1, 2 * y / (h - 1) - 1
  s = np.einsum('ij,jhw->ihw', m, np.stack([u, v, np.ones_like(u)]))
  sx, sy = (s[0] / s[2] + 1) * (w - 1) / 2, (s[1] / s[2] + 1) * (h - 1) / 2
  inside = (sy > 1) & (sy < h - 2) & (sx > 1) & (sx < w - 2)
  inside[:4] = inside[-4:] = inside[:, :4] = inside[:, -4:] = False
  error = np.abs(np.asarray(out) - _smooth(h, w, sy, sx))
  assert error[inside].max() < 0.01


@pytest.mark.parametrize(
  'names',
  [
    ('pad', 'jitter', 'scale'),
    ('jitter', 'scale', 'jitter', 'scale'),
    ('scale', 'jitter', 'jitter', 'pad'),
    ('pad', 'crop', 'flip', 'zooms', 'pad', 'middle', 'scale'),
  ],
)
def test_joint_grids_equal_one_after_the_other(names):
  made = {
    'pad': transforms.pad(3),
    'jitter': transforms.jitter(2),
    'scale': transforms.scale(0.8, 1.2),
    'crop': transforms.crop((9, 8)),
    'middle': transforms.crop(9, random=False),
    'zooms': transforms.zooms(0.9, 1.1),
    'flip': transforms.flip(),
  }
  key, images = (
    jax.random.key(5),
    jax.random.uniform(jax.random.key(0), (3, 11, 14, 2)),
  )
  one_by_one = images
  for i, name in enumerate(names):
    one_by_one = made[name](jax.random.fold_in(key, i), one_by_one)
  joint = transforms.compose(*(made[name] for name in names))(key, images)
  np.testing.assert_allclose(joint, one_by_one, atol=2e-6)


def test_a_pad_a_crop_and_a_zoom_are_one_resampling():
  joint = transforms.compose(
    transforms.pad(2), transforms.jitter(2), transforms.scale(0.9, 1.1)
  )
  text = str(jax.make_jaxpr(joint)(jax.random.key(0), jnp.zeros([1, 8, 8, 3])))
  assert text.count('scan') == 2  # Two neighbours a pixel, an axis each.
