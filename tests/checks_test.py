"""What every function takes, and how it refuses the rest."""

import jax.numpy as jnp
import numpy as np
import pytest
import small

from fviz import (
  checks,
  errors,
  objectives,
  parameterizations,
  recipes,
  saliency,
)
from fviz.compare import judge, metrics
from fviz.deepdream import dreamer, guides
from fviz.media import picture_files

pytestmark = pytest.mark.usefixtures('quick_compile')
_BYTES = np.random.default_rng(0).integers(0, 256, (1, 24, 24, 3), np.uint8)
_FLOATS = _BYTES / np.float32(255)


def _dream(image):
  settings = dreamer.Settings(octaves=1, iterations=1, jitter=0)
  objective = objectives.deepdream('conv')
  return dreamer.dream(small.network(), image[0], objective, settings)


def _leaf(objective):
  return objective.leaves[0].value


def _start(made):
  import jax

  return made.images(made.init(jax.random.key(0)))


def _channel():
  return objectives.channel('conv', 1)


# Whatever takes images, with something that depends on them.
_ENTRANCES = {
  'gradient': lambda x: saliency.gradient(small.network(), _channel(), x),
  'smoothgrad': lambda x: saliency.smoothgrad(
    small.network(), _channel(), x, samples=2
  ),
  'integrated': lambda x: saliency.integrated_gradients(
    small.network(), _channel(), x, steps=2
  ),
  'dream': _dream,
  'guide': lambda x: _leaf(guides.guide(small.network(), 'conv', x[0])),
  'caricature': lambda x: recipes.caricature(x).reference,
  'accentuation': lambda x: recipes.accentuation(x).reference,
  'mahendran': lambda x: recipes.mahendran(x).reference,
  'from_images': lambda x: _start(parameterizations.from_images(x)),
  'judge': lambda x: judge.Judge(small.network(), 'conv').measure(x, [1])[0][
    'activation'
  ],
  'activations': lambda x: judge.Judge(small.network(), 'conv').activations(x)[
    0
  ],
  'metrics': lambda x: metrics.total_variation(x),
  'spectrum': lambda x: metrics.spectrum_distance(x),
  'saturation': lambda x: metrics.saturation(x),
}


@pytest.mark.parametrize('name', _ENTRANCES)
def test_bytes_are_taken_as_shares_of_white(name):
  found, expected = (_ENTRANCES[name](x) for x in (_BYTES, _FLOATS))
  np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize('name', _ENTRANCES)
@pytest.mark.parametrize(
  'wrong, message',
  [
    (255 * _FLOATS, r'in \[0, 1\], or uint8'),
    (_FLOATS - 0.5, r'in \[0, 1\], or uint8'),
    (_BYTES.astype(np.int32), 'not int32'),
    (_FLOATS[0], r'not of shape|not of \(|must be \['),
  ],
)
def test_what_is_no_image_is_refused(name, wrong, message):
  with pytest.raises(errors.FvizError, match=message):
    _ENTRANCES[name](wrong)


@pytest.mark.parametrize(
  'image, message',
  [
    (np.full((4, 4, 3), np.nan), 'not finite'),
    (np.zeros((4, 4, 7)), '7 channels'),
    (np.full((4, 4, 3), 2.0), 'from 0 to 2'),
  ],
)
def test_what_cannot_be_seen_is_not_saved(image, message, tmp_path):
  with pytest.raises(errors.FvizError, match=message):
    picture_files.write(tmp_path / 'a.png', image)
  assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
  'size', ['a', (1,), (1, 2, 3), 0, -1, 1.5, True, None, (8, 0), [8, 'a']]
)
def test_sizes(size):
  with pytest.raises(errors.FvizError, match='size must be a side'):
    checks.check_size(size)
  assert checks.check_size(8) == checks.check_size((8, 8)) == (8, 8)


def test_an_image_that_is_no_array():
  for value in ('photo.jpg', None, [[1, 2], [3]], {}):
    with pytest.raises(errors.FvizError, match='image'):
      checks.images('image', value)
  assert checks.images('image', jnp.zeros((1, 2, 2, 3))).dtype == np.float32
