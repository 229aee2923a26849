"""Writes the report of `evaluate` into the model card."""

from __future__ import annotations

import os
import pathlib

_BEGIN, _END = '<!-- measured -->', '<!-- end of measured -->'


def update(card: pathlib.Path, report: dict) -> None:
  """Replaces what stands between the marks by the report's tables."""
  before, _, rest = card.read_text(encoding='utf8').partition(_BEGIN)
  _, end, after = rest.partition(_END)
  if not end:
    raise ValueError(f'{card} lacks the marks {_BEGIN} and {_END}.')
  text = f'{before}{_BEGIN}\n\n{tables(report)}\n\n{_END}{after}'
  temporary = card.with_suffix('.partial')
  temporary.write_text(text, encoding='utf8')
  os.replace(temporary, card)


def tables(report: dict) -> str:
  """The report as Markdown; what was not measured says so."""
  settings = report['settings']
  rows = [
    ('weights, sha256', report['sha256']),
    ('weights, bytes', report['bytes']),
    ('held-out pictures', _settings(settings)),
    *_accuracy('top-1', report.get('held_out')),
    *_accuracy('top-1, shifted palettes and grounds', report.get('shifted')),
    *_accuracy(
      f'top-1 under L2 PGD-10, eps {settings["radius"]}', report.get('attack')
    ),
    *_dead(report.get('dead')),
    *_digits(report.get('digits')),
    *_pictures(report.get('pictures')),
    *_second(report.get('second')),
    *_grain(report.get('grain')),
  ]
  lines = ['| measure | value |', '| --- | --- |']
  return '\n'.join(lines + [f'| {name} | {value} |' for name, value in rows])


def _settings(settings) -> str:
  return (
    f'{settings["per_class"]} a class, seed {settings["seed"]}, rendered at '
    f'{settings["image_size"]} px, classified at {settings["size"]} px'
  )


def _accuracy(name, part):
  if not part:
    return [(name, 'not measured')]
  worst = ', '.join(f'{k} {_percent(v)}' for k, v in _first(part, 5))
  return [
    (name, _percent(part['top-1'])),
    (f'{name}: weakest classes', worst),
    (f'{name}: classes under 60 %', part['classes under 60 %']),
  ]


def _first(part, n):
  return list(part['worst classes'].items())[:n]


def _dead(part):
  if not part:
    return [('dead channels', 'not measured')]
  rows = []
  for source in ('renders', 'photos'):
    if source in part:
      worst = max(part[source], key=part[source].get)
      value = f'{_percent(part[source][worst])} ({worst})'
      rows.append((f'dead channels on {source}, worst layer', value))
  return rows


def _digits(part):
  if not part:
    return [('linear probe on digits', 'not measured')]
  return [
    (
      f'linear probe on digits, {kind}',
      f'{_percent(v["pareidolia"])}, random networks '
      f'{_percent(v["random networks"])}, gain {100 * v["gain"]:.1f} points '
      f'(+- {100 * v["deviation"]:.1f})',
    )
    for kind, v in part.items()
    if kind != 'seconds'
  ]


def _pictures(part):
  if not part:
    return [('pictures of the classes', 'not measured')]
  side = part['side']
  grain = _percent(part['grain'])
  rows = [('pictures of the classes: power above 0.8 Nyquist', grain)]
  for judge in ('itself', 'second network'):
    name = f'pictures of the classes, judged by {judge}'
    if judge not in part:
      rows.append((name, 'not measured'))
      continue
    for key in [k for k in part if k.startswith(judge)]:
      at = f'{side} px' if key == judge else key.rpartition(' at ')[2]
      most = _percent(part[key]['classes recognized in most views'])
      views = _percent(part[key]['views recognized'])
      text = f'{most} in most of 16 views, {views} of all views'
      rows.append((f'{name}, at {at}', text))
    rows.append((f'{name}: missed', ', '.join(part[judge]['missed']) or 'none'))
  return rows


def _second(part):
  if not part:
    return []
  return [
    ('second network, sha256', part['sha256']),
    *_accuracy('second network, top-1', part['clean'])[:1],
    *_accuracy('second network, top-1 under L2 PGD-10', part['attack'])[:1],
  ]


def _grain(part):
  if not part:
    return [("grain at the study's recipe", 'not measured')]
  rows = [(k, v) for k, v in part.items() if k not in ('references', 'seconds')]
  rows += [(f'{k} of the study', v) for k, v in part['references'].items()]
  return [(f'grain at the same recipe, {k}', _percent(v)) for k, v in rows]


def _percent(x: float) -> str:
  return f'{100 * x:.1f} %'
