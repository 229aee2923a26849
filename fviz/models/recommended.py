"""What suits a network of the zoo, as found by looking at its pictures."""

from typing import NamedTuple


class Recommended(NamedTuple):
  """What to take for a network unless something else is asked for.

  Attributes:
    dream: the layers to dream with and their weights, 'mixed5,mixed4*0.5'; ''
      where nobody has looked.
    label: the objective of a class, of `fviz.objectives`. The odds against all
      other classes are better where a network is robust; elsewhere they are
      soon met by changes that nobody sees, and the logit alone is better.
  """

  dream: str = ''
  label: str = 'logit'


_KNOWN = {
  'pareidolia': Recommended('mixed5,mixed4', 'log_odds'),
  'inception_v3': Recommended('mixed_4'),
}


def of(model: str) -> Recommended:
  """What suits a model of the zoo.

  >>> of('pareidolia').label, of('vgg16').label
  ('log_odds', 'logit')
  """
  return _KNOWN.get(model, Recommended())
