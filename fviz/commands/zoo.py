"""fviz models, fviz layers: what there is to look into."""

from __future__ import annotations

import argparse

from fviz.commands import arguments


def add(subparsers: arguments.Subparsers) -> None:
  """Declares the arguments."""
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


def models(args: argparse.Namespace) -> str:
  """All models and their weights."""
  from fviz import models

  del args  # Unused.
  return models.listing()


def layers(args: argparse.Namespace) -> str:
  """The layers of one model."""
  from fviz import models

  return models.describe(args.model, args.weights)
