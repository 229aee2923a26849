"""Photos as cameras and strangers make them, and what they must not do."""

import io
import pathlib
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageDraw

from fviz import errors
from fviz.media import photos, picture_files

_RAMP = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3) * 3


def _save(path, image, **options):
  if not isinstance(image, Image.Image):
    image = Image.fromarray(image)
  image.save(path, **options)
  return path


@pytest.mark.parametrize('suffix', ['png', 'bmp', 'ppm', 'tiff', 'webp'])
def test_reads_lossless_formats_exactly(tmp_path, suffix):
  options = {'lossless': True} if suffix == 'webp' else {}
  photo = photos.read(_save(tmp_path / f'a.{suffix}', _RAMP, **options))
  assert photo.image.dtype == np.float32 and photo.alpha is None
  np.testing.assert_allclose(photo.image * 255, _RAMP, atol=1e-4)


@pytest.mark.parametrize('orientation', range(1, 9))
def test_turns_photos_upright(tmp_path, orientation):
  upright = np.zeros((32, 48, 3), np.uint8)
  upright[:16, :24] = 255  # White in the upper left.
  stored = {
    1: upright,
    2: upright[:, ::-1],
    3: upright[::-1, ::-1],
    4: upright[::-1],
    5: upright.swapaxes(0, 1),
    6: np.rot90(upright),
    7: upright.swapaxes(0, 1)[::-1, ::-1],
    8: np.rot90(upright, -1),
  }[orientation]
  exif = Image.Exif()
  exif[0x0112] = orientation
  path = _save(tmp_path / 'a.png', np.ascontiguousarray(stored), exif=exif)
  np.testing.assert_allclose(photos.read(path).image * 255, upright, atol=0.01)


def test_converts_colour_profiles(tmp_path):
  lab = ImageCms.ImageCmsProfile(ImageCms.createProfile('LAB')).tobytes()
  image = Image.new('LAB', (4, 4), (128, 180, 128))  # L 50 %, towards red.
  path = _save(tmp_path / 'a.tiff', image, icc_profile=lab)
  rgb = photos.read(path).image[0, 0]
  assert rgb[0] > rgb[1] + 0.2 and rgb.min() > 0.2


def test_a_broken_profile_is_no_reason_to_fail(tmp_path):
  path = _save(tmp_path / 'a.png', _RAMP, icc_profile=b'nonsense')
  np.testing.assert_allclose(photos.read(path).image * 255, _RAMP, atol=0.01)


def test_other_modes(tmp_path):
  grey = _RAMP[..., 0]
  deep = (grey.astype(np.uint16) * 257)[..., None].repeat(3, -1)
  expected = grey[..., None].repeat(3, -1) / 255
  for name, image in {
    'grey.png': Image.fromarray(grey),
    'deep.png': Image.fromarray(deep[..., 0]),
    'float.tiff': Image.fromarray(grey.astype(np.float32) / 255),
    'greyscale.pgm': Image.fromarray(grey),
  }.items():
    photo = photos.read(_save(tmp_path / name, image))
    np.testing.assert_allclose(photo.image, expected, atol=2e-3, err_msg=name)
  palette = Image.fromarray(_RAMP).quantize(256)
  photo = photos.read(_save(tmp_path / 'palette.png', palette))
  wanted = np.asarray(palette.convert('RGB')) / 255
  np.testing.assert_allclose(photo.image, wanted, atol=1e-3)
  cmyk = Image.new('CMYK', (4, 4), (0, 255, 255, 0))
  red = photos.read(_save(tmp_path / 'cmyk.jpg', cmyk)).image[0, 0]
  assert red[0] > 0.9 and red[1] < 0.2 and red[2] < 0.2


def test_alpha_is_kept_apart(tmp_path):
  rgba = np.dstack([_RAMP, np.full((4, 6), 51, np.uint8)])
  photo = photos.read(_save(tmp_path / 'a.png', rgba))
  np.testing.assert_allclose(photo.image * 255, _RAMP, atol=1e-4)
  np.testing.assert_allclose(photo.alpha, 0.2, atol=1e-6)
  rgba[..., 3] = 255
  assert photos.read(_save(tmp_path / 'b.png', rgba)).alpha is None
  picture_files.write(tmp_path / 'c.png', photo.image, {'a': 1}, photo.alpha)
  again = photos.read(tmp_path / 'c.png')
  np.testing.assert_allclose(again.alpha, photo.alpha, atol=1e-6)
  with pytest.raises(errors.FvizError, match='transparency'):
    picture_files.write(tmp_path / 'c.jpg', photo.image, {}, photo.alpha)


def _bomb(width, height):
  """A PNG of a few bytes that claims to be huge."""

  def chunk(kind, data):
    crc = zlib.crc32(kind + data)
    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', crc)

  header = struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0)
  pixels = zlib.compress(b'\0' * 1000)
  return (
    b'\x89PNG\r\n\x1a\n'
    + chunk(b'IHDR', header)
    + chunk(b'IDAT', pixels)
    + chunk(b'IEND', b'')
  )


def _gif():
  frames = [Image.new('RGB', (4, 4), color) for color in ('red', 'blue')]
  frames[0].save(
    buffer := io.BytesIO(), 'gif', save_all=True, append_images=frames[1:]
  )
  return buffer.getvalue()


def _truncated():
  image = Image.effect_noise((64, 64), 50)
  image.save(buffer := io.BytesIO(), 'png')
  return buffer.getvalue()[:600]


@pytest.mark.parametrize(
  'data, message',
  [
    (b'', 'empty'),
    (b'%PDF-1.4 not a picture', 'no picture'),
    (b'%!PS-Adobe-3.0 EPSF-3.0\n', 'no picture'),
    (_truncated(), 'Cannot read'),
    (_bomb(30000, 30000), 'megapixels'),
    (_bomb(10000, 9500), 'megapixels'),
    (_gif(), '2 frames'),
    (b'\x89PNG\r\n\x1a\n' + bytes(40), 'Cannot read'),
  ],
  ids=['empty', 'pdf', 'eps', 'cut', 'bomb', 'large', 'animated', 'header'],
)
def test_refuses(tmp_path, data, message):
  path = tmp_path / 'a.png'
  path.write_bytes(data)
  with pytest.raises(errors.FvizError, match=message):
    photos.read(path)


def test_refuses_paths(tmp_path):
  with pytest.raises(errors.FvizError, match='does not exist'):
    photos.read(tmp_path / 'nowhere.jpg')
  with pytest.raises(errors.FvizError, match='is no file'):
    photos.read(tmp_path)
  with pytest.raises(errors.FvizError, match='mean .*png'):
    picture_files.check_output(tmp_path / 'a.pgn')
  with pytest.raises(errors.FvizError, match='directory'):
    picture_files.check_writable(tmp_path)
  (tmp_path / 'file').touch()
  with pytest.raises(errors.FvizError, match='Cannot write'):
    picture_files.check_output(tmp_path / 'file' / 'a.png')
  with pytest.raises(errors.FvizError, match='Cannot read .*values go'):
    image = Image.fromarray(np.full((2, 2), 7.0, np.float32))
    photos.read(_save(tmp_path / 'a.tiff', image))


@pytest.mark.parametrize('suffix', ['png', 'jpg', 'webp'])
def test_the_record_comes_back(tmp_path, suffix):
  record = {'config': {'layer': 'mixed4', 'name': 'Ä "quoted"'}, 'seed': 3}
  path = tmp_path / f'deep/er/a.{suffix}'
  picture_files.write(path, _RAMP / 255, record)
  assert photos.read_record(path) == record
  assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_pictures_without_a_record(tmp_path):
  for suffix in ('png', 'jpg', 'webp', 'gif'):
    path = _save(tmp_path / f'a.{suffix}', _RAMP)
    with pytest.raises(errors.FvizError, match='no recipe'):
      photos.read_record(path)
  path = _save(tmp_path / 'b.jpg', _RAMP, comment=b'taken in Rome')
  with pytest.raises(errors.FvizError, match='not JSON'):
    photos.read_record(path)


def test_resizing_keeps_colours_and_range():
  image = Image.new('RGB', (40, 30), (10, 200, 30))
  ImageDraw.Draw(image).rectangle((0, 0, 10, 10), 'white')
  image = np.asarray(image, np.float32) / 255
  small = photos.fitted(image, 20)
  assert small.shape == (15, 20, 3) and small.max() <= 1 and small.min() >= 0
  np.testing.assert_allclose(small[-1, -1] * 255, [10, 200, 30], atol=0.5)
  assert photos.fitted(image, 0) is image


@pytest.mark.parametrize('shape', [(5, 9, 3), (9, 5, 3), (5, 9), (6, 9, 1)])
def test_the_middle_square(shape):
  image = np.random.default_rng(0).random(shape, np.float32)
  square = {(5, 9): image[:, 2:7], (9, 5): image[2:7], (6, 9): image[:, 1:7]}[
    shape[:2]
  ]
  side = len(square)
  np.testing.assert_array_equal(photos.middle_square(image, side), square)
  smaller = photos.resized(square, (3, 3))
  np.testing.assert_array_equal(photos.middle_square(image, 3), smaller)


def test_the_sample_is_a_photo():
  photo = photos.read(photos.sample())
  assert photo.image.shape == (768, 1024, 3)
  assert pathlib.Path(photos.sample()).stat().st_size < 250_000


def test_what_is_transparent_is_grey_and_gives_no_light(tmp_path):
  pixels = np.zeros((1, 3, 4), np.uint8)
  pixels[0] = [[255, 255, 255, 0], [255, 0, 0, 255], [0, 0, 255, 51]]
  Image.fromarray(pixels).save(tmp_path / 'a.png')
  photo = photos.read(tmp_path / 'a.png')
  np.testing.assert_allclose(
    photo.over_grey()[0], [[0.5] * 3, [1, 0, 0], [0.4, 0.4, 0.6]], atol=1e-6
  )
  np.testing.assert_allclose(photo.light()[0], [0, 1 / 3, 0.2 / 3], atol=1e-6)
