"""The layers of a network: chosen by names and patterns, and listed."""

import fnmatch

from fviz import errors, types


def check_layer(network: types.Network, layer: str) -> types.Layer:
  """The layer's description, or an error that lists all layers."""
  if layer not in network.layers:
    raise errors.unknown(f'layer of {network.name}', layer, network.layers)
  return network.layers[layer]


def is_pattern(text: str) -> bool:
  """Whether a text chooses layers by * or ?.

  >>> is_pattern('mixed*'), is_pattern('mixed3,mixed4')
  (True, False)
  """
  return '*' in text or '?' in text


def select(network: types.Network, text: str) -> list[str]:
  """The layers that a text names, in its order and each once.

  Args:
    network: whose layers they are.
    text: names and patterns with * and ?, separated by commas; what follows
      an ! is left out: 'mixed3,mixed4' or '*,!*/pre_relu'.

  Raises:
    FvizError: if a name or a pattern fits no layer, or if none is left.
  """
  wanted: list[str] = []
  unwanted: list[str] = []
  for part in filter(None, map(str.strip, text.split(','))):
    name = part.removeprefix('!')
    if is_pattern(name):
      found = [k for k in network.layers if fnmatch.fnmatchcase(k, name)]
      if not found:
        kind = f'pattern for layers of {network.name}'
        raise errors.unknown(kind, name, network.layers)
    else:
      check_layer(network, name)
      found = [name]
    (unwanted if part != name else wanted).extend(found)
  wanted = [k for k in dict.fromkeys(wanted) if k not in unwanted]
  if not wanted:
    raise errors.FvizError(
      f"{text!r} leaves no layer: give one such as 'mixed3', or '*' for all."
    )
  return wanted


def table(network: types.Network) -> str:
  """All layers as text: name, channels, size and stride."""
  width = max(map(len, network.layers), default=5)
  rows = [f'{"layer":{width}}  channels  size     stride']
  for name, layer in network.layers.items():
    size = 'x'.join(map(str, layer.size)) or '-'
    rows.append(
      f'{name:{width}}  {layer.channels:8}  {size:7}  {layer.stride or "-":>6}'
    )
  return '\n'.join(rows)
