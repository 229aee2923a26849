"""Photos from anywhere as arrays, and the records that ours carry.

Files come from cameras, phones and strangers. What a reader could get wrong
(rotation, colour profile, transparency, depth) is put right here, and what
cannot be read is refused with the reason.
"""

import contextlib
import hashlib
import io
import logging
import os
import pathlib
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image, ImageCms, ImageOps

from fviz import errors
from fviz.media import metadata

_log = logging.getLogger(__name__)

# No EPS and the like: those formats start other programs.
_FORMATS = ('PNG', 'JPEG', 'WEBP', 'TIFF', 'BMP', 'GIF', 'PPM')
_MOST_PIXELS = 90_000_000  # Pillow's own limit, to the next ten million.


class Photo(NamedTuple):
  """A photo as it is meant to be seen."""

  image: np.ndarray  # [h, w, 3] float32, sRGB in [0, 1].
  alpha: np.ndarray | None  # [h, w] in [0, 1], None where all is opaque.
  path: str  # Where it came from.
  sha256: str  # Of the file.

  def over_grey(self) -> np.ndarray:
    """The image with grey where it is transparent: nothing for a network."""
    if self.alpha is None:
      return self.image
    alpha = self.alpha[..., None]
    return alpha * self.image + (1 - alpha) * np.float32(0.5)

  def light(self) -> np.ndarray:
    """How much light comes of it, [h, w] in [0, 1]; none where transparent."""
    grey = self.image.mean(-1)
    return grey if self.alpha is None else grey * self.alpha


def sample() -> str:
  """The path of the sample photo: a cloudscape rendered by our own code."""
  return os.fspath(pathlib.Path(__file__).with_name('sample.jpg'))


def read(path: str | os.PathLike) -> Photo:
  """Reads a photo: upright, in sRGB, 8 or 16 bits, with its alpha apart.

  Args:
    path: PNG, JPEG, WebP, TIFF, BMP, GIF or PPM of at most 90 megapixels.

  Raises:
    FvizError: missing, empty, cut short, animated, too large, or no photo.
  """
  path = os.fspath(path)
  data = _bytes(path)
  with _opened(data, path) as image:
    _check_still(image, path)
    image.load()
    rgb, alpha = _decoded(image)
  return Photo(rgb, alpha, path, hashlib.sha256(data).hexdigest())


def resized(image: ArrayLike, size: tuple[int, int]) -> np.ndarray:
  """[h, w] or [h, w, c] in [0, 1], resized to (height, width) by Lanczos."""
  image = np.asarray(image, np.float32)
  if image.shape[:2] == tuple(size):
    return image
  planes = np.atleast_3d(image)
  done = []
  for c in range(planes.shape[-1]):
    plane = Image.fromarray(np.ascontiguousarray(planes[..., c]))
    plane = plane.resize((size[1], size[0]), Image.Resampling.LANCZOS)
    done.append(np.asarray(plane))
  return np.clip(np.stack(done, -1), 0, 1).reshape(*size, *image.shape[2:])


def fitted(image: np.ndarray, longest: int) -> np.ndarray:
  """The image with its longer side at `longest` pixels; 0 leaves it."""
  h, w = image.shape[:2]
  if not longest or max(h, w) == longest:
    return image
  scale = longest / max(h, w)
  return resized(image, (max(1, round(h * scale)), max(1, round(w * scale))))


def middle_square(image: np.ndarray, side: int) -> np.ndarray:
  """The largest square in the middle of [h, w, ...], resized to `side`."""
  h, w = image.shape[:2]
  s = min(h, w)
  y, x = (h - s) // 2, (w - s) // 2
  return resized(image[y : y + s, x : x + s], (side, side))


def sha256(path: str | os.PathLike) -> str:
  """The hash of a file of any kind; FvizError where it cannot be read."""
  with errors.explained(f'Cannot read {path}'), open(path, 'rb') as file:
    return hashlib.file_digest(file, 'sha256').hexdigest()


def read_record(path: str | os.PathLike) -> dict[str, Any]:
  """The record that a picture of ours carries.

  Raises:
    FvizError: no picture, or one without a record of ours.
  """
  path = os.fspath(path)
  with _opened(_bytes(path), path) as image:
    if image.format == 'PNG':
      image.load()  # Also reads the text behind the pixels.
    text = metadata.of_picture(image)
  return metadata.decoded(text, path)


def _bytes(path: str) -> bytes:
  if not os.path.isfile(path):
    kind = 'is no file' if os.path.exists(path) else 'does not exist'
    raise errors.FvizError(f'{path!r} {kind}: give the path of a photo.')
  with errors.explained(f'Cannot read {path}'):
    data = pathlib.Path(path).read_bytes()
  if not data:
    raise errors.FvizError(f'{path} is empty (0 bytes): copy the photo again.')
  return data


@contextlib.contextmanager
def _opened(data: bytes, path: str) -> Iterator[Image.Image]:
  """A picture of a sound size; says what is wrong with one that is broken."""
  try:
    with warnings.catch_warnings():
      # `_check_size` explains it better.
      warnings.simplefilter('ignore', Image.DecompressionBombWarning)
      opened = Image.open(io.BytesIO(data), formats=_FORMATS)
    with opened as image:
      _check_size(image, path)
      yield image
  except errors.FvizError:
    raise
  except Exception as error:  # Pillow raises a dozen kinds on broken files.
    raise errors.FvizError(
      f'Cannot read {path} as a photo: {_reason(error)}. Known formats: '
      f'{", ".join(_FORMATS)}.'
    ) from error


def _reason(error: Exception) -> str:
  if isinstance(error, Image.DecompressionBombError):
    return (
      f'it unpacks to more than {_MOST_PIXELS / 1e6:.0f} megapixels, the limit '
      'against small files that fill the memory; scale it down first'
    )
  if isinstance(error, Image.UnidentifiedImageError):
    return 'it is no picture, or of a format that is not supported'
  return str(error) or type(error).__name__


def _check_size(image: Image.Image, path: str) -> None:
  pixels = image.width * image.height
  if pixels > _MOST_PIXELS:
    raise errors.FvizError(
      f'{path} is {image.width} x {image.height} = {pixels / 1e6:.0f} '
      f'megapixels; the limit is {_MOST_PIXELS / 1e6:.0f}, against small files '
      'that fill the memory when they are unpacked. Scale it down first.'
    )


def _check_still(image: Image.Image, path: str) -> None:
  frames = getattr(image, 'n_frames', 1)
  if frames > 1 and image.format != 'MPO':  # Phones: the first is the photo.
    raise errors.FvizError(
      f'{path} has {frames} frames: dream it as a clip (fviz dream --video), '
      'or save the frame that you want as a picture.'
    )


def _decoded(image: Image.Image) -> tuple[np.ndarray, np.ndarray | None]:
  profile = image.info.get('icc_profile')
  ImageOps.exif_transpose(image, in_place=True)
  if image.mode.startswith(('I', 'F')):
    return _deep(image), None
  alpha = None
  if 'A' in image.getbands() or 'transparency' in image.info:
    rgba = image.convert('RGBA')
    channel = rgba.getchannel('A')
    alpha = None if channel.getextrema() == (255, 255) else _unit(channel)
    image = rgba.convert('RGB') if image.mode != 'LA' else image.convert('L')
  elif image.mode in ('P', '1'):
    image = image.convert('RGB')
  return _unit(_in_srgb(image, profile).convert('RGB')), alpha


def _unit(image: Image.Image) -> np.ndarray:
  """8 bits -> [0, 1] in one go: a float copy of 90 megapixels takes 1 GB."""
  return np.asarray(image) / np.float32(255)


def _deep(image: Image.Image) -> np.ndarray:
  """Grey of 16 bits, 32 bits or floats."""
  grey = np.asarray(image).astype(np.float32)
  if image.mode != 'F' and grey.min() >= 0 and grey.max() <= 65535:
    grey = grey / 65535
  if not (np.isfinite(grey).all() and grey.min() >= 0 and grey.max() <= 1):
    raise ValueError(
      f'its values go from {grey.min():g} to {grey.max():g}: of deep greys '
      'only 16 bits, or floats in [0, 1], are pictures'
    )
  return np.repeat(grey[..., None], 3, axis=-1)


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
  if not profile:
    return image
  try:
    given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    srgb = ImageCms.createProfile('sRGB')
    converted = ImageCms.profileToProfile(image, given, srgb, outputMode='RGB')
    return converted or image  # None comes of `inPlace` only.
  except (ImageCms.PyCMSError, OSError, ValueError) as error:
    _log.warning('Ignored a colour profile that cannot be used: %s', error)
    return image
