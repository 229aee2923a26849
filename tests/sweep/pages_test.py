import types

from fviz.sweep import pages, shares


def _gallery(**owners):
  """Of layers of so many units, two a page, without a directory."""
  by_layer = {
    layer: {(layer, c, 0): owner for c, owner in enumerate(row)}
    for layer, row in owners.items()
  }
  plan = types.SimpleNamespace(page=2)
  return pages.Gallery(plan, by_layer, None, None, None)


def test_pages_and_who_keeps_them():
  done = shares.DONE
  gallery = _gallery(a=[done, 0, 0, 0, 1, done, 1], b=[done] * 3, c=[0, 1])
  keeper = lambda layer: gallery.keeper(layer, gallery.owners[layer])
  numbers = lambda *keepers: [
    [page.number for page in gallery.pages(layer, keepers)] for layer in 'abc'
  ]
  sizes = [len(page.units) for page in gallery.pages('a', {0, 1})]
  assert sizes == [2, 2, 2, 1]
  # What nobody renders is process 0's, should its sheets be lost.
  assert [keeper(layer) for layer in 'abc'] == [None, 0, None]
  assert numbers(0) == [[0, 1], [0, 1], []]
  assert numbers(1) == [[2, 3], [], []]
  assert numbers(None) == [[], [], [0]]
