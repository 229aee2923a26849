"""What to maximize: numbers read off the activations of layers.

Every objective is a mean over images and positions: sums would tie published
weights to a batch and a size.
"""

from fviz.objectives.binding import At, batch, bind, of_layer
from fviz.objectives.channels import (
  channel,
  deepdream,
  layer,
  neuron,
  opacity,
  region,
  target,
  weighted_channels,
)
from fviz.objectives.directions import (
  direction,
  direction_neuron,
  tensor_direction,
  whitened_direction,
)
from fviz.objectives.image_series import alignment, diversity, interpolation
from fviz.objectives.logits import log_odds, logit
from fviz.objectives.references import (
  caricature,
  distance,
  input_difference,
  match,
  style,
  uses_reference,
)

__all__ = [
  'At',
  'alignment',
  'batch',
  'bind',
  'caricature',
  'channel',
  'deepdream',
  'direction',
  'direction_neuron',
  'distance',
  'diversity',
  'input_difference',
  'interpolation',
  'layer',
  'log_odds',
  'logit',
  'match',
  'neuron',
  'of_layer',
  'opacity',
  'region',
  'style',
  'target',
  'tensor_direction',
  'weighted_channels',
  'whitened_direction',
  'uses_reference',
]

# What config strings can name.
_OTHERS = ('At', 'batch', 'bind', 'of_layer', 'uses_reference')
CONFIG_NAMES = tuple(name for name in __all__ if name not in _OTHERS)
