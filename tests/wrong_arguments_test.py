"""Whatever is wrong with an argument, the message is ours and is about it.

Every public factory is called with each of its arguments replaced, one at a
time, by values that it cannot take. What it can take, it may; the rest is an
`FvizError`, before any work and without gigabytes.
"""

import inspect
import math
import pathlib
import warnings

import numpy as np
import pytest
import small

from fviz import (
  color,
  errors,
  gradients,
  networks,
  objectives,
  optimizers,
  parameterizations,
  projections,
  recipes,
  regularizers,
  saliency,
  schedules,
  transforms,
)

_WRONG = {
  'None': None,
  'text': 'a',
  'bytes': b'',
  'negative': -1,
  'zero': 0,
  'fraction': 1.5,
  'nan': math.nan,
  'inf': math.inf,
  'huge': 1e30,
  'trillion': 10**12,
  'true': True,
  'list': [],
  'dict': {},
  'tuple': (),
  'object': object(),
  'function': lambda: 0,
  'module': math,
  'rank 5': np.zeros((2, 3, 4, 5, 6)),
  'uint8': np.zeros((2, 2), np.uint8),
  'nan array': np.full((3,), np.nan),
  'path': pathlib.Path('x'),
}
_IMAGES = np.full((1, 8, 8, 3), 0.5, np.float32)
# Of arguments without a default, by name.
_RIGHT = dict(size=8, channels=3, layer='y', channel=1, y=1, x=1, label=1)
_RIGHT |= dict(images=_IMAGES, reference=_IMAGES, pixels=2, low=0.9, high=1.1)
_RIGHT |= dict(steps=4, start=0.1, end=0.2, sigma=1.0, rate=0.1, norm=1.0)
_RIGHT |= dict(
  percentile=10, index=1, other=1, first='y', second='y', degrees=9
)
_RIGHT |= dict(vector=np.ones(3), weights=np.ones(3), direction=np.ones(3))
_RIGHT |= dict(mask=np.ones((4, 4)), degrees=9, width=2)
_RIGHT |= dict(sd=0.1, most=0.1, name='y', layers='y')
_MODULES = {
  'transforms': transforms,
  'parameterizations': parameterizations,
  'regularizers': regularizers,
  'gradients': gradients,
  'projections': projections,
  'schedules': schedules,
  'objectives': objectives,
  'recipes': recipes,
  'color': color,
}
# They take what only other functions make, or files; other tests have them.
_ELSEWHERE = {'masked', 'batch', 'bind', 'balance', 'learned', 'of_layer'}
_ELSEWHERE |= {'uses_reference', 'zooms', 'angles', 'piecewise', 'at', 'used'}


def _factories():
  for room, module in _MODULES.items():
    for name in getattr(module, '__all__', None) or module.CONFIG_NAMES:
      made = getattr(module, name)
      if inspect.isfunction(made) and name not in _ELSEWHERE:
        yield pytest.param(made, id=f'{room}.{name}')


def _right(function):
  """Arguments with which a function works."""
  return {
    name: _RIGHT.get(name)
    for name, p in inspect.signature(function).parameters.items()
    if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
  }


def _names(function):
  kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
  parameters = inspect.signature(function).parameters.values()
  return [p.name for p in parameters if p.kind not in kinds]


@pytest.mark.parametrize('function', list(_factories()))
def test_wrong_arguments_are_our_errors(function):
  right = _right(function)
  with warnings.catch_warnings():
    warnings.simplefilter('ignore')
    function(**right)  # Else all that follows would prove nothing.
    for name in _names(function):
      for kind, wrong in _WRONG.items():
        try:
          function(**right | {name: wrong})
        except errors.FvizError:
          pass
        except Exception as error:
          pytest.fail(f'{name}={kind}: {type(error).__name__}: {error}')


@pytest.mark.parametrize('name', ['adam', 'sgd', 'lbfgs', 'nadam'])
@pytest.mark.parametrize('rate', [0, -1, 1e30, math.nan, math.inf, [], {}])
def test_rates_of_optimizers(name, rate):
  with pytest.raises(errors.FvizError, match=f'learning rate of {name}'):
    getattr(optimizers, name)(rate)


@pytest.mark.parametrize(
  'make, message',
  [
    (lambda: networks.normalize(0.5, 0.0), 'std must be above 0'),
    (lambda: networks.normalize('a'), 'mean must be'),
    (lambda: recipes.lucid(100_000), 'size must be'),
    (lambda: recipes.lucid(0), 'size must be'),
    (lambda: recipes.lucid(64, channels=10**9), 'channels must be'),
    (lambda: recipes.lucid(64, learning_rate=math.nan), 'learning rate'),
    (lambda: recipes.mahendran(_IMAGES, contrast=0), 'contrast must be'),
    (lambda: gradients.normalize('max'), 'kind of normalize'),
    (lambda: regularizers.total_variation(0), 'beta must be'),
    (lambda: objectives.channel(3, 1), 'layer must be'),
  ],
)
def test_messages_name_the_argument(make, message):
  with pytest.raises(errors.FvizError, match=message):
    make()


@pytest.mark.parametrize('function', [saliency.gradient, saliency.smoothgrad])
@pytest.mark.parametrize('place', range(3))
@pytest.mark.parametrize('kind', _WRONG)
def test_wrong_arguments_of_saliency(function, place, kind):
  right = [small.network(), objectives.channel('conv', 1), _IMAGES]
  right[place] = _WRONG[kind]
  with pytest.raises(errors.FvizError):
    function(*right)
