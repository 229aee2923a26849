import pytest
import small

from fviz import errors
from fviz.sweep import sweep_plan


def test_units_are_in_order_and_each_channel_once():
  network = small.network()
  found = sweep_plan.units_of(
    network, ['conv_1', 'conv'], (3, 1, 3), variants=2
  )
  assert found[:4] == [
    ('conv_1', 3, 0),
    ('conv_1', 3, 1),
    ('conv_1', 1, 0),
    ('conv_1', 1, 1),
  ]
  assert len(found) == 8
  assert sweep_plan.units_of(network, ['conv']) == [
    ('conv', c, 0) for c in range(8)
  ]


def test_operations_are_counted_for_patterns_only():
  network = small.network()
  assert sweep_plan.layers_of(network, 'conv,logits', 24) == (
    ['conv', 'logits'],
    {},
  )
  layers, flops = sweep_plan.layers_of(network, '*', 24)
  # output is the same array as logits.
  assert 'logits' in layers and 'output' not in layers
  assert 0 < flops['conv'] < flops['conv_1'] < flops['logits']


def test_unknown_layers_and_channels_are_refused():
  with pytest.raises(errors.FvizError, match="Did you mean 'conv_1'"):
    sweep_plan.units_of(small.network(), ['conv_2'])
  with pytest.raises(errors.FvizError, match=r'\[12\].*0 to 11'):
    sweep_plan.units_of(small.network(), ['conv_1'], (3, 12))
