"""The table of a comparison, as Markdown, HTML, JSON and for a terminal."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from ml_collections import ConfigDict

from fviz.compare import metrics
from fviz.storage import plain_json


class Row(NamedTuple):
  """A line of the table.

  Attributes:
    name: of the variant.
    place: its mean place among the variants, over units: (mean, low, high).
    failed: units with a non-finite value on the way.
    metrics: name -> (mean, low, high) over units, 95 %.
  """

  name: str
  place: tuple[float, float, float]
  failed: int
  metrics: dict[str, tuple[float, float, float]]


class Table(NamedTuple):
  """All variants, the best first.

  Attributes:
    rank_by: the metric that orders them.
    units: how many units the means are over.
    rows: the variants.
    natural: (floor, ceiling) of natural_path, None without natural images.
  """

  rank_by: str
  units: int
  rows: list[Row]
  natural: tuple[float, float] | None = None


def rank(
  values: Mapping[str, Mapping[str, Sequence[float]]],
  failed: Mapping[str, int],
  config: ConfigDict,
) -> Table:
  """Orders variants by their mean place on the units.

  Places, and not means, since units have scales of their own.

  Args:
    values: variant -> metric -> [units].
    failed: variant -> units that failed; these come last.
    config: its comparison.rank_by names a metric.
  """
  by = config.comparison.rank_by
  shown = [
    name
    for name in metrics.METRICS
    if any(np.isfinite(v[name]).any() for v in values.values())
  ]
  places = metrics.places(
    [v[by] for v in values.values()], metrics.METRICS[by].better
  )
  rows = [
    Row(
      name,
      metrics.interval(places[i]),
      failed[name],
      {metric: metrics.interval(of[metric]) for metric in shown},
    )
    for i, (name, of) in enumerate(values.items())
  ]
  rows.sort(key=lambda row: row.place[0])
  return Table(by, places.shape[1], rows)


def markdown(table: Table) -> str:
  """The table, and what its columns mean."""
  head, *body = _cells(table)
  lines = [head, ['---'] * len(head), *body]
  rows = '\n'.join(f'| {" | ".join(line)} |' for line in lines)
  return f'{_caption(table)}\n\n{rows}\n\n{_legend(table)}\n'


def plain(table: Table) -> str:
  """Places and the metric they are by, for a terminal."""
  lines = [f'place  {table.rank_by:>12}  variant']
  for row in table.rows:
    mean, _, _ = row.metrics.get(table.rank_by, (np.nan,) * 3)
    failed = f'  ({row.failed} of {table.units} failed)' if row.failed else ''
    lines.append(f'{row.place[0]:5.2f}  {mean:12.4g}  {row.name}{failed}')
  return '\n'.join(lines)


def page(table: Table) -> str:
  """The report as one HTML page beside its sheet."""
  head, *body = ([html.escape(cell) for cell in line] for line in _cells(table))
  row = lambda cells, tag: (
    '<tr>' + ''.join(f'<{tag}>{c}</{tag}>' for c in cells) + '</tr>'
  )
  rows = '\n'.join([row(head, 'th'), *(row(line, 'td') for line in body)])
  legend = '\n'.join(
    f'<li>{html.escape(line[2:])}</li>' for line in _legend(table).splitlines()
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
<h1>Comparison of {len(table.rows)} variants</h1>
<p>{html.escape(_caption(table))}</p>
<div style="overflow-x: auto"><table>
{rows}
</table></div>
<ul>
{legend}
</ul>
<p><a href="gallery/comparison.png"><img src="gallery/comparison.png"
alt="rows: variants, columns: units"></a></p>
</body></html>
"""


def data(
  table: Table,
  values: Mapping[str, Mapping[str, Sequence[float]]],
  units: Sequence[Any],
) -> bytes:
  """Everything as JSON: the table, and every number of every unit."""
  none = lambda x: None if not np.isfinite(x) else float(x)
  record = {
    'rank_by': table.rank_by,
    'units': [list(unit) for unit in units],
    'natural_path_range': table.natural and [*map(none, table.natural)],
    'variants': [
      {
        'name': row.name,
        'place': [*map(none, row.place)],
        'failed': row.failed,
        'metrics': {k: [*map(none, v)] for k, v in row.metrics.items()},
        'units': {
          k: [*map(none, v)]
          for k, v in values[row.name].items()
          if k in row.metrics
        },
      }
      for row in table.rows
    ],
  }
  return plain_json.encode(record, indent=1).encode() + b'\n'


def _cells(table: Table) -> list[list[str]]:
  shown = list(table.rows[0].metrics)
  failed = any(row.failed for row in table.rows)
  lines = [['place', 'variant', *(['failed'] * failed), *shown]]
  for row in table.rows:
    count = [f'{row.failed} of {table.units}'] if failed else []
    numbers = [_spread(row.metrics[name]) for name in shown]
    lines.append([_spread(row.place), row.name, *count, *numbers])
  return lines


def _spread(numbers: tuple[float, float, float]) -> str:
  mean, low, high = numbers
  if not np.isfinite(mean):
    return '-'
  return f'{mean:.3g} ({low:.3g} to {high:.3g})'


def _caption(table: Table) -> str:
  return (
    f'Ranked by {table.rank_by}: mean place over {table.units} units, 1 is '
    'best. Numbers are means over units with 95 % bootstrap intervals.'
  )


def _legend(table: Table) -> str:
  better = {1: 'more is better', -1: 'less is better', 0: 'neither is better'}
  lines = [
    f'- {name}: {metrics.METRICS[name].text} '
    f'({better[metrics.METRICS[name].better]})'
    for name in table.rows[0].metrics
  ]
  if table.natural:
    lines.append(
      '- natural_path of natural images: {:.3f} for weak ones, {:.3f} for the '
      "unit's strongest".format(*table.natural)
    )
  return '\n'.join(lines)
