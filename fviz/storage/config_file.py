"""The config of a working directory: recorded once, compared ever after."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from etils import epath

from fviz.errors import FvizError
from fviz.storage import atomic_files, plain_json

_ABSENT = object()


def settle(path: epath.Path, config: dict, ignore: Iterable[str]) -> dict:
  """Records the config of a new directory, or compares it with an old one's.

  It comes from `normalized`, and the recorded one is returned. An FvizError
  lists fields that differ, but for those whose dotted names are in `ignore`.
  """
  file = path / 'config.json'
  if not file.exists():
    if any(path.glob('ledger-*.jsonl')):
      # Adopting these units would mix pictures of unknown configs.
      raise FvizError(
        f'{path} has a ledger but no config.json. Put config.json back, or '
        'use another workdir.'
      )
    text = plain_json.encode(config, indent=2) + '\n'
    atomic_files.write(file, text.encode())
    return config
  try:
    old = plain_json.decode(file.read_bytes())
  except (FvizError, OSError) as error:
    raise FvizError(
      f'Cannot read {file}: {error}. Put it back, or use another workdir.'
    ) from error
  if lines := differences(old, config, ignore):
    raise FvizError(
      f'{path} was made with another config (old -> new):\n'
      + '\n'.join([*lines, 'Use another workdir, or the old config.'])
    )
  return old


def differences(
  old: Mapping, new: Mapping, ignore: Iterable[str] = ()
) -> list[str]:
  """A line for each field that differs, old -> new."""
  ignored = tuple(f'{name}.' for name in ignore)
  old, new = dict(flat(old)), dict(flat(new))
  lines = []
  for name in dict.fromkeys([*old, *new]):
    a, b = old.get(name, _ABSENT), new.get(name, _ABSENT)
    if not (f'{name}.'.startswith(ignored) or _same(a, b)):
      lines.append(f'  {name}: {_shown(a)} -> {_shown(b)}')
  return lines


def normalized(config: Mapping[str, Any]) -> dict:
  """The config as JSON gives it back: tuples are lists, keys are text."""
  try:
    return plain_json.decode(plain_json.encode(dict(config)))
  except TypeError as error:
    raise FvizError(f'The config does not fit in JSON: {error}.') from error


def flat(tree: Any, prefix: str = '') -> Iterator[tuple[str, Any]]:
  """(dotted name, leaf) of everything in nested dicts; {} is a leaf.

  >>> dict(flat({'film': {'fps': 25.0}, 'seed': 0}))
  {'film.fps': 25.0, 'seed': 0}
  """
  if not isinstance(tree, dict) or (not tree and prefix):
    yield prefix, tree
    return
  for key, value in tree.items():
    yield from flat(value, f'{prefix}.{key}' if prefix else str(key))


def _same(a: Any, b: Any) -> bool:
  if a is _ABSENT or b is _ABSENT or isinstance(a, bool) != isinstance(b, bool):
    return a is b
  # NaN equals itself as text only.
  return a == b or plain_json.encode(a) == plain_json.encode(b)


def _shown(value: Any) -> str:
  text = '(absent)' if value is _ABSENT else plain_json.encode(value)
  return text if len(text) <= 200 else text[:200] + '…'
