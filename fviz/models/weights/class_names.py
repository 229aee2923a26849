"""Names of classes, in the order of the logits.

`imagenet.txt` has the 1000 synsets of ILSVRC 2012, sorted by their WordNet
number, as every ImageNet classifier of the zoo has them; synonyms are separated
by commas. inception5h has 1008 outputs in an order of its own, and its list
comes with it.
"""

from __future__ import annotations

import functools
import os
import pathlib
import zipfile

from fviz.models.weights import archives

CIFAR10 = (
  'airplane',
  'automobile',
  'bird',
  'cat',
  'deer',
  'dog',
  'frog',
  'horse',
  'ship',
  'truck',
)
# The file in inception5h.zip with the list.
BESIDE_GRAPH = 'imagenet_comp_graph_label_strings.txt'


@functools.cache
def imagenet() -> tuple[str, ...]:
  """The 1000 classes of ILSVRC 2012.

  >>> imagenet()[1], len(imagenet())
  ('goldfish, Carassius auratus', 1000)
  """
  text = pathlib.Path(__file__).with_name('imagenet.txt').read_text()
  return tuple(text.splitlines())


def beside(path: str | os.PathLike) -> tuple[str, ...]:
  """The list beside a graph, in its folder or its zip; () if there is none."""
  path = pathlib.Path(path)
  if zipfile.is_zipfile(path):
    return _lines(archives.read(path, BESIDE_GRAPH) or b'')
  file = path.with_name(BESIDE_GRAPH)
  return _lines(file.read_bytes()) if file.exists() else ()


def of(kind: str, path: str | os.PathLike) -> tuple[str, ...]:
  """The class names of weights, in the order of the logits.

  Args:
    kind: the field `labels` of their `sources.Origin`.
    path: the file of weights.

  Returns:
    The names, () where none are known.
  """
  if kind == 'graph':
    return beside(path)
  return {'imagenet': imagenet(), 'cifar10': CIFAR10}.get(kind, ())


def _lines(data: bytes) -> tuple[str, ...]:
  return tuple(
    line.strip() for line in data.decode(errors='replace').splitlines()
  )
