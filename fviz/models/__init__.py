"""The zoo: published networks and our own, as `Network`s.

The table is a literal: a name and the module that holds the family, which has
`layouts(name)` (see `layout.Layout`), or `load(name, weights)` where it needs
more. Modules are imported only when asked for; `sources` says where published
weights come from.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

from fviz import errors, networks, types

_FAMILIES = {
  'pareidolia': 'pareidolia',
  'inception_v1': 'inception_v1',
  'inception_v3': 'inception_v3',
  'googlenet': 'googlenet',
  'vgg16': 'vgg',
  'vgg19': 'vgg',
  'alexnet': 'alexnet',
  'resnet18': 'resnet',
  'resnet50': 'resnet',
  'squeezenet1_0': 'squeezenet',
  'squeezenet1_1': 'squeezenet',
  'mobilenet_v1': 'mobilenet',
  'mobilenet_v2': 'mobilenet',
  'convnext_tiny': 'convnext',
  'resnet20': 'cifar_resnet',
  'resnet56': 'cifar_resnet',
}
_ALIASES = {'squeezenet': 'squeezenet1_0'}


def names() -> tuple[str, ...]:
  """All models that `load` knows."""
  return tuple(_FAMILIES)


def load(name: str, weights: str = '', **options: Any) -> types.Network:
  """A network of the zoo with its weights.

  Args:
    name: one of `names()`.
    weights: a file of weights, or the name of published ones (`listing` has
      them); '' takes the embedded ones, or downloads the default ones once.
    **options: of the family, such as pool='average' for the VGGs.

  Raises:
    FvizError: for an unknown name or option, a missing file, a failed
      download, or weights that do not fit.
  """
  name, family = _family(name)
  if hasattr(family, 'load'):
    if options:
      raise errors.FvizError(f'{name} takes no options, not {options}.')
    return family.load(name, weights)
  return _layout().load(name, family.layouts(name), weights, options)


def describe(name: str, weights: str = '', **options: Any) -> str:
  """A model as text: what it is, its published weights, all its layers.

  Needs no weights: the layers come from the architecture alone. With a file of
  another spelling, they are those of that spelling.

  Args:
    name: one of `names()`.
    weights: a file, or a name of published weights, which is not downloaded.
    **options: as for `load`.
  """
  name, family = _family(name)
  if hasattr(family, 'load'):
    network, published = load(name, weights, **options), ''
  else:
    network = _layout().architecture(
      name, family.layouts(name), weights, options
    )
    published = '\n\n' + _layout().published(name)
  size = 'x'.join(map(str, network.input_size))
  count = f'{_layout().parameters(network):,} parameters, images {size}'
  return (
    f'{name}: {_summary(family)}\n{count}{published}\n\n'
    f'{networks.table(network)}'
  )


def listing() -> str:
  """All models as text: name, weights, licence, what it is."""
  rows = [('model', 'weights', 'licence', 'format')]
  for name in names():
    _, family = _family(name)
    if hasattr(family, 'load'):
      rows.append((name, 'embedded', 'Apache-2.0', 'safetensors'))
    rows += _layout().rows(name)
  widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
  return '\n'.join(
    '  '.join(map(str.ljust, row, widths)).rstrip() for row in rows
  )


def _family(name: str) -> tuple[str, ModuleType]:
  name = _ALIASES.get(name, name)
  if name not in _FAMILIES:
    raise errors.unknown('model', name, names())
  return name, importlib.import_module(f'fviz.models.{_FAMILIES[name]}')


def _layout() -> ModuleType:
  """Imported late, so that `import fviz` does not wait for it."""
  return importlib.import_module('fviz.models.weights.layouts')


def _summary(family: ModuleType) -> str:
  """The first sentence of a module's docstring, on one line."""
  return ' '.join(family.__doc__.split('\n\n')[0].split())
