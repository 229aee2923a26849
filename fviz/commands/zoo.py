"""fviz models, fviz layers: what there is to look into."""

from __future__ import annotations

from fviz.commands import arguments


def add(subparsers) -> None:
  arguments.parser(
    subparsers, 'models', 'list the models', '  fviz models', models
  )
  p = arguments.parser(
    subparsers,
    'layers',
    'list the layers of a model',
    '  fviz layers pareidolia\n'
    '  fviz layers inception_v3 --weights inception.safetensors',
    layers,
  )
  p.add_argument('model')
  p.add_argument('--weights', default='', help='a file of weights')


def models(args) -> int:
  from fviz import models

  print(models.listing())
  return 0


def layers(args) -> int:
  from fviz import models

  print(models.describe(args.model, args.weights))
  return 0
