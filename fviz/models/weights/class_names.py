"""Names of classes, in the order of the logits.

`imagenet.txt` has the 1000 synsets of ILSVRC 2012, sorted by their WordNet
number, as every ImageNet classifier of the zoo has them; synonyms are separated
by commas. inception5h has 1008 outputs in an order of its own, and its list
comes with it.
"""

import functools
import os
import pathlib
import zipfile

from fviz.models.weights import untrusted_files

CIFAR10 = 'airplane automobile bird cat deer dog frog horse ship truck'.split()
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
  file = pathlib.Path(path).with_name(BESIDE_GRAPH)
  if zipfile.is_zipfile(path):
    data = untrusted_files.member(path, BESIDE_GRAPH)
  else:
    data = file.read_bytes() if file.exists() else b''
  return tuple(map(str.strip, data.decode(errors='replace').splitlines()))


def of(kind: str, path: str | os.PathLike) -> tuple[str, ...]:
  """The class names of weights, () where none are known.

  Args:
    kind: the field `labels` of their `sources.Origin`.
    path: the file of weights.
  """
  if kind == 'graph':
    return beside(path)
  return {'imagenet': imagenet(), 'cifar10': tuple(CIFAR10)}.get(kind, ())
