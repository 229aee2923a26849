"""Downloads, against a server on the loopback interface."""

import hashlib
import http.server
import re
import threading

import numpy as np
import pytest
import safetensors.numpy

from fviz import errors
from fviz.models.weights import download, sources
from fviz.storage import cache_folder

_DATA = np.random.default_rng(0).bytes(3_000_000)
_HASH = hashlib.sha256(_DATA).hexdigest()


class _Handler(http.server.BaseHTTPRequestHandler):
  """Serves one file with ranges; the path says what goes wrong.

  /file.bin is right, /cut.bin always breaks off after a third of what is
  asked, /once.bin only the first time, /whole.bin ignores ranges, /hub.bin
  redirects and states a hash, /liar.bin states a wrong one.
  """

  def do_GET(self):
    self.server.requests.append((self.path, self.headers.get('Range')))
    if self.path in ('/hub.bin', '/liar.bin'):
      self.send_response(302)
      self.send_header('Location', '/file.bin')
      stated = _HASH if self.path == '/hub.bin' else '0' * 64
      self.send_header('X-Linked-ETag', f'"{stated}"')
      self.end_headers()
      return
    if self.path == '/none.bin':
      self.send_error(404)
      return
    start = self._start()
    if start >= len(_DATA):
      self.send_response(416)
      self.send_header('Content-Range', f'bytes */{len(_DATA)}')
      self.end_headers()
      return
    self.send_response(206 if start else 200)
    rest = _DATA[start:]
    self.send_header('Content-Length', str(len(rest)))
    self.end_headers()
    seen = [path for path, _ in self.server.requests].count(self.path)
    if self.path == '/cut.bin' or (self.path == '/once.bin' and seen == 1):
      rest = rest[: len(rest) // 3]
    self.wfile.write(rest)

  def _start(self):
    found = re.fullmatch(r'bytes=(\d+)-', self.headers.get('Range') or '')
    return int(found[1]) if found and self.path != '/whole.bin' else 0

  def log_message(self, *unused):
    pass


@pytest.fixture
def server(monkeypatch, tmp_path):
  """A server; downloads go to tmp_path / 'cache'."""
  monkeypatch.setenv('FVIZ_CACHE', str(tmp_path / 'cache'))
  server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), _Handler)
  server.requests = []
  thread = threading.Thread(
    target=server.serve_forever, args=(0.02,), daemon=True
  )
  thread.start()
  yield server
  server.shutdown()
  server.server_close()


def _source(server, file, sha256=_HASH):
  url = f'http://127.0.0.1:{server.server_port}/{file}'
  return sources.Origin('model', url, sha256, 'none')


def _partial(name, file, data):
  path = cache_folder.path() / name / f'{file}.partial'
  path.parent.mkdir(parents=True)
  path.write_bytes(data)


def test_downloaded_once_and_kept(server):
  source = _source(server, 'file.bin')
  path = download.fetch('net', source)
  assert path == cache_folder.path() / 'net' / 'file.bin'
  assert path.read_bytes() == _DATA
  assert download.fetch('net', source) == path
  assert server.requests == [('/file.bin', None)]
  assert not path.with_name('file.bin.partial').exists()


def test_leading_digits_of_a_hash_are_enough(server):
  assert download.fetch('net', _source(server, 'file.bin', _HASH[:8])).exists()


def test_broken_connection_is_resumed(server):
  path = download.fetch('net', _source(server, 'once.bin'))
  assert path.read_bytes() == _DATA
  assert [r for _, r in server.requests] == [None, 'bytes=1000000-']


def test_part_of_an_earlier_run_is_resumed(server):
  _partial('net', 'file.bin', _DATA[:70_000])
  assert download.fetch('net', _source(server, 'file.bin')).read_bytes() == (
    _DATA
  )
  assert server.requests == [('/file.bin', 'bytes=70000-')]


def test_whole_part_is_only_verified(server):
  _partial('net', 'file.bin', _DATA)
  path = download.fetch('net', _source(server, 'file.bin'))
  assert path.read_bytes() == _DATA


def test_too_long_a_part_is_dropped(server):
  _partial('net', 'file.bin', _DATA + b'more')
  path = download.fetch('net', _source(server, 'file.bin'))
  assert path.read_bytes() == _DATA


def test_server_without_ranges_starts_over(server):
  _partial('net', 'whole.bin', b'other bytes')
  path = download.fetch('net', _source(server, 'whole.bin'))
  assert path.read_bytes() == _DATA


def test_truncated_says_how_much_came_and_keeps_it(server):
  source = _source(server, 'cut.bin')
  with pytest.raises(errors.FvizError, match='of 3000000 bytes') as error:
    download.fetch('net', source)
  assert 'run again to resume' in str(error.value)
  path = download.location('net', source)
  assert not path.exists()
  part = path.with_name('cut.bin.partial').read_bytes()
  assert part == _DATA[: len(part)] and len(part) > 2_000_000


def test_wrong_hash_is_refused_and_removed(server):
  source = _source(server, 'file.bin', 'abc123')
  with pytest.raises(errors.FvizError, match='abc123') as error:
    download.fetch('net', source)
  assert _HASH in str(error.value) and source.url in str(error.value)
  folder = download.location('net', source).parent
  assert [p.name for p in folder.iterdir()] == ['file.bin.lock']


def test_hash_stated_by_the_hub_is_checked_without_another(server):
  path = download.fetch('net', _source(server, 'hub.bin', ''))
  assert path.read_bytes() == _DATA
  assert path.with_name('hub.bin.sha256').read_text().startswith(_HASH)
  with pytest.raises(errors.FvizError, match='not the published file'):
    download.fetch('liar', _source(server, 'liar.bin', ''))


def test_range_survives_the_redirect(server):
  _partial('net', 'hub.bin', _DATA[:50])
  download.fetch('net', _source(server, 'hub.bin', ''))
  assert server.requests[-1] == ('/file.bin', 'bytes=50-')


@pytest.mark.parametrize('file, why', [('none.bin', '404'), ('x.bin', None)])
def test_failure_says_what_to_fetch_and_where_to_put_it(server, file, why):
  source = _source(server, file)
  if why is None:  # Nobody listens any more.
    server.shutdown()
    server.server_close()
  with pytest.raises(errors.FvizError, match=why or 'refused') as error:
    download.fetch('net', source)
  message = str(error.value)
  assert source.url in message and _HASH in message
  assert str(download.location('net', source)) in message


def test_file_put_there_by_hand_is_verified_once(server):
  source = _source(server, 'file.bin')
  path = download.location('net', source)
  path.parent.mkdir(parents=True)
  path.write_bytes(b'something else')
  with pytest.raises(errors.FvizError, match='not the published file'):
    download.fetch('net', source)
  path.write_bytes(_DATA)
  assert download.fetch('net', source) == path
  path.write_bytes(b'changed')  # Later uses trust it.
  assert download.fetch('net', source) == path
  assert not server.requests


def test_source_without_address_asks_for_a_file():
  source = sources.SOURCES['squeezenet1_0_caffe']
  with pytest.raises(errors.FvizError, match='give the path of a file'):
    download.fetch('squeezenet1_0_caffe', source)


def test_folder_that_cannot_be_written(monkeypatch, tmp_path):
  (tmp_path / 'file').write_text('')
  monkeypatch.setenv('FVIZ_CACHE', str(tmp_path / 'file'))
  source = sources.Origin('model', 'http://127.0.0.1:9/x.bin', '', 'none')
  with pytest.raises(errors.FvizError, match='Set FVIZ_CACHE'):
    download.fetch('net', source)


def test_cache_follows_the_environment(monkeypatch, tmp_path):
  monkeypatch.setenv('FVIZ_CACHE', str(tmp_path))
  assert cache_folder.path() == tmp_path
  monkeypatch.delenv('FVIZ_CACHE')
  monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path))
  assert cache_folder.path() == tmp_path / 'fviz'


def test_every_source_is_complete():
  for name, source in sources.SOURCES.items():
    assert source.licence, name
    assert re.fullmatch(r'[0-9a-f]{8}([0-9a-f]{56})?|', source.sha256), name
    assert not source.url or source.url.startswith('https://'), name
    if 'resolve/main' in source.url or (source.url and not source.sha256):
      assert 'huggingface.co' in source.url  # It states the hash.
    assert len(source.mean) == len(source.std) == 3


def test_load_downloads_what_is_published(server, monkeypatch):
  """From the name of a model to its file, without the network it names."""
  from fviz import models

  source = _source(server, 'file.bin')._replace(model='alexnet')
  monkeypatch.setitem(sources.SOURCES, 'alexnet_tv', source)
  with pytest.raises(errors.FvizError, match='no known format'):
    models.load('alexnet')
  assert server.requests[0][0] == '/file.bin'


def test_truncated_safetensors(tmp_path):
  from fviz.models.weights import tensor_files

  path = tmp_path / 'x.safetensors'
  safetensors.numpy.save_file({'a': np.zeros(100, np.float32)}, path)
  path.write_bytes(path.read_bytes()[:-8])
  with pytest.raises(errors.FvizError, match='truncated'):
    tensor_files.read(path)
