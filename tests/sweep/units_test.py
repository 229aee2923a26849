import pytest
import small

from fviz import errors
from fviz.sweep import pages, shares, units


def test_units_are_in_order_and_each_channel_once():
  network = small.network()
  found = units.units_of(network, ['conv_1', 'conv'], (3, 1, 3), variants=2)
  assert found[:4] == [
    ('conv_1', 3, 0),
    ('conv_1', 3, 1),
    ('conv_1', 1, 0),
    ('conv_1', 1, 1),
  ]
  assert len(found) == 8
  assert units.units_of(network, ['conv']) == [('conv', c, 0) for c in range(8)]


def test_operations_are_counted_for_patterns_only():
  network = small.network()
  assert units.layers_of(network, 'conv,logits', 24) == (['conv', 'logits'], {})
  layers, flops = units.layers_of(network, '*', 24)
  # output is the same array as logits.
  assert 'logits' in layers and 'output' not in layers
  assert 0 < flops['conv'] < flops['conv_1'] < flops['logits']


def test_unknown_layers_and_channels_are_refused():
  with pytest.raises(errors.FvizError, match="Did you mean 'conv_1'"):
    units.units_of(small.network(), ['conv_2'])
  with pytest.raises(errors.FvizError, match=r'\[12\].*0 to 11'):
    units.units_of(small.network(), ['conv_1'], (3, 12))


def test_pages_and_who_keeps_them():
  owners = [shares.DONE, 0, 0, 0, 1, shares.DONE, 1]
  whose = {('a', c, 0): owner for c, owner in enumerate(owners)}
  whose |= {('b', c, 0): shares.DONE for c in range(3)}
  a, b = pages.layers_of(whose.items(), 2)
  assert (a.name, len(a.owners), a.keeper) == ('a', 7, None)
  assert [page.keeper for page in a.pages] == [0, 0, 1, 1]
  assert [len(page.units) for page in a.pages] == [2, 2, 2, 1]
  # What nobody renders is process 0's, should its sheets be lost.
  assert b.keeper == 0 and [page.keeper for page in b.pages] == [0, 0]
  (c,) = pages.layers_of([(('c', 0, 0), 0), (('c', 1, 0), 1)], 2)
  assert c.keeper is None and c.pages[0].keeper is None
