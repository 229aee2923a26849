"""fviz models, fviz layers: what there is to look into."""

import argparse

from fviz import models
from fviz.commands import arguments

_TEXT = """\
list the layers of a model
  fviz layers pareidolia
  fviz layers inception_v3 --weights inception.safetensors
"""


def add(subparsers: arguments.Subparsers) -> None:
  """Declares the arguments."""
  text = 'list the models\n  fviz models'
  arguments.parser(subparsers, 'models', text, lambda args: models.listing())
  p = arguments.parser(subparsers, 'layers', _TEXT, layers)
  p.add_argument('model')
  arguments.add(p, 'weights')


def layers(args: argparse.Namespace) -> str:
  """The layers of one model."""
  return models.describe(args.model, args.weights or '')
