"""Records of units as lines of a ledger, checked on the way in and out."""

from collections.abc import Mapping
from typing import Any

from fviz.errors import FvizError
from fviz.storage import plain_json

Unit = tuple[str, int, int]  # (layer, channel, variant).

LINE_LIMIT = 1 << 20  # Bytes; a record takes a few hundred.


def to_line(record: Mapping[str, Any]) -> bytes:
  """A record as a line; FvizError if it is no JSON, too long or of no unit."""
  try:
    line = plain_json.encode(dict(record)).encode() + b'\n'
    unit(plain_json.decode(line))
  except (TypeError, ValueError) as error:
    raise FvizError(f'Not a ledger record: {error}.') from error
  if len(line) > LINE_LIMIT:
    raise FvizError(
      f'A ledger record takes {len(line)} bytes, more than {LINE_LIMIT}. '
      'Store arrays in files of their own.'
    )
  return line


def from_line(line: bytes) -> tuple[Unit, dict[str, Any]]:
  """A unit and its record; FvizError where the line has none."""
  if len(line) > LINE_LIMIT:
    raise FvizError(f'longer than {LINE_LIMIT} bytes')
  record = plain_json.decode(line)
  return unit(record), record


def unit(record: Mapping[str, Any]) -> Unit:
  """The key of a record; FvizError where a field is missing or odd."""
  layer = record.get('layer')
  if not isinstance(layer, str):
    raise FvizError(f'layer is not a name: {layer!r:.200}')
  for field in _FIELDS.keys() & record.keys():
    if not _FIELDS[field](record[field]):
      raise FvizError(f'odd {field}: {record[field]!r:.200}')
  return layer, count(record.get('channel')), count(record.get('variant'))


def count(value: Any) -> int:
  """A count as an int; numpy integers too, but neither bools nor -1."""
  if type(value) is int and 0 <= value < 2**63:
    return value
  if isinstance(value, bool) or not hasattr(value, '__index__'):
    raise FvizError(f'Not a whole number: {value!r:.200}')
  value = value.__index__()
  if not 0 <= value < 2**63:
    raise FvizError(f'Out of range: {value!r:.200}')
  return value


def _is_number(value: Any) -> bool:
  if type(value) is int:
    return abs(value) < 2**63
  return value is None or type(value) is float


# What readers of ledgers compute with, where a record has it.
_FIELDS = {
  'file': lambda value: isinstance(value, str),
  'failed': lambda value: type(value) is int,
  'activation': _is_number,
  'history': lambda value: (
    value is None or (isinstance(value, list) and all(map(_is_number, value)))
  ),
  'metrics': lambda value: (
    isinstance(value, dict)
    and all(isinstance(v, str) or _is_number(v) for v in value.values())
  ),
}
