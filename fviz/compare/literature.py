"""The literature's ways to a picture, as candidates to compare."""

from __future__ import annotations

from collections.abc import Callable

_WEIGHT = 'regularizers.'


def regularizers(add: Callable[..., None]) -> None:
  """The default candidates: regularizers and the like, one by one.

  They start from `fviz.config.compare`: plain pixels, Adam, nothing else.
  docs/regularizers.md has their sources.

  Args:
    add: called as add(name, **{'dotted.field': value}) for each candidate.
  """
  adam = 'adam(0.1)'
  add('none', optimizer=adam)
  add('l2_decay', optimizer=f'{adam}|decay(0.03)')
  add('total_variation', optimizer=adam, **{_WEIGHT + 'total_variation': 15.0})
  add('alpha_norm', optimizer=adam, **{_WEIGHT + 'alpha_norm': 1000.0})
  add('blur', optimizer=f'{adam}|blur_every(0.5, 4)')
  add('small_norm', optimizer=f'{adam}|small_norm(50)')
  add('jitter', optimizer=adam, transforms='jitter(8)')
  spectrum = dict(optimizer=adam, parameterization='fourier()')
  add('fourier', **spectrum)
  add('fourier_color', **spectrum, color='decorrelated')
  add(
    'robust',
    **spectrum,
    color='decorrelated',
    transforms='pad(12)|jitter(8)|scale(0.9, 1.1)|rotate(-10, 10)|jitter(4)',
  )
  add(
    'maco',
    parameterization='maco()',
    color='decorrelated',
    optimizer='nadam(1.0)',
    transforms='crops(2, 0.5)|uniform_noise(0.1)',
  )
