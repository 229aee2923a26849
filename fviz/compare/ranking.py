"""Candidates in order, as a table in Markdown, HTML, JSON, or a terminal."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from fviz.compare import metrics, statistics
from fviz.storage import plain_json

Spread = tuple[float, float, float]  # (mean, low, high) over units, 95 %.


class Row(NamedTuple):
  """A line of the table.

  Attributes:
    name: of the candidate.
    place: its place among the candidates.
    failed: units with a non-finite value on the way.
    metrics: by name.
  """

  name: str
  place: Spread
  failed: int
  metrics: dict[str, Spread]


class Ranking(NamedTuple):
  """All candidates, the best first.

  Attributes:
    rank_by: the metric that orders them.
    units: how many units the means are over.
    rows: the candidates.
    natural: (floor, ceiling) of natural_path, None without natural images.
  """

  rank_by: str
  units: int
  rows: list[Row]
  natural: tuple[float, float] | None = None


def rank(
  values: Mapping[str, Mapping[str, Sequence[float]]],
  failed: Mapping[str, int],
  rank_by: str,
  natural: tuple[float, float] | None = None,
) -> Ranking:
  """Orders candidates by their mean place on the units.

  Places, and not means, since units have scales of their own.

  Args:
    values: candidate -> metric -> [units].
    failed: candidate -> units that failed; these come last.
    rank_by: one of `metrics.METRICS`.
    natural: see `Ranking`.
  """
  shown = [
    name
    for name in metrics.METRICS
    if any(np.isfinite(v[name]).any() for v in values.values())
  ]
  places = statistics.places(
    [v[rank_by] for v in values.values()], metrics.METRICS[rank_by].better
  )
  rows = [
    Row(
      name,
      statistics.interval(places[i]),
      failed[name],
      {metric: statistics.interval(of[metric]) for metric in shown},
    )
    for i, (name, of) in enumerate(values.items())
  ]
  rows.sort(key=lambda row: row.place[0])
  return Ranking(rank_by, places.shape[1], rows, natural)


def markdown(ranking: Ranking) -> str:
  """The table in Markdown, and what its columns mean."""
  head, *body = _cells(ranking)
  lines = [head, ['---'] * len(head), *body]
  rows = '\n'.join(f'| {" | ".join(line)} |' for line in lines)
  return f'{_caption(ranking)}\n\n{rows}\n\n{_legend(ranking)}\n'


def plain(ranking: Ranking) -> str:
  """Places and the metric they are by, for a terminal."""
  lines = [f'place  {ranking.rank_by:>12}  candidate']
  for row in ranking.rows:
    mean, _, _ = row.metrics.get(ranking.rank_by, (np.nan,) * 3)
    failed = f'  ({row.failed} of {ranking.units} failed)' if row.failed else ''
    lines.append(f'{row.place[0]:5.2f}  {mean:12.4g}  {row.name}{failed}')
  return '\n'.join(lines)


def page(ranking: Ranking) -> str:
  """The report as one HTML page beside its sheet."""
  head, *body = (
    [html.escape(cell) for cell in line] for line in _cells(ranking)
  )
  row = lambda cells, tag: (
    '<tr>' + ''.join(f'<{tag}>{c}</{tag}>' for c in cells) + '</tr>'
  )
  rows = '\n'.join([row(head, 'th'), *(row(line, 'td') for line in body)])
  legend = '\n'.join(
    f'<li>{html.escape(line[2:])}</li>'
    for line in _legend(ranking).splitlines()
  )
  return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>fviz comparison</title>
<style>
body {{ font: 14px sans-serif; margin: 2em; background: #181818; color: #ddd }}
table {{ border-collapse: collapse }}
td, th {{ padding: 4px 10px; border-bottom: 1px solid #444; text-align: right }}
td:nth-child(2), th:nth-child(2) {{ text-align: left }}
img {{ max-width: 100% }}
</style></head><body>
<h1>Comparison of {len(ranking.rows)} candidates</h1>
<p>{html.escape(_caption(ranking))}</p>
<div style="overflow-x: auto"><table>
{rows}
</table></div>
<ul>
{legend}
</ul>
<p><a href="gallery/comparison.png"><img src="gallery/comparison.png"
alt="rows: candidates, columns: units"></a></p>
</body></html>
"""


def data(
  ranking: Ranking,
  values: Mapping[str, Mapping[str, Sequence[float]]],
  units: Sequence[Any],
) -> bytes:
  """Everything as JSON: the table, and every number of every unit."""
  # Programs read 'variants': the name of old stays.
  numbers = lambda values: [*map(plain_json.number, values)]
  record = {
    'rank_by': ranking.rank_by,
    'units': [list(unit) for unit in units],
    'natural_path_range': ranking.natural and numbers(ranking.natural),
    'variants': [
      {
        'name': row.name,
        'place': numbers(row.place),
        'failed': row.failed,
        'metrics': {k: numbers(v) for k, v in row.metrics.items()},
        'units': {
          k: numbers(v) for k, v in values[row.name].items() if k in row.metrics
        },
      }
      for row in ranking.rows
    ],
  }
  return plain_json.encode(record, indent=1).encode() + b'\n'


def _cells(ranking: Ranking) -> list[list[str]]:
  shown = list(ranking.rows[0].metrics)
  failed = any(row.failed for row in ranking.rows)
  lines = [['place', 'candidate', *(['failed'] * failed), *shown]]
  for row in ranking.rows:
    count = [f'{row.failed} of {ranking.units}'] if failed else []
    numbers = [_spread(row.metrics[name]) for name in shown]
    lines.append([_spread(row.place), row.name, *count, *numbers])
  return lines


def _spread(numbers: Spread) -> str:
  mean, low, high = numbers
  if not np.isfinite(mean):
    return '-'
  return f'{mean:.3g} ({low:.3g} to {high:.3g})'


def _caption(ranking: Ranking) -> str:
  return (
    f'Ranked by {ranking.rank_by}: mean place over {ranking.units} units, 1 is '
    'best. Numbers are means over units with 95 % bootstrap intervals.'
  )


def _legend(ranking: Ranking) -> str:
  better = {1: 'more is better', -1: 'less is better', 0: 'neither is better'}
  lines = [
    f'- {name}: {metrics.METRICS[name].text} '
    f'({better[metrics.METRICS[name].better]})'
    for name in ranking.rows[0].metrics
  ]
  if ranking.natural:
    lines.append(
      '- natural_path of natural images: {:.3f} for weak ones, {:.3f} for the '
      "unit's strongest".format(*ranking.natural)
    )
  return '\n'.join(lines)
