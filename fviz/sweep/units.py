"""The units of a sweep: which channels of which layers, in which variants."""

from __future__ import annotations

from collections.abc import Sequence

from fviz import errors, networks, types
from fviz.compiler import flops as flops_module
from fviz.storage import ledger_lines

Unit = ledger_lines.Unit  # (layer, channel, variant).


def layers_of(
  network: types.Network, text: str, size: int
) -> tuple[list[str], dict[str, float]]:
  """The layers that a text names, each array once, in the order of the work.

  Args:
    text: names and patterns, see `fviz.networks.select`.
    size: pixels a side of the images, for which operations are counted.

  Returns:
    Also layer -> operations for one image where the text holds a pattern, else
    an empty dict.

  Raises:
    FvizError: the text is empty or names no layer of the network.
  """
  if not text.strip():
    raise errors.FvizError("config.layer is empty: give 'mixed3', say.")
  layers = networks.select(network, text)
  if not networks.is_pattern(text):
    return layers, {}
  costs = flops_module.trace(network, size)
  return [k for k in layers if costs.same.get(k) not in layers], costs.flops


def units_of(
  network: types.Network,
  layers: Sequence[str],
  channels: Sequence[int] = (),
  variants: int = 1,
) -> list[Unit]:
  """All units of some layers, in the order of the work.

  Args:
    channels: the same in every layer; () means all that a layer has.
    variants: pictures of a channel.

  Raises:
    FvizError: a layer is unknown, or it lacks a channel.
  """
  units = []
  for layer in layers:
    known = networks.check_layer(network, layer).channels
    bad = [c for c in channels if not 0 <= c < known]
    if bad:
      raise errors.FvizError(
        f'config.channels holds {bad}; {layer} of {network.name} has '
        f'channels 0 to {known - 1}.'
      )
    units += [
      (layer, int(channel), variant)
      for channel in dict.fromkeys(channels or range(known))
      for variant in range(variants)
    ]
  return units
