"""Processes that meet: threads here, real ones in processes_test."""

import concurrent.futures
import contextlib
import json
import socket
import threading
import time

import pytest

from fviz import errors
from fviz.sweep import connections, processes

_LONG = 60.0  # Seconds that nothing here takes.


def _port():
  with socket.socket() as probe:
    probe.bind(('127.0.0.1', 0))
    return probe.getsockname()[1]


@contextlib.contextmanager
def _groups(count, timeout=_LONG):
  """The groups of so many processes that have met, each for one thread.

  `timeout` is for what they say; to meet they may take as long as they need.
  """
  port = _port()
  with concurrent.futures.ThreadPoolExecutor(count) as pool:
    zero = pool.submit(connections.gather, port, count, _LONG)
    others = [
      pool.submit(connections.attend, f'localhost:{port}', count, i, _LONG)
      for i in range(1, count)
    ]
    yield (
      pool,
      [
        processes.Group(0, count, zero.result(), timeout=timeout),
        *(
          processes.Group(i, count, [other.result()], timeout=timeout)
          for i, other in enumerate(others, 1)
        ),
      ],
    )


def _meet(pool, groups, work):
  """What each makes of `work(group)` in a meeting, or the error."""

  def one(group):
    try:
      with group.meeting():
        return work(group)
    except (errors.FvizError, KeyboardInterrupt) as error:
      return error

  return list(pool.map(one, groups))


@pytest.mark.parametrize('count', [2, 5])
def test_all_agree_and_get_what_process_0_makes(count):
  record = {'steps': 8, 'layers': ['a', 'ü'], 'nothing': None}

  def work(group):
    group.agree(record | {'batch': group.index}, ('batch',))
    return group.share(lambda: [group.index, 2.5, list(range(300_000))])

  with _groups(count) as (pool, groups):
    expected = [0, 2.5, list(range(300_000))]
    assert _meet(pool, groups, work) == [expected] * count


def test_another_record_stops_all():
  def work(group):
    group.agree({'steps': 9 if group.index == 2 else 8}, ())

  with _groups(3) as (pool, groups):
    for error in _meet(pool, groups, work):
      assert 'Process 2 has another config' in str(error)
      assert 'steps: 8 -> 9' in str(error)


@pytest.mark.parametrize('who', [0, 2])
@pytest.mark.parametrize('when', ['first', 'agreed', 'shared'])
def test_who_fails_before_the_work_fails_for_all(who, when):
  def work(group):
    fail = lambda now: group.index == who and now == when
    if fail('first'):
      raise errors.FvizError('no such layer')
    group.agree({}, ())
    if fail('agreed'):
      raise KeyboardInterrupt('no such layer')
    group.share(lambda: 1)
    if fail('shared'):
      raise errors.FvizError('no such layer')

  with _groups(3) as (pool, groups):
    for group, error in zip(groups, _meet(pool, groups, work), strict=True):
      assert 'no such layer' in str(error)
      assert group.index == who or f'process {who}' in str(error)


def test_one_that_is_lost_is_noticed_at_once():
  def work(group):
    if group.index == 1:
      group.others[0].close()  # As the system does for a killed process.
      raise errors.FvizError('killed')
    group.agree({}, ())

  begin = time.monotonic()
  with _groups(3) as (pool, groups):
    zero, _, two = _meet(pool, groups, work)
  assert 'Process 1 was lost' in str(zero) and 'Process 1 was lost' in str(two)
  assert time.monotonic() - begin < _LONG / 2


def test_waits_only_so_long_for_one_that_is_slow():
  given_up = threading.Event()

  def work(group):
    if group.index == 1:
      assert given_up.wait(_LONG)
    try:
      group.agree({}, ())
    finally:
      given_up.set()

  with _groups(2, timeout=0.1) as (pool, groups):
    slow = _meet(pool, groups, work)
    assert all('Process 1 was not ready' in str(error) for error in slow)


def test_strangers_are_dropped():
  port = _port()
  said = (
    b'',
    b'GET / HTTP/1.1\r\n\r\n',
    b'\x16\x03\x01' * 1000 + b'\n',
    b'[' * 4000 + b'\n',
    b'{"value": {"fviz": [1]}}\n',
    b'{"value": {"fviz": ["a", 2]}}\n',
    b'{"value": {"fviz": [Infinity, 2]}}\n',
    b'{"value": null}\n',
    b'{"error": "boo"}\n',
    b'a' * 100_000,
  )
  with concurrent.futures.ThreadPoolExecutor(1) as pool:
    zero = pool.submit(connections.gather, port, 2, _LONG)
    for text in said:
      with _reached(port) as stranger:
        with contextlib.suppress(OSError):
          stranger.sendall(text)
        stranger.shutdown(socket.SHUT_WR)
    one = connections.attend(f'127.0.0.1:{port}', 2, 1, _LONG)
    (other,) = zero.result()
    other.say('hello')
    assert one.hear(0, _LONG) == 'hello'
    one.close()
    other.close()


def _reached(port):
  deadline = time.monotonic() + _LONG
  while True:
    try:
      return socket.create_connection(('127.0.0.1', port), 5)
    except OSError:
      assert time.monotonic() < deadline
      time.sleep(0.01)


def test_a_line_is_bounded():
  left, right = map(connections.Connection, socket.socketpair())
  left.say('a' * 5000)
  with pytest.raises(errors.FvizError, match='lost before'):
    right.hear(1, 1.0, longest=4096)
  left.close()
  right.close()


def test_many_small_parts_take_no_longer_than_a_line():
  left, right = socket.socketpair()
  hearer = connections.Connection(right)
  with concurrent.futures.ThreadPoolExecutor(1) as pool, left:
    heard = pool.submit(hearer.hear, 1, 0.3)
    begin = time.monotonic()
    while not heard.done() and time.monotonic() - begin < _LONG:
      left.sendall(b' ')
      time.sleep(0.05)
    with pytest.raises(errors.FvizError, match='Process 1 was not ready'):
      heard.result()
  hearer.close()


@pytest.mark.parametrize(
  'index, count, message',
  [(1, 3, 'Process 1 of 3 came to'), (2, 2, 'Process 2 of 2 came to')],
)
def test_one_that_counts_differently_stops_all(index, count, message):
  port = _port()
  with concurrent.futures.ThreadPoolExecutor(1) as pool:
    zero = pool.submit(connections.gather, port, 2, _LONG)
    with pytest.raises(errors.FvizError, match=message):
      connections.attend(f'127.0.0.1:{port}', count, index, _LONG)
    with pytest.raises(errors.FvizError, match=message):
      zero.result()


def test_one_that_was_started_again_takes_its_place():
  port = _port()
  with concurrent.futures.ThreadPoolExecutor(2) as pool:
    zero = pool.submit(connections.gather, port, 3, _LONG)
    with _reached(port) as killed:
      hello = json.dumps({'value': {'fviz': [1, 3]}}).encode() + b'\n'
      killed.sendall(hello)
    one = pool.submit(connections.attend, f'127.0.0.1:{port}', 3, 1, _LONG)
    time.sleep(0.2)
    two = connections.attend(f'127.0.0.1:{port}', 3, 2, _LONG)
    for number, (other, mine) in enumerate(
      zip(zero.result(), (one.result(), two), strict=True), 1
    ):
      mine.say(number)
      assert other.hear(number, _LONG) == number
      mine.close()
      other.close()
