"""Where published weights come from, and what their networks expect."""

import pathlib
import tomllib
from typing import NamedTuple


class Origin(NamedTuple):
  """A file of weights.

  Attributes:
    model: which network of the zoo it is for.
    url: https address, '' if it is not published in this format: then users
      must give the file.
    sha256: the hash of the file, or the leading digits that the publisher put
      into its name, or '' where none is published: then the hash that the hub
      states with the file is checked, and the file's own is kept beside it.
    licence: as its publisher states it.
    mean: of the preprocessing (x - mean) / std of x in [0, 1].
    std: see mean.
    bgr: the network takes blue, green, red; mean and std are in that order.
    size: height and width at which the network is evaluated.
    labels: 'imagenet', 'cifar10', 'graph' (a list beside the graph) or ''.
  """

  model: str
  url: str
  sha256: str
  licence: str
  mean: tuple[float, ...] = (0.485, 0.456, 0.406)
  std: tuple[float, ...] = (0.229, 0.224, 0.225)
  bgr: bool = False
  size: int = 224
  labels: str = 'imagenet'


def _read() -> dict[str, Origin]:
  text = pathlib.Path(__file__).with_suffix('.toml').read_text(encoding='utf8')
  found = {}
  for name, row in tomllib.loads(text).items():
    for field in {'mean', 'std'} & row.keys():
      row[field] = tuple(value / 255 for value in row[field])
    found[name] = Origin(**row)
  return found


# The first one of a model is its default.
SOURCES = _read()


def of(model: str) -> dict[str, Origin]:
  """All sources of a model, its default first."""
  return {k: v for k, v in SOURCES.items() if v.model == model}


def rows(model: str) -> list[tuple[str, str, str, str]]:
  """(model, weights, licence, format) of each source of a model."""
  return [(model, k, v.licence, _format(v)) for k, v in of(model).items()]


def published(model: str) -> str:
  """The sources of a model as text: address and preprocessing."""
  lines = ['weights:']
  for key, source in of(model).items():
    mean, std = (
      ', '.join(f'{v * 255:g}' for v in values)
      for values in (source.mean, source.std)
    )
    order = 'BGR' if source.bgr else 'RGB'
    lines += [
      f'  {key} ({source.licence})',
      f'    {source.url or "not published in this format: give a file"}',
      f'    {order} of 0..255, minus ({mean}), over ({std})',
    ]
  return '\n'.join(lines)


def _format(source: Origin) -> str:
  if not source.url:
    return 'safetensors, file only'
  suffix = source.url.rpartition('.')[2]
  return {'safetensors': suffix, 'zip': 'GraphDef'}.get(suffix, 'torch')
