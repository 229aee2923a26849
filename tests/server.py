"""A real TensorBoard server for tests."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request


@contextlib.contextmanager
def serving(logdir, log):
  """Yields a function (path, **query) -> bytes that asks about a directory.

  Args:
    logdir: of the event files.
    log: path of a file for what the server says.
  """
  with socket.socket() as free:
    free.bind(('127.0.0.1', 0))
    port = free.getsockname()[1]
  with log.open('w') as file:
    server = _start(logdir, port, file)
  try:
    url = f'http://127.0.0.1:{port}'
    _wait(url, server, log)
    yield lambda path, **query: _get(f'{url}/data/{path}', **query)
  finally:
    server.kill()
    server.wait()


def _get(url, **query):
  url += '?' + urllib.parse.urlencode(query) if query else ''
  with urllib.request.urlopen(url, timeout=10) as reply:
    return reply.read()


def _start(logdir, port, log):
  arguments = dict(
    logdir=logdir,
    port=port,
    host='127.0.0.1',
    load_fast=False,
    # All of it is read before the first answer: else runs are there, empty.
    reload_interval=0,
    reload_task='blocking',
  )
  flags = [f'--{k}={str(v).lower()}' for k, v in arguments.items()]
  flags[0] = f'--logdir={logdir}'
  return subprocess.Popen(
    [sys.executable, '-m', 'tensorboard.main', *flags],
    stdout=log,
    stderr=subprocess.STDOUT,
    # Nothing here needs the accelerator or the network.
    env={**os.environ, 'JAX_PLATFORMS': 'cpu'},
    cwd=logdir,
  )


def _wait(url, server, log):
  """Waits until the server has loaded the runs."""
  for _ in range(1200):
    try:
      if json.loads(_get(f'{url}/data/runs')):
        return
    except (urllib.error.URLError, OSError):
      pass
    assert server.poll() is None, log.read_text()
    time.sleep(0.1)
  raise AssertionError(log.read_text())
