"""JSON from files that anybody may have edited."""

import json
import math
from typing import Any, SupportsFloat

from fviz.errors import FvizError

_DEEPEST = 64  # Nested brackets in JSON; a record or config has three or four.
# Stubs leave this attribute out.
_scan = json.JSONDecoder().scan_once  # pyright: ignore[reportAttributeAccessIssue]


def encode(record: Any, indent: int | None = None) -> str:
  """JSON in ASCII; numpy and jax numbers and arrays become plain ones."""
  return json.dumps(record, default=_plain, indent=indent)


def number(value: SupportsFloat) -> float | None:
  """A float as JSON can hold it: None where it is not finite.

  >>> number(0.5), number(float('nan'))
  (0.5, None)
  """
  plain = float(value)
  return plain if math.isfinite(plain) else None


def decode(text: str | bytes) -> dict[str, Any]:
  """The dict that JSON from an untrusted file holds, else an FvizError."""
  try:
    text = text.decode() if isinstance(text, bytes) else text
    record = _loads(text)
  except (ValueError, RecursionError) as error:
    raise FvizError(f'not JSON ({error})') from error
  # Only with so many brackets can it be deep, and counting them is fast.
  if text.count('[') + text.count('{') > _DEEPEST and _is_deep(record):
    raise FvizError(f'JSON nested more than {_DEEPEST} deep')
  if not isinstance(record, dict):
    raise FvizError(f'not a JSON object but a {type(record).__name__}')
  return record


def _loads(text: str) -> Any:
  """As json.loads, in three quarters of its time for lines of our own."""
  try:
    value, end = _scan(text, 0)
  except StopIteration:
    return json.loads(text)
  return value if text[end:] in ('', '\n') else json.loads(text)


def _is_deep(tree: Any) -> bool:
  """Level by level, without recursion."""
  level = [tree]
  for _ in range(_DEEPEST):
    level = [
      child
      for node in level
      if isinstance(node, (dict, list))
      for child in (node.values() if isinstance(node, dict) else node)
    ]
  return bool(level)


def _plain(value: Any) -> Any:
  if hasattr(value, 'tolist'):
    return value.tolist()
  raise TypeError(f'a {type(value).__name__} is no JSON: {value!r:.200}')
