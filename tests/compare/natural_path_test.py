"""How pictures pass through a network, against natural images."""

import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats
import small
from PIL import Image

from fviz import errors
from fviz.compare import judge, natural_path


def test_natural_path():
  network = small.network()
  rng = np.random.default_rng(1)
  colors = rng.random([12, 1, 1, 3], np.float32)  # What units differ by.
  natural = colors * rng.random([12, 24, 24, 3], np.float32)
  one = judge.Judge(network, 'conv_1', natural=natural)
  unit = 3
  layers = ('conv', 'norm', 'drop', 'conv_1')
  a = network.apply(network.variables, jnp.asarray(natural), layers)
  means = {k: np.asarray(v).mean((1, 2)) for k, v in a.items()}
  best = np.argsort(means['conv_1'][:, unit])[-5:]
  (found,) = one.measure(natural[best[-1:]], np.array([unit]))

  wanted = np.mean(
    [
      scipy.stats.spearmanr(means[k][best[-1]], means[k][best].mean(0))[0]
      for k in layers
    ]
  )
  assert found['natural_path'] == pytest.approx(wanted, abs=1e-5)
  floor, ceiling = one.natural_range([unit])
  assert -1 <= floor <= ceiling <= 1
  black = one.measure(np.zeros([1, 24, 24, 3]), np.array([unit]))[0]
  assert black['natural_path'] < found['natural_path']


def test_rank_correlations_are_spearmans():
  rng = np.random.default_rng(0)
  rows, one = rng.integers(0, 9, [4, 30]), rng.integers(0, 9, 30)  # Many ties.
  wanted = [scipy.stats.spearmanr(row, one).statistic for row in rows]
  got = natural_path.rank_correlations(rows, one)
  np.testing.assert_allclose(got, wanted, rtol=1e-12)
  constant = natural_path.rank_correlations([np.zeros(3)], np.arange(3))
  assert constant == [0] and np.all(
    natural_path.rank_correlations(rows, np.zeros(30)) == 0
  )


def test_natural_images_from_a_folder(tmp_path):
  wide = np.zeros([10, 30, 3], np.uint8)
  wide[:, 10:20] = 255  # The middle square.
  Image.fromarray(wide).save(tmp_path / 'a.png')
  Image.fromarray(255 - wide).save(tmp_path / 'b.png')
  (tmp_path / 'notes.txt').write_text('no image')
  images = natural_path.photos(str(tmp_path), 8)
  assert images.shape == (2, 8, 8, 3) and images.dtype == np.float32
  assert images[0].min() > 0.9 and images[1].max() < 0.1
  with pytest.raises(errors.FvizError, match='No folder'):
    natural_path.photos(str(tmp_path / 'none'), 8)
  (tmp_path / 'b.png').unlink()
  with pytest.raises(errors.FvizError, match='at least 2'):
    natural_path.photos(str(tmp_path), 8)
