"""Records in the metadata of files: where they are, byte for byte."""

import io
import json
import struct

import numpy as np
import pytest
from PIL import Image

from fviz.errors import FvizError
from fviz.media import metadata

_RECORD = {'layer': 'ü "4"', 'seed': 3, 'loss': np.float32(0.5)}
_TEXT = b'{"layer": "\\u00fc \\"4\\"", "seed": 3, "loss": 0.5}'
_SIZE = len(_TEXT)


def _saved(kind, record):
  buffer = io.BytesIO()
  image = Image.new('RGB', (3, 2))
  image.save(buffer, kind, **metadata.options(kind, record))
  return buffer.getvalue()


@pytest.mark.parametrize(
  'kind, expected',
  [
    ('png', struct.pack('>I', _SIZE + 5) + b'tEXtfviz\0' + _TEXT),
    ('jpeg', b'\xff\xfe' + struct.pack('>H', _SIZE + 2) + _TEXT),
    ('gif', b'!\xfe' + struct.pack('B', _SIZE) + _TEXT + b'\0'),
    # Tag, kind (text), length with its end, and where it begins.
    ('webp', struct.pack('>HHII', 0x010E, 2, _SIZE + 1, 26)),
    ('webp', _TEXT + b'\0'),
  ],
)
def test_where_the_record_is(kind, expected):
  data = _saved(kind, _RECORD)
  assert data.count(expected) == 1
  with Image.open(io.BytesIO(data)) as image:
    image.load()
    text = metadata.of_picture(image)
  assert metadata.decoded(text, 'a') == json.loads(_TEXT)


@pytest.mark.parametrize('kind', ['png', 'jpeg', 'webp', 'gif'])
def test_no_record(kind):
  with Image.open(io.BytesIO(_saved(kind, None))) as image:
    image.load()
    assert not metadata.of_picture(image)


def test_films_have_it_in_a_tag():
  tags = metadata.tags(_RECORD)
  assert tags == {'comment': _TEXT.decode()} and metadata.tags(None) == {}
  # Matroska writes names of tags in capitals.
  found = metadata.of_film({'ENCODER': 'x', 'COMMENT': tags['comment']})
  assert metadata.decoded(found, 'a') == json.loads(_TEXT)
  assert metadata.of_film({'encoder': 'x'}) is None


@pytest.mark.parametrize(
  'kind, most', [('png', 1 << 20), ('jpeg', 65_000), ('webp', 65_000)]
)
def test_long_records_are_refused(kind, most):
  extra = len('{"a": ""}')
  _saved(kind, {'a': 'x' * (most - extra)})
  with pytest.raises(FvizError, match='record takes'):
    metadata.options(kind, {'a': 'x' * (most - extra + 1)})
  with pytest.raises(FvizError, match='JSON'):
    metadata.options(kind, {'a': object()})


@pytest.mark.parametrize(
  'text, message',
  [
    (None, 'a.png carries no recipe'),
    ('', 'no recipe'),
    (b' \n', 'no recipe'),
    ('taken in Rome', 'The recipe in a.png is not JSON'),
    ('[1]', 'not a JSON object'),
  ],
)
def test_texts_that_are_no_records(text, message):
  with pytest.raises(FvizError, match=message):
    metadata.decoded(text, 'a.png')
