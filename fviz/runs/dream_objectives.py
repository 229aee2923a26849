"""What a dream is to see: layers, channels, a class, or a guide's features."""

import functools
import operator
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fviz import errors, objectives, types
from fviz.deepdream import guides
from fviz.media import photos
from fviz.models import pareidolia

# What dreams well, by looking.
_LAYERS = {'pareidolia': 'mixed5,mixed4', 'inception_v3': 'mixed_4'}
_GUIDE_SIZE = 256  # Longer side: every position is compared with all others.

Weighted = tuple[types.Objective, float]


def of(
  values: Mapping[str, Any], network: types.Network
) -> tuple[types.Objective, dict[str, str]]:
  """What a config wants to see, and what its guide adds to the record."""
  if label := values['label']:
    return objectives.logit(int(label) if label.isdigit() else label), {}
  layers = parse_layers(values['layer'], values['model'])
  of_guide = {}
  if values['guide']:
    photo = photos.read(values['guide'])
    of_guide = {'guide_sha256': photo.sha256}
    longest = min(_GUIDE_SIZE, max(photo.image.shape[:2]))
    image = photos.fitted(photo.over_grey(), longest)
    terms = [(guides.guide(network, k, image), w) for k, w in layers]
  elif values['channels']:
    channels = [int(c) for c in values['channels']]
    of_layer = lambda k: _sum(objectives.channel(k, c) for c in channels)
    terms = [(of_layer(k), w) for k, w in layers]
  else:
    terms = whole_layers(values, network)
  return _sum(term if w == 1 else w * term for term, w in terms), of_guide


def whole_layers(
  values: Mapping[str, Any], network: types.Network
) -> list[Weighted]:
  """An objective and a weight for each layer that a config names.

  Channels count in units of their deviation where the model ships them.
  """
  known = {}
  if values['model'] == 'pareidolia' and values['normalized']:
    known = pareidolia.statistics(values['weights'])
  of_layer = lambda layer: (
    guides.normalized(layer, *known[layer])
    if layer in known and layer in network.layers
    else objectives.deepdream(layer)
  )
  layers = parse_layers(values['layer'], values['model'])
  return [(of_layer(layer), weight) for layer, weight in layers]


def parse_layers(text: str, model: str) -> list[tuple[str, float]]:
  """Layers and their weights; '' stands for what suits the model.

  >>> parse_layers('mixed5,mixed4*0.5', 'pareidolia')
  [('mixed5', 1.0), ('mixed4', 0.5)]
  """
  text = text or _LAYERS.get(model, '')
  found = []
  for part in filter(None, (p.strip() for p in text.split(','))):
    match = re.fullmatch(r'([^*]+?)\s*(?:\*\s*(-?[0-9.]+(?:e-?\d+)?))?', part)
    if not match:
      raise errors.FvizError(
        f"Cannot read {part!r} in layer: write 'mixed5,mixed4*0.5'."
      )
    found.append((match[1], float(match[2] or 1)))
  if not found:
    raise errors.FvizError(
      f'{model} has no usual layer to dream with: give one (--layer), '
      f'`fviz layers {model}` lists them.'
    )
  return found


def walk(terms: Sequence[Weighted], position: float) -> types.Objective:
  """The objective at a position, 0 to 1, of a walk from term to term."""
  shares = walk_shares(len(terms), position)
  weighted = zip(shares, terms, strict=True)
  return _sum((share * w) * term for share, (term, w) in weighted)


def walk_shares(count: int, position: float) -> list[float]:
  """How much each of some terms counts: two neighbours at a time.

  >>> walk_shares(3, 0.25)
  [0.5, 0.5, 0.0]
  """
  place = position * (count - 1)
  return [max(0.0, 1 - abs(place - i)) for i in range(count)]


def _sum(terms: Iterable[types.Objective]) -> types.Objective:
  return functools.reduce(operator.add, terms)
