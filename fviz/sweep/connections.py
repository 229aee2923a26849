"""How processes talk before they share work: lines of JSON over a socket.

Process 0 listens, and each of the others holds one connection to it. Nothing
that arrives is trusted: a line is JSON of bounded size, and a connection that
does not greet as a process of this run is dropped. There is no password, so the
port should be open to the machines of the run only.

`count` is the number of all processes; times are in seconds.
"""

import contextlib
import socket
import time
from typing import Any

from fviz import errors
from fviz.storage import plain_json

_GREETING = 1 << 12  # Bytes of a line from whoever connects.
_LONGEST = 1 << 28  # Bytes of a line from a process of the run.
_PATIENCE = 5.0  # For a stranger to greet, or for one try to connect.
_SENDING = 60.0  # Until a line must be on its way.
_PAUSE = 0.2  # Between two tries.


class Connection:
  """A connection to another process; takes over an open socket."""

  def __init__(self, opened: socket.socket):
    self._socket, self._file = opened, opened.makefile('rb')
    # A line may be long in coming, and networks drop what seems dead.
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

  def say(self, value: Any, error: str = '') -> None:
    """Sends plain data to `hear` at the other end; it raises the error."""
    line = plain_json.encode({'value': value, 'error': error})
    # Who is gone is noticed, and named, when it should have spoken.
    with contextlib.suppress(OSError):
      self._socket.settimeout(_SENDING)
      self._socket.sendall(line.encode() + b'\n')

  def hear(
    self, who: int, seconds: float, late: str = '', longest: int = _LONGEST
  ) -> Any:
    """What process `who` says in time, in a line of at most so many bytes.

    Raises:
      FvizError: it reports an error, is silent for too long (`late` is another
        message for that), is gone, or says what is no line of JSON.
    """
    line, deadline = bytearray(), time.monotonic() + seconds
    try:
      while not line.endswith(b'\n'):
        # Anew for each part: many small ones may not take longer.
        self._socket.settimeout(max(deadline - time.monotonic(), 0.001))
        if not (part := self._file.peek()[: longest - len(line)]):
          break
        line += self._file.readline(len(part))
    except TimeoutError as error:
      raise errors.FvizError(
        late
        or f'Process {who} was not ready within {seconds:.0f} s, see what it '
        'says. Start all processes again, with a longer join_timeout if it '
        'was still loading.'
      ) from error
    except OSError:
      pass  # Half a line is what there is of it.
    if not line.endswith(b'\n'):
      raise errors.FvizError(
        f'Process {who} was lost before the work began, see what it says. '
        'Start all processes again.'
      )
    said = plain_json.decode(bytes(line))
    if said.get('error'):
      raise errors.FvizError(str(said['error']))
    return said.get('value')

  def close(self, error: str = '') -> None:
    """Ends the connection, with an error for the other end if there is one."""
    if error:
      self.say(None, error)
    self._file.close()
    self._socket.close()


def gather(port: int, count: int, timeout: float) -> list[Connection]:
  """Process 0: listens until all others have come; connections in their order.

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
      error = errors.FvizError(_not_all(0, f'port {port}', count, timeout))
    for other in others.values():
      other.close(f'process 0: {error}')
    raise error from None
  for other in others.values():
    other.say(None)
  return [others[index] for index in sorted(others)]


def attend(
  coordinator: str, count: int, index: int, timeout: float
) -> Connection:
  """Process `index`: connects to process 0 and waits until all have come.

  Raises:
    FvizError: nobody answers at 'host:port', not all came in time, or process 0
      refuses.
  """
  deadline = time.monotonic() + timeout
  zero = Connection(_connected(coordinator, deadline))
  try:
    zero.say({'fviz': [index, count]})
    left = max(deadline - time.monotonic(), 1.0)
    zero.hear(0, left, _not_all(index, coordinator, count, timeout))
  except BaseException:
    zero.close()
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
  opened: socket.socket, count: int, others: dict[int, Connection]
) -> None:
  """Takes in a process of the run; hangs up on anybody else."""
  other = Connection(opened)
  try:
    greeting = other.hear(-1, _PATIENCE, longest=_GREETING)
    index, theirs = map(int, greeting['fviz'])
  except (LookupError, OverflowError, TypeError, ValueError):
    return other.close()  # FvizErrors are ValueErrors.
  if theirs != count or not 0 < index < count:
    problem = (
      f'Process {index} of {theirs} came to process 0 of {count}: start all '
      f'with the same processes, and each with a number of its own, 0 to '
      f'{count - 1}.'
    )
    other.close(problem)
    raise errors.FvizError(problem)
  if earlier := others.pop(index, None):  # It may have been started again.
    earlier.close(f'Another process {index} has come after this one.')
  others[index] = other


def _connected(coordinator: str, deadline: float) -> socket.socket:
  """Tries until somebody listens there."""
  host, _, port = coordinator.rpartition(':')
  while True:
    try:
      opened = socket.create_connection((host.strip('[]'), port), _PATIENCE)
      # A port of this machine that nobody listens at may connect to itself.
      if opened.getsockname() != opened.getpeername():
        return opened
      opened.close()
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


def _not_all(index: int, where: str, count: int, timeout: float) -> str:
  return (
    f'Process {index} is at {where}, but not all {count} processes came within '
    f'{timeout:.0f} s. See what the others say; each needs a number of its '
    f'own, 0 to {count - 1}, and the same processes.'
  )
