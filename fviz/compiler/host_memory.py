"""How much memory of the host there is to use."""

import pathlib

# Of this process's control group, of version 2 and 1: what it may use, what it
# uses, and which line of its statistics says what the kernel would give back.
_GROUPS = (
  ('memory.max', 'memory.current', 'inactive_file'),
  (
    'memory/memory.limit_in_bytes',
    'memory/memory.usage_in_bytes',
    'total_inactive_file',
  ),
)


def available(groups: pathlib.Path = pathlib.Path('/sys/fs/cgroup')) -> int:
  """Bytes that programs can have without swapping.

  Files that the system only keeps in memory because it is free count as
  available: whether they were read lately changes no picture. A container's
  limit counts as well.

  Args:
    groups: where the system describes control groups, on Linux.
  """
  import psutil  # Here, as it would slow down `import fviz`.

  left = [_left(groups, *names) for names in _GROUPS]
  return min([psutil.virtual_memory().available, *filter(None, left)])


def _left(
  groups: pathlib.Path, limit: str, usage: str, kept: str
) -> int | None:
  """What a control group leaves; None where it has no limit."""
  try:
    most = int((groups / limit).read_text())
    used = int((groups / usage).read_text())
    lines = (groups / limit).with_name('memory.stat').read_text().splitlines()
    files = dict(line.split() for line in lines).get(kept, '0')
  except (OSError, ValueError):  # Not Linux, or 'max'.
    return None
  return max(1, most - used + int(files))
