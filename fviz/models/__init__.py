"""The zoo: published networks and our own, as `Network`s.

The table maps a name to the module of its family, which has `LAYOUTS` (see
`weights.layouts`), or `load(name, weights)` where it needs more.
Families and Flax are imported only when a model is asked for. `weights.sources`
says where published weights come from.
"""

import importlib
import os
from types import ModuleType
from typing import Any

from fviz import errors, jax_settings, networks, types
from fviz.models.weights import sources

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


@jax_settings.under_fixed
def load(
  name: str, weights: str | os.PathLike = '', **options: Any
) -> types.Network:
  """A network of the zoo with its weights.

  Args:
    name: one of `names()`.
    weights: a file of weights, or the name of published ones (`listing` has
      them); '' takes the embedded ones, or downloads the default ones once.
    **options: what the family takes, such as pool='average' for the VGGs.

  Raises:
    FvizError: for an unknown name or option, a missing file, a failed
      download, or weights that do not fit.
  """
  name, family = _family(name)
  if hasattr(family, 'load'):
    if options:
      raise errors.FvizError(f'{name} takes no options, not {options}.')
    return family.load(name, weights)
  return _layouts().load(name, family.LAYOUTS[name], weights, options)


def describe(name: str, weights: str | os.PathLike = '', **options: Any) -> str:
  """A model as text: what it is, its published weights, all its layers.

  It needs no weights, since the layers come from the architecture alone. With
  weights that name their layers otherwise, those names are shown.

  Args:
    name: one of `names()`.
    weights: a file, or a name of published weights, which is not downloaded.
    **options: as for `load`.
  """
  name, family = _family(name)
  layouts = _layouts()
  if hasattr(family, 'load'):
    network, published = load(name, weights, **options), ''
  else:
    network = layouts.architecture(name, family.LAYOUTS[name], weights, options)
    published = '\n\n' + sources.published(name)
  size = 'x'.join(map(str, network.input_size))
  count = f'{layouts.parameters(network):,} parameters, images {size}'
  return (
    f'{name}: {_summary(family).removeprefix(f"{name}: ")}\n'
    f'{count}{published}\n\n'
    f'{networks.table(network)}'
  )


def listing() -> str:
  """All models as text: name, weights, licence, what it is."""
  rows = [('model', 'weights', 'licence', 'format')]
  for name in names():
    _, family = _family(name)
    if hasattr(family, 'load'):
      rows.append((name, 'embedded', 'Apache-2.0', 'safetensors'))
    rows += sources.rows(name)
  widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
  return '\n'.join(
    '  '.join(map(str.ljust, row, widths)).rstrip() for row in rows
  )


def _family(name: str) -> tuple[str, ModuleType]:
  name = _ALIASES.get(name, name)
  if name not in _FAMILIES:
    raise errors.unknown('model', name, names())
  return name, importlib.import_module(f'fviz.models.{_FAMILIES[name]}')


def _layouts() -> ModuleType:
  """Imported late, since it imports Flax, which `import fviz` should not."""
  return importlib.import_module('fviz.models.weights.layouts')


def _summary(family: ModuleType) -> str:
  """The first sentence of a module's docstring, on one line."""
  return ' '.join((family.__doc__ or '').split('\n\n')[0].split())
