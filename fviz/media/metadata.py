"""The record that a file carries: what made it, as JSON in its metadata.

PNGs keep it in the text chunk `fviz`, JPEGs and GIFs in their comment, WebPs in
EXIF (ImageDescription), films in the tag `comment`.
"""

from collections.abc import Mapping
from typing import Any

from PIL import Image, PngImagePlugin

from fviz.errors import FvizError
from fviz.storage import plain_json

_CHUNK = 'fviz'
_DESCRIPTION = 0x010E  # EXIF ImageDescription.
_TAG = 'comment'
_LIMIT = 1 << 20  # Bytes; what Pillow reads back at most.
_LIMITS = {'jpeg': 65_000, 'webp': 65_000}  # A JPEG segment holds 65 533.


def options(kind: str, record: Mapping[str, Any] | None) -> dict[str, Any]:
  """What Pillow's `save` takes to put a record into a picture.

  Args:
    kind: 'png', 'jpeg', 'webp' or 'gif'.
    record: what made the picture; None for none.

  Raises:
    FvizError: the record is too long, or does not fit in JSON.
  """
  text = '' if record is None else _text(record, _LIMITS.get(kind, _LIMIT))
  if kind == 'png':
    info = PngImagePlugin.PngInfo()
    if text:
      info.add_text(_CHUNK, text)
    return {'pnginfo': info}
  if kind == 'webp':
    exif = Image.Exif()
    if text:
      exif[_DESCRIPTION] = text
    return {'exif': exif}
  return {'comment': text.encode()}


def of_picture(image: Image.Image) -> str | bytes | None:
  """The text where a picture would have its record; ValueError if too long.

  A PNG has to be loaded before.
  """
  if isinstance(image, PngImagePlugin.PngImageFile):
    text = image.text.get(_CHUNK)
  else:
    text = image.info.get('comment') or image.getexif().get(_DESCRIPTION)
  if not isinstance(text, (str, bytes)):
    return None
  if len(text) > _LIMIT:
    raise ValueError(f'its record takes more than {_LIMIT} bytes')
  return text


def tags(record: Mapping[str, Any] | None) -> dict[str, str]:
  """The tags that put a record into a film; see `options`."""
  return {} if record is None else {_TAG: _text(record, _LIMIT)}


def of_film(found: Mapping[str, str]) -> str | None:
  """The text where a film would have its record, in the tags of its file."""
  return {k.lower(): v for k, v in found.items()}.get(_TAG)


def decoded(text: str | bytes | None, path: str) -> dict[str, Any]:
  """The record that a text of `of_picture` or `of_film` holds.

  Raises:
    FvizError: there is none; the message names `path`.
  """
  if not text or not text.strip():
    raise FvizError(
      f'{path} carries no recipe: it was not made by fviz, or a program has '
      'stripped its metadata since.'
    )
  try:
    return plain_json.decode(text)
  except FvizError as error:
    raise FvizError(f'The recipe in {path} is {error}.') from error


def _text(record: Mapping[str, Any], limit: int) -> str:
  try:
    text = plain_json.encode(dict(record))
  except (TypeError, ValueError) as error:
    raise FvizError(f'The record does not fit in JSON: {error}.') from error
  if len(text) > limit:
    raise FvizError(
      f'The record takes {len(text)} bytes, more than the {limit} that this '
      'format can hold; a .png holds most.'
    )
  return text
