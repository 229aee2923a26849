"""How processes talk before they share work: lines of JSON over a socket.

Process 0 listens, and each of the others holds one connection to it. Nothing
that arrives is trusted: a line is JSON of bounded size, and a connection that
does not greet as a process of this run is dropped. There is no password, so the
port should be open to the machines of the run only.
"""

from __future__ import annotations

import contextlib
import socket
import time
from typing import Any

from fviz import errors
from fviz.storage import plain_json

_GREETING = 1 << 12  # Bytes of a line from whoever connects.
_LONGEST = 1 << 28  # Bytes of a line from a process of the run.
_PATIENCE = 5.0  # Seconds for a stranger to greet, or for one try to connect.
_SENDING = 60.0  # Seconds in which a line must be on its way.
_PAUSE = 0.2  # Seconds between two tries.


class _Silent(errors.FvizError):
  """Nothing was heard in time."""


class Connection:
  """A connection to another process; takes over an open socket."""

  def __init__(self, opened: socket.socket):
    self._socket, self._file = opened, opened.makefile('rb')
    # A line may be long in coming, and networks drop what seems dead.
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

  def say(self, value: Any) -> None:
    """Sends plain data to `hear` at the other end."""
    self._send({'value': value})

  def say_error(self, message: str) -> None:
    """Makes `hear` at the other end raise an FvizError with this message."""
    self._send({'error': message})

  def hear(self, who: int, seconds: float, longest: int = _LONGEST) -> Any:
    """Waits for what the other process says.

    Args:
      who: its number, for messages.
      seconds: to wait, at most.
      longest: bytes of its line, at most.

    Raises:
      FvizError: the other process reports an error, is silent for too long,
        is gone, or says what is no line of JSON.
    """
    try:
      self._socket.settimeout(seconds)
      line = self._file.readline(longest)
    except TimeoutError as error:
      raise _Silent(
        f'Process {who} was not ready within {seconds:.0f} s, see what it '
        'says. Start all processes again, with a longer join_timeout if it '
        'was still loading.'
      ) from error
    except OSError:
      line = b''
    if not line.endswith(b'\n'):
      raise errors.FvizError(
        f'Process {who} was lost before the work began, see what it says. '
        'Start all processes again.'
      )
    said = plain_json.decode(line)
    if 'error' in said:
      raise errors.FvizError(str(said['error']))
    return said.get('value')

  def close(self) -> None:
    """Ends the connection."""
    self._file.close()
    self._socket.close()

  def _send(self, line: dict[str, Any]) -> None:
    # Who is gone is noticed, and named, when it should have spoken.
    with contextlib.suppress(OSError):
      self._socket.settimeout(_SENDING)
      self._socket.sendall(plain_json.encode(line).encode() + b'\n')


def gather(port: int, count: int, timeout: float) -> list[Connection]:
  """Process 0: waits until all others have come, and tells them so.

  Args:
    port: where to listen.
    count: of processes, this one included.
    timeout: seconds to wait for them.

  Returns:
    The connections to processes 1 to count - 1, in order.

  Raises:
    FvizError: the port is taken, not all came in time, or one that came has
      another count or a number out of range.
  """
  deadline = time.monotonic() + timeout
  others: dict[int, Connection] = {}
  try:
    with _listening(port) as server:
      while len(others) < count - 1:
        server.settimeout(max(deadline - time.monotonic(), 0.001))
        _greet(server.accept()[0], count, others)
  except BaseException as error:
    if isinstance(error, TimeoutError):
      error = _not_all(0, f'port {port}', count, timeout)
    for other in others.values():
      other.say_error(f'process 0: {error}')
      other.close()
    raise error from None
  for other in others.values():
    other.say(None)
  return [others[index] for index in sorted(others)]


def attend(
  coordinator: str, count: int, index: int, timeout: float
) -> Connection:
  """Any other process: connects to process 0 and waits until all have come.

  Args:
    coordinator: 'host:port' where process 0 listens.
    count: of processes.
    index: of this one.
    timeout: seconds to wait for process 0 and the others.

  Raises:
    FvizError: nobody answers, not all came in time, or process 0 refuses.
  """
  deadline = time.monotonic() + timeout
  zero = Connection(_connected(coordinator, deadline))
  try:
    zero.say({'fviz': [index, count]})
    zero.hear(0, max(deadline - time.monotonic(), 1.0))
  except BaseException as error:
    zero.close()
    if isinstance(error, _Silent):
      raise _not_all(index, coordinator, count, timeout) from error
    raise
  return zero


def _listening(port: int) -> socket.socket:
  both = socket.has_dualstack_ipv6()
  family = socket.AF_INET6 if both else socket.AF_INET
  try:
    return socket.create_server(('', port), family=family, dualstack_ipv6=both)
  except OSError as error:
    raise errors.FvizError(
      f'Port {port} is taken or closed to you on this machine '
      f'({error.strerror}): is another process 0 running? Give another port in '
      'coordinator.'
    ) from error


def _greet(
  made: socket.socket, count: int, others: dict[int, Connection]
) -> None:
  """Takes in a process of the run; hangs up on anybody else."""
  other = Connection(made)
  try:
    index, theirs = map(int, other.hear(-1, _PATIENCE, _GREETING)['fviz'])
  except (KeyError, TypeError, ValueError):  # FvizErrors are ValueErrors.
    other.close()
    return
  if theirs != count or not 0 < index < count:
    problem = (
      f'Process {index} of {theirs} came to process 0 of {count}: start all '
      f'with the same processes, and each with a number of its own, 0 to '
      f'{count - 1}.'
    )
    other.say_error(problem)
    other.close()
    raise errors.FvizError(problem)
  if earlier := others.pop(index, None):  # It may have been started again.
    earlier.say_error(f'Another process {index} has come after this one.')
    earlier.close()
  others[index] = other


def _connected(coordinator: str, deadline: float) -> socket.socket:
  """Tries until somebody listens there."""
  host, _, port = coordinator.rpartition(':')
  while True:
    try:
      made = socket.create_connection((host.strip('[]'), int(port)), _PATIENCE)
      # A port of this machine that nobody listens at may connect to itself.
      if made.getsockname() != made.getpeername():
        return made
      made.close()
      problem = 'connection refused'
    except OSError as error:
      problem = error.strerror or str(error)
    if time.monotonic() > deadline:
      raise errors.FvizError(
        f'Nobody answers at the coordinator {coordinator} ({problem}). Start '
        'process 0 on that machine, and see that the port is open from here '
        f'({socket.gethostname()}).'
      )
    time.sleep(_PAUSE)


def _not_all(
  index: int, where: str, count: int, timeout: float
) -> errors.FvizError:
  return errors.FvizError(
    f'Process {index} is at {where}, but not all {count} processes came within '
    f'{timeout:.0f} s. See what the others say; each needs a number of its '
    f'own, 0 to {count - 1}, and the same processes.'
  )
