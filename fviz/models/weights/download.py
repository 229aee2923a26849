"""Published weights into a cache: resumed, verified, renamed when complete."""

import contextlib
import http.client
import os
import pathlib
import urllib.error
import urllib.parse
import urllib.request

import filelock
import tqdm

from fviz import errors
from fviz.media import photos
from fviz.models.weights import sources
from fviz.storage.cache_folder import path as cache

_CHUNK = 1 << 20
_ATTEMPTS = 3  # A dropped connection is resumed at once.
_TIMEOUT = 60  # Seconds without a byte.
# The hub states the sha256 of a file before it redirects to its storage.
_STATED = 'X-Linked-ETag'


def location(name: str, source: sources.Origin) -> pathlib.Path:
  """Where the file of a source lies, or has to be put."""
  file = pathlib.PurePosixPath(urllib.parse.urlsplit(source.url).path).name
  return cache() / name / file


def fetch(name: str, source: sources.Origin) -> pathlib.Path:
  """The file of a source, downloaded once and verified.

  A file put into the cache by hand is verified on its first use.

  Args:
    name: of the source, also its folder in the cache.
    source: what to fetch.

  Raises:
    FvizError: without a network, for an address that is gone, an incomplete or
      a wrong file; it says what to fetch from where, and where to put it.
  """
  if not source.url:
    raise errors.FvizError(
      f'The weights {name} are not published as a file that fviz reads: give '
      'the path of a file that you have.'
    )
  path = location(name, source)
  if path.exists():
    return _trusted(path, name, source)
  with errors.explained(
    f'Cannot write {path}',
    'Set FVIZ_CACHE to a folder with room that you can write to.',
  ):
    path.parent.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(_beside(path, '.lock')):
      if path.exists():  # Another process was faster.
        return _trusted(path, name, source)
      _download(path, name, source)
  return path


def _download(path: pathlib.Path, name: str, source: sources.Origin) -> None:
  partial, stated = _beside(path, '.partial'), ''
  for attempt in range(1, _ATTEMPTS + 1):
    try:
      stated = _transfer(partial, name, source)
      break
    except urllib.error.HTTPError as error:
      error.close()
      why = f'{error.code} {error.reason}'
      raise _failed(path, name, source, why) from error
    except urllib.error.URLError as error:
      raise _failed(path, name, source, str(error.reason)) from error
    except (http.client.HTTPException, ConnectionError, TimeoutError) as error:
      if attempt == _ATTEMPTS:
        why = f'the connection broke ({error}); run again to resume'
        raise _failed(path, name, source, why) from error
  digest, expected = photos.sha256(partial), source.sha256 or stated
  if not digest.startswith(expected):
    partial.unlink()
    raise _wrong(path, name, source, digest, expected)
  _note(path, digest)
  os.replace(partial, path)


def _transfer(partial: pathlib.Path, name: str, source: sources.Origin) -> str:
  """Appends what is missing; the hash that the server states, or ''."""
  have = partial.stat().st_size if partial.exists() else 0
  request = urllib.request.Request(source.url, headers={'User-Agent': 'fviz'})
  if have:
    request.add_header('Range', f'bytes={have}-')
  redirects = _Redirects()
  opener = urllib.request.build_opener(redirects)
  try:
    response = opener.open(request, timeout=_TIMEOUT)
  except urllib.error.HTTPError as error:
    error.close()  # It holds the connection.
    if error.code != 416:
      raise
    error.close()
    if error.headers.get('Content-Range') == f'bytes */{have}':
      return ''  # Nothing is missing: killed before the file was verified.
    partial.unlink()  # What we have is no beginning of this file.
    return _transfer(partial, name, source)
  with response:
    if response.status != 206:  # The server sends the whole file.
      have = 0
    _copy(response, partial, have, name)
    return redirects.stated or _stated(response.headers)


def _copy(response, partial: pathlib.Path, have: int, name: str) -> None:
  length = response.headers.get('Content-Length')
  total = have + int(length) if length else None
  bar = tqdm.tqdm(
    total=total,
    initial=have,
    unit='B',
    unit_scale=True,
    desc=f'Downloading {name}',
    disable=None,  # Silent unless on a terminal.
  )
  with bar, open(partial, 'ab' if have else 'wb') as file:
    while chunk := response.read(_CHUNK):
      file.write(chunk)
      bar.update(len(chunk))
  size = partial.stat().st_size
  if total is not None and size < total:
    raise ConnectionError(f'{size} of {total} bytes came')


class _Redirects(urllib.request.HTTPRedirectHandler):
  """Follows redirects, and notes the hash that the hub states on the way."""

  stated = ''

  def redirect_request(self, req, fp, code, msg, headers, newurl):
    self.stated = _stated(headers) or self.stated
    new = super().redirect_request(req, fp, code, msg, headers, newurl)
    if new is not None and req.has_header('Range'):
      new.add_header('Range', req.get_header('Range', ''))
    return new


def _stated(headers) -> str:
  digest = headers.get(_STATED, '').strip('"')
  return digest if len(digest) == 64 else ''  # Small files state a git hash.


def _trusted(
  path: pathlib.Path, name: str, source: sources.Origin
) -> pathlib.Path:
  """A file in the cache, verified if it did not come through `fetch`."""
  if not _beside(path, '.sha256').exists():
    digest = photos.sha256(path)
    if not digest.startswith(source.sha256):
      raise _wrong(path, name, source, digest, source.sha256)
    with contextlib.suppress(OSError):  # A read-only cache is as good.
      _note(path, digest)
  return path


def _note(path: pathlib.Path, digest: str) -> None:
  _beside(path, '.sha256').write_text(f'{digest}  {path.name}\n')


def _beside(path: pathlib.Path, suffix: str) -> pathlib.Path:
  return path.with_name(path.name + suffix)


def _by_hand(path, source) -> str:
  digest = f' (sha256 {source.sha256}...)' if source.sha256 else ''
  return (
    f'Or fetch {source.url}{digest} elsewhere and put it at {path}, or give '
    'its path as the weights.'
  )


def _failed(path, name, source, why) -> errors.FvizError:
  return errors.FvizError(
    f'Cannot download the weights {name} from {source.url}: {why}. Check the '
    f'network and try again. {_by_hand(path, source)}'
  )


def _wrong(path, name, source, digest, expected) -> errors.FvizError:
  return errors.FvizError(
    f'The weights {name} in {path} are not the published file: sha256 '
    f'{digest}, expected {expected}. Remove what is there and try again. '
    f'{_by_hand(path, source)}'
  )
