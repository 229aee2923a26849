"""What the evaluation of pareidolia measures about pictures, and its tables."""

import numpy as np
import pytest
from PIL import Image

views = pytest.importorskip('scripts.pareidolia.views')
card = pytest.importorskip('scripts.pareidolia.card')


def test_grain_is_the_share_of_power_near_nyquist():
  x = np.arange(20)
  fine, coarse = np.cos(np.pi * x), np.cos(2 * np.pi * x / 10)
  row = 0.5 + 0.1 * fine + 0.2 * coarse
  images = np.broadcast_to(row[None, :, None, None], (2, 20, 20, 3))
  # At Nyquist a cosine is one line of the spectrum, elsewhere it is two.
  want = 0.1**2 / (0.1**2 + 0.2**2 / 2)
  np.testing.assert_allclose(views.grain(images), want, rtol=1e-6)
  assert views.grain(images - 0.1 * fine[:, None, None]) < 1e-9


def test_tiles_leave_out_borders_and_black(tmp_path):
  sheet = np.zeros((164, 164, 3), np.uint8)
  rng = np.random.default_rng(0)
  tiles = rng.integers(0, 255, (3, 80, 80, 3), np.uint8)
  for tile, (y, x) in zip(tiles, ((1, 1), (1, 83), (83, 1)), strict=True):
    sheet[y : y + 80, x : x + 80] = tile
  Image.fromarray(sheet).save(file := tmp_path / 'sheet.png')
  np.testing.assert_allclose(views._tiles(file), tiles / 255, rtol=1e-6)


def test_views_are_many_and_in_range():
  import jax

  images = np.full((2, 16, 16, 3), 0.5, np.float32)
  out = np.asarray(views.held_out_views(jax.random.key(0), images))
  assert out.shape == (16, 2, 16, 16, 3)
  assert out.min() >= 0 and out.max() <= 1
  assert np.abs(out[0] - out[1]).mean() > 1e-3


def test_the_card_says_what_was_not_measured(tmp_path):
  report = dict(sha256='ab', bytes=3)
  report['settings'] = dict(per_class=1, size=64, image_size=80, radius=0.5)
  report['settings']['seed'] = 7
  part = {'classes recognized in most views': 0.75, 'views recognized': 0.5}
  part['missed'] = {'owl': 0.25}
  report['pictures'] = {'grain': 0.01, 'side': 96, 'itself': part}
  file = tmp_path / 'card.md'
  file.write_text(
    'before\n<!-- measured -->\nold\n<!-- end of measured -->\nok'
  )
  card.update(file, report)
  text = file.read_text()
  assert text.startswith('before') and text.endswith('ok')
  assert 'old' not in text and '| top-1 | not measured |' in text
  assert '75.0 % in most of 16 views, 50.0 % of all views' in text
  assert 'judged by itself: missed | owl |' in text
  assert 'judged by second network | not measured' in text
