"""Files from strangers, for every reader: valid ones, damaged at random.

`READERS` has what `tests/fuzz_test.py` runs a little of and `scripts/fuzz.py`
a lot. A reader may return or raise `FvizError`; anything else is a finding.
"""

from __future__ import annotations

import contextlib
import functools
import io
import json
import logging
import pathlib
import resource
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from typing import NamedTuple

import graphs
import hypothesis.strategies as st
import numpy as np
import safetensors.numpy
from flax import nnx
from PIL import Image, ImageCms

from fviz import config_strings, errors, objectives
from fviz.media import photos, png
from fviz.models import layers, pareidolia
from fviz.models.weights import class_names, filling, tensor_files
from fviz.storage import workdir

_MEGABYTE = 1 << 20
_PHOTO = 2500 * _MEGABYTE  # 90 megapixels with alpha: bytes and floats.
_SMALL = 300 * _MEGABYTE


class Reader(NamedTuple):
  """How a reader is attacked.

  Attributes:
    data: strategy of the file's bytes.
    read: takes its path.
    suffix: of the file.
    memory: bytes by which one case may raise the peak.
  """

  data: Callable[[], st.SearchStrategy[bytes]]
  read: Callable[[pathlib.Path], None]
  suffix: str
  memory: int = _SMALL


def attack(reader: Reader, data: bytes, folder: pathlib.Path) -> bool:
  """Runs one case; whether the file was accepted.

  Raises:
    AssertionError: if it took too much memory.
    Exception: whatever the reader raised but `FvizError`.
  """
  path = folder / f'case{reader.suffix}'
  path.write_bytes(data)
  before = peak()
  logging.disable()  # Readers warn of what they skip.
  try:
    reader.read(path)
  except errors.FvizError:
    return False
  finally:
    logging.disable(logging.NOTSET)
    grown = peak() - before
    assert grown < reader.memory, f'{grown >> 20} MB for {len(data)} bytes'
  return True


def peak() -> int:
  """The most bytes that the process has held so far."""
  return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


# Damage.

_NUMBERS = [
  struct.pack(f, n)
  for n in (0, 1, 0x7F, 0xFF, 0x7FFFFFFF, 0xFFFFFFFF)
  for f in ('<I', '>I')
] + [b'\0', b'\xff', b'\xff' * 8, b'\0' * 8, b'[' * 80, b'1e999', b'-1']


@st.composite
def damaged(draw, seeds: list[bytes], mend=lambda data: data) -> bytes:
  """A seed with some bytes written over, left out, doubled or cut off."""
  data = bytearray(draw(st.sampled_from(seeds)))
  for _ in range(draw(st.integers(0, 5))):
    at = draw(st.integers(0, len(data)))
    match draw(st.integers(0, 5)):
      case 0:
        data[at : at + 1] = draw(st.binary(min_size=1, max_size=1))
      case 1:
        new = draw(st.sampled_from(_NUMBERS))
        data[at : at + len(new)] = new
      case 2:
        del data[at : at + draw(st.integers(1, 40))]
      case 3:
        data[at:at] = data[at : at + draw(st.integers(1, 40))]
      case 4:
        data[at:at] = draw(st.binary(max_size=12))
      case 5:
        del data[at:]
  data = bytes(data)
  return mend(data) if draw(st.booleans()) else data


def _mend_png(data: bytes) -> bytes:
  """Right checksums, so that damage reaches what lies behind them."""
  out, at = data[:8], 8
  while at + 12 <= len(data):
    size = int.from_bytes(data[at : at + 4], 'big')
    body = data[at + 4 : at + 8 + size]
    out += data[at : at + 4] + body + struct.pack('>I', zlib.crc32(body))
    at += 12 + size
  return out


def _in_zip(name: str, content: st.SearchStrategy[bytes], **others: bytes):
  """An intact archive around a damaged member."""

  def pack(data: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, 'w') as archive:
      archive.writestr(name, data)
      for other, value in others.items():
        archive.writestr(f'x/{other}', value)
    return buffer.getvalue()

  return content.map(pack)


# JSON.

_SCALARS = (
  st.none()
  | st.booleans()
  | st.integers()
  | st.floats()
  | st.text(max_size=12)
  | st.sampled_from(
    ['..', '../outside.png', '/etc/passwd', 'images/out/x.png', '\ud800', '\0']
  )
  | st.sampled_from([10**400, -1, 2**63, 1e308])
)
_JSON = st.recursive(
  _SCALARS,
  lambda inner: (
    st.lists(inner, max_size=4)
    | st.dictionaries(st.text(max_size=6), inner, max_size=4)
  ),
  max_leaves=8,
)


def _dump(value) -> bytes:
  return json.dumps(value).encode()


def _ledger_lines():
  numbers = st.integers(0, 3) | _JSON
  record = st.fixed_dictionaries(
    {
      'layer': st.sampled_from(['mixed', 'a/b', '..', '']) | _JSON,
      'channel': numbers,
      'variant': numbers,
    },
    optional={
      'file': st.sampled_from(['images/mixed/0000-00.png']) | _JSON,
      'failed': numbers,
      'history': st.lists(numbers, max_size=3) | _JSON,
      'activation': numbers,
      'metrics': _JSON,
    },
  )
  whole = _dump({'layer': 'mixed', 'channel': 0, 'variant': 0, 'failed': -1})
  line = record.map(_dump) | _JSON.map(_dump) | damaged([whole])
  return st.lists(line, max_size=6).map(b'\n'.join)


def _read_ledger(path: pathlib.Path) -> None:
  directory = _workdir()
  (directory._root / 'ledger-0.jsonl').write_bytes(path.read_bytes())
  finished = directory.finished()
  if not finished:
    raise errors.FvizError('No line was accepted.')
  for unit, record in finished.items():
    file = record.get('file') or directory.relative(directory.image_path(*unit))
    inside = pathlib.Path(directory.resolve(file)).resolve()
    assert inside.is_relative_to(directory._root), inside
    # What a comparison and a sweep compute with.
    record.get('metrics', {}).get('x')
    assert record.get('failed', -1) >= -(2**63)
    for value in [record.get('activation'), *(record.get('history') or [])]:
      float(value or 0)


@functools.cache
def _workdir() -> workdir.Workdir:
  """With a picture inside, one outside, and a link that leads there."""
  root = pathlib.Path(tempfile.mkdtemp())
  directory = workdir.Workdir.open(root / 'work', {})
  png.save(directory.image_path('mixed', 0, 0), np.zeros((2, 2, 3)))
  png.save(root / 'outside.png', np.zeros((2, 2, 3)))
  (root / 'work' / 'images' / 'out').symlink_to(root)
  return directory


_CONFIG = {'model': 'x', 'steps': 8, 'nested': {'a': [1, 2.5], 'b': None}}


def _configs():
  seeds = [json.dumps(_CONFIG, indent=2).encode()]
  deep = st.integers(1, 5000).map(lambda n: b'{"a":' * n + b'1' + b'}' * n)
  lists = st.integers(1, 5000).map(
    lambda n: b'{"a":' + b'[' * n + b']' * n + b'}'
  )
  return damaged(seeds) | _JSON.map(_dump) | deep | lists


def _read_config(path: pathlib.Path) -> None:
  with tempfile.TemporaryDirectory(dir=path.parent) as folder:
    (pathlib.Path(folder) / 'config.json').write_bytes(path.read_bytes())
    workdir.Workdir.open(folder, _CONFIG).close()


def _texts():
  part = st.sampled_from(
    ['channel', 'logit', '(', ')', "'mixed'", '1', ',', '-', '+', '*', '|']
    + ['x=', '**', '[', ']', 'lambda:', '__import__', '.', '"', ' ', 'e9', '\0']
  )
  text = st.lists(part, max_size=12).map(''.join) | st.text(max_size=20)
  repeated = st.tuples(part, st.integers(1, 4000), text).map(
    lambda p: p[0] * p[1] + p[2]
  )
  return (text | repeated).map(lambda t: t.encode(errors='replace'))


def _read_text(path: pathlib.Path) -> None:
  text = path.read_bytes().decode()
  with contextlib.suppress(errors.FvizError):
    config_strings.expression(text, 'objective', objectives)
  config_strings.calls(text)


# Pictures.


def _saved(format_: str, mode: str = 'RGB', **options) -> bytes:
  buffer, image = io.BytesIO(), Image.new(mode, (8, 6), None)
  image.save(buffer, format_, **options)
  return buffer.getvalue()


def _png(record) -> bytes:
  with tempfile.TemporaryDirectory() as folder:
    path = pathlib.Path(folder) / 'x.png'
    png.save(path, np.zeros((6, 8, 3)), record)
    return path.read_bytes()


@functools.cache
def _pngs() -> list[bytes]:
  return [
    _png({'model': 'x', 'steps': [1, 2]}),
    _saved('PNG', 'RGBA'),
    _saved('PNG', 'P', transparency=0),
    _saved('PNG', 'I;16'),
    _saved('PNG', 'LA'),
  ]


@functools.cache
def _pictures() -> list[bytes]:
  exif = Image.Exif()
  exif[0x0112], exif[0x010E] = 6, '{"model": "x"}'
  profile = ImageCms.ImageCmsProfile(ImageCms.createProfile('sRGB')).tobytes()
  frames = [Image.new('P', (8, 6), i) for i in range(2)]
  odd = Image.Exif()
  odd[0x010E] = 7  # A number where a text belongs.
  return [
    _saved('JPEG', comment=b'{"model": "x"}', icc_profile=profile),
    _saved('JPEG', exif=exif),
    _saved('JPEG', 'CMYK'),
    _saved('WEBP', exif=exif),
    _saved('WEBP', exif=odd),
    _saved('TIFF', tiffinfo={0x010E: 'text'}),
    _saved('TIFF', 'F', compression='tiff_lzw'),
    _saved('GIF'),
    _saved('GIF', 'P', save_all=True, append_images=frames),
    _saved('BMP'),
    _saved('PPM'),
  ]


def _photos():
  return damaged(_pngs(), _mend_png) | damaged(_pictures())


# Weights.


class _Net(nnx.Module):
  def __init__(self, rngs):
    self.conv = layers.conv(3, 2, 3, rngs=rngs)
    self.fc = nnx.Linear(2, 4, rngs=rngs)


_TENSORS = {
  'conv.weight': np.zeros((2, 3, 3, 3), np.float32),
  'conv.bias': np.zeros(2, np.float16),
  'fc.weight': np.zeros((4, 2), np.float32),
  'fc.bias': np.arange(4),
}


def _read_weights(path: pathlib.Path) -> None:
  """And into a module, where it might fit."""
  tensors = tensor_files.read(path)
  with contextlib.suppress(errors.FvizError):
    filling.fill(
      _module(),
      tensors,
      filling.torch_key,
      str(path),
      convert=filling.from_torch,
    )


@functools.cache
def _module() -> nnx.Module:
  return nnx.eval_shape(lambda: _Net(nnx.Rngs(0)))


@st.composite
def _safetensors(draw):
  """A header made at random, over a few bytes."""
  dtypes = 'F32 F16 BF16 F64 I64 BOOL U8 F8_E4M3 C64 X'.split()
  sizes = st.integers(0, 4) | st.sampled_from([2**31, 2**63 - 1, 2**64, -1])
  tensor = st.fixed_dictionaries(
    {
      'dtype': st.sampled_from(dtypes),
      'shape': st.lists(sizes, max_size=5),
      'data_offsets': st.tuples(sizes | st.integers(0, 64), sizes),
    }
  )
  names = st.sampled_from([*_TENSORS, '__metadata__', 'x'])
  header = _dump(draw(st.dictionaries(names, tensor | _JSON, max_size=3)))
  size = draw(st.just(len(header)) | st.sampled_from([0, 2**40, 2**64 - 1]))
  return struct.pack('<Q', size) + header + draw(st.binary(max_size=64))


def _safetensors_files():
  return damaged([safetensors.numpy.save(_TENSORS)]) | _safetensors()


def _embedded_files():
  description = st.fixed_dictionaries(
    {
      'labels': st.lists(st.text(), min_size=1) | _JSON,
      'width': st.just(1) | _JSON,
    }
  )
  text = description.map(json.dumps) | _JSON.map(json.dumps)
  tensors = {'statistics/x': np.zeros((2, 3), np.float16)}
  return text.map(lambda t: safetensors.numpy.save(tensors, {'pareidolia': t}))


@st.composite
def _graph_files(draw):
  graph = graphs.graph_pb2.GraphDef()
  for name in draw(st.lists(st.sampled_from('abc'), max_size=3)):
    graphs._const(graph, name, np.ones((2, 2), np.float32))
    tensor = graph.node[-1].attr['value'].tensor
    tensor.dtype = draw(st.integers(0, 24))
    sizes = st.integers(-1, 4) | st.sampled_from([2**20, 2**40, 2**62])
    del tensor.tensor_shape.dim[:]
    for size in draw(st.lists(sizes, max_size=3)):
      tensor.tensor_shape.dim.add().size = size
    if draw(st.booleans()):
      tensor.tensor_content = draw(st.binary(max_size=64))
    else:
      tensor.tensor_content = b''
      tensor.float_val.extend(draw(st.lists(st.just(1.0), max_size=4)))
  return graph.SerializeToString()


def _graphs():
  graph = graphs.graph_pb2.GraphDef()
  graphs._const(graph, 'conv_w', np.ones((2, 2), np.float32))
  seeds = damaged([graph.SerializeToString()])
  plain = seeds | _graph_files()
  bomb = io.BytesIO()
  with zipfile.ZipFile(bomb, 'w', zipfile.ZIP_DEFLATED) as archive:
    archive.writestr('x.pb', bytes(40 * _MEGABYTE))
    archive.writestr(class_names.BESIDE_GRAPH, bytes(1000))
  return plain | _in_zip('x.pb', plain) | damaged([bomb.getvalue()])


def _read_graph(path: pathlib.Path) -> None:
  try:
    _read_weights(path)
  finally:
    class_names.beside(path)


def _torch_files():
  import torch

  tensors = {k: torch.tensor(v) for k, v in _TENSORS.items()}
  tensors['half'] = torch.zeros(3, dtype=torch.bfloat16)
  tensors['wide'] = torch.zeros(1).expand(4)
  files = []
  for zipped in (True, False):
    buffer = io.BytesIO()
    torch.save(tensors, buffer, _use_new_zipfile_serialization=zipped)
    files.append(buffer.getvalue())
  with zipfile.ZipFile(io.BytesIO(files[0])) as archive:
    members = {n: archive.read(n) for n in archive.namelist()}
  [pickled] = [v for n, v in members.items() if n.endswith('data.pkl')]
  rest = {
    n.partition('/')[2]: v
    for n, v in members.items()
    if not n.endswith('data.pkl')
  }
  inner = _in_zip('x/data.pkl', damaged([pickled]), **rest)
  return damaged(files) | inner


READERS = {
  'ledger': Reader(_ledger_lines, _read_ledger, '.jsonl'),
  'config': Reader(_configs, _read_config, '.json'),
  'text': Reader(_texts, _read_text, '.txt'),
  'safetensors': Reader(_safetensors_files, _read_weights, '.safetensors'),
  'embedded': Reader(_embedded_files, pareidolia.statistics, '.safetensors'),
  'graph': Reader(_graphs, _read_graph, '.pb'),
  'torch': Reader(_torch_files, _read_weights, '.pth'),
  # The last, as they may raise the peak of memory the most.
  'photo': Reader(_photos, photos.read, '.img', _PHOTO),
  'png': Reader(lambda: damaged(_pngs(), _mend_png), png.read, '.png', _PHOTO),
  'record': Reader(_photos, photos.read_record, '.img', _PHOTO),
}
