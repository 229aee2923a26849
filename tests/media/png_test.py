"""Tests of fviz.media.png."""

import json
import os

import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from fviz.errors import FvizError
from fviz.media import contact_sheet, png


@pytest.mark.parametrize(
  'channels, shown', [(1, 1), (2, 1), (3, 3), (4, 4), (5, 3), (16, 3)]
)
@pytest.mark.parametrize('dtype', [np.uint8, np.float32])
def test_any_number_of_channels(tmp_path, channels, shown, dtype):
  image = np.random.default_rng(0).integers(0, 256, [5, 7, channels], np.uint8)
  expected = image[..., :3] if channels > 4 else image
  if channels == 2:
    expected = np.uint8(image.mean(-1, keepdims=True) + 0.5)
  image = image if dtype == np.uint8 else image / np.float32(255)
  png.save(tmp_path / 'a.png', image)
  pixels, record = png.read(tmp_path / 'a.png')
  assert pixels.shape == (5, 7, shown) and pixels.dtype == np.uint8
  assert record is None
  np.testing.assert_array_equal(pixels, expected)


def test_to_uint8_clips_rounds_and_survives_nan():
  values = [-1, 0, 0.4 / 255, 0.6 / 255, 1, 2, np.nan, np.inf, -np.inf]
  expected = [0, 0, 0, 1, 255, 255, 0, 255, 0]
  result = png.to_uint8(np.array([values]))
  np.testing.assert_array_equal(result[0, :, 0], expected)
  assert png.to_uint8(jnp.ones([2, 2, 3], jnp.bfloat16)).min() == 255


@pytest.mark.parametrize(
  'image',
  [
    np.zeros([2]),
    np.zeros([1, 2, 2, 3]),
    np.zeros([0, 2, 3]),
    np.zeros([2, 2, 0]),
    np.zeros([2, 2, 3], np.int32),
    np.zeros([2, 2, 3], complex),
    np.array([['a']]),
  ],
  ids=range(7),
)
def test_what_is_no_image(image):
  with pytest.raises(FvizError, match='An image is'):
    png.to_uint8(image)


def test_png_carries_its_record(tmp_path):
  record = {'layer': 'ü', 'loss': np.float32(0.5), 'shape': np.arange(2)}
  path = tmp_path / 'deep' / 'a.png'
  png.save(path, np.zeros([2, 2, 3]), record)
  expected = {'layer': 'ü', 'loss': 0.5, 'shape': [0, 1]}
  assert png.read(path)[1] == expected
  with Image.open(path) as image:  # Any other program finds it, too.
    assert json.loads(image.text['fviz']) == expected
  assert os.listdir(path.parent) == ['a.png']


@pytest.mark.parametrize('record', [{'a': object()}, {'a': 'x' * 2_000_000}])
def test_bad_records_are_refused(tmp_path, record):
  with pytest.raises(FvizError, match='record'):
    png.save(tmp_path / 'a.png', np.zeros([2, 2, 3]), record)
  assert not os.listdir(tmp_path)


def _png_with(path, text, zipped=False):
  info = PngImagePlugin.PngInfo()
  info.add_text('fviz', text, zip=zipped)
  Image.new('RGB', (2, 2)).save(path, pnginfo=info)


@pytest.mark.parametrize(
  'text', ['', '{', '[]', '3', '[' * 99_999, '{"a": ' + '1' * 9999 + '}']
)
def test_records_that_are_no_records(tmp_path, text):
  _png_with(tmp_path / 'a.png', text)
  with pytest.raises(FvizError, match='a.png'):
    png.read(tmp_path / 'a.png')


@pytest.mark.parametrize('zipped', [False, True])
def test_oversize_record(tmp_path, zipped):
  text = json.dumps({'a': 'x' * 3_000_000})
  _png_with(tmp_path / 'a.png', text, zipped)
  with pytest.raises(FvizError, match='a.png'):
    png.read(tmp_path / 'a.png')


def test_broken_files(tmp_path):
  path = tmp_path / 'a.png'
  with pytest.raises(FvizError):
    png.read(path)
  image = png.to_uint8(np.random.default_rng(0).random([9, 9, 3]))
  png.save(path, image, {'a': 1})
  data = path.read_bytes()
  # The last 20 bytes are checksums and IEND, where Pillow is lenient.
  for cut in range(len(data) - 20):
    path.write_bytes(data[:cut])
    with pytest.raises(FvizError):
      png.read(path)
  for cut in range(len(data) - 20, len(data)):
    path.write_bytes(data[:cut])
    try:
      pixels, record = png.read(path)
    except FvizError:
      continue
    np.testing.assert_array_equal(pixels, image)
    assert record == {'a': 1}
  Image.new('RGB', (2, 2)).save(path, 'bmp')
  with pytest.raises(FvizError):
    png.read(path)
  bomb = data[:16] + b'\0\0\xff\xff' * 2 + data[24:]
  path.write_bytes(bomb)
  with pytest.raises(FvizError):
    png.read(path)


def test_other_kinds_of_png_are_read(tmp_path):
  for mode, channels in {'1': 1, 'P': 3, 'LA': 3, 'RGBA': 4}.items():
    Image.new(mode, (3, 2)).save(tmp_path / 'a.png')
    assert png.read(tmp_path / 'a.png')[0].shape == (2, 3, channels)


def test_pages():
  assert contact_sheet.pages([1, 2, 3], 2) == [[1, 2], [3]]
  assert contact_sheet.pages([], 2) == []
  with pytest.raises(FvizError):
    contact_sheet.pages([1], 0)


def test_sheet_keeps_the_pixels_of_tiles():
  images = np.random.default_rng(0).integers(0, 256, [5, 32, 48, 3], np.uint8)
  sheet = contact_sheet.draw(images, range(5), columns=3, gap=4)
  line = sheet.shape[0] // 2 - 32 - 4 - 2
  assert sheet.shape[1] == 3 * 52 + 4 and sheet.dtype == np.uint8
  for i, image in enumerate(images):
    top, left = 4 + i // 3 * (32 + line + 4), 4 + i % 3 * 52
    np.testing.assert_array_equal(
      sheet[top : top + 32, left : left + 48], image
    )


def test_captions_are_readable_and_differ():
  images = np.zeros([2, 32, 32, 1])
  sheets = [
    contact_sheet.draw(images, captions, columns=2, gap=0)
    for captions in (['', ''], ['7', '123'])
  ]
  assert sheets[0].shape == (32, 64, 3)  # No captions, no line for them.
  left, right = sheets[1][32:, :32], sheets[1][32:, 32:]
  for half in (left, right):
    assert half.max() > 200 and (half > 150).any(-1).any(1).sum() >= 6
  assert (right > 150).sum() > (left > 150).sum()


def test_mixed_and_failed_tiles():
  images = [np.ones([8, 16, 3]), None, np.ones([64, 64, 1]), np.ones([4, 4, 7])]
  captions = ['a', 'b', 'a caption that is far too wide', 'ü → 3\n4']
  sheet = contact_sheet.draw(images, captions, tile=40, gap=2)
  failed = sheet[2:42, 44:84]
  assert failed.max() > 100 > np.median(failed) > 30
  assert sheet[22, 22].min() == 255 and sheet[4, 22].max() < 50  # Centred.
  assert contact_sheet.draw([None], ['1']).shape[1] == 64 + 8
  assert contact_sheet.draw([None], [1], tile=(3, 5)).shape[1] == 5 + 8
  alone = contact_sheet.draw([np.zeros([8, 8, 4])], [''], gap=0)
  assert len(np.unique(alone)) == 1  # Transparent: the background.


@pytest.mark.parametrize(
  'images, captions, options',
  [
    ([], [], {}),
    ([None], [], {}),
    ([None], [1], {'columns': 0}),
    ([None], [1], {'gap': -1}),
    ([None], [1], {'tile': 0}),
  ],
)
def test_impossible_sheets(images, captions, options):
  with pytest.raises(FvizError):
    contact_sheet.draw(images, captions, **options)
