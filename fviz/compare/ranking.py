"""Candidates in order, as a table in Markdown, HTML, JSON, or a terminal."""

import html
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from fviz.compare import metrics
from fviz.storage import ledger_lines, plain_json

SHEET = 'gallery/comparison.png'  # In the working directory.
Spread = tuple[float, float, float]  # (mean, low, high) over units, 95 %.
Values = Mapping[str, Mapping[str, Sequence[float]]]  # Candidate, metric, unit.


class Row(NamedTuple):
  """A line of the table."""

  name: str  # Of the candidate.
  place: Spread  # Among the candidates.
  failed: int  # Units with a non-finite value on the way.
  metrics: dict[str, Spread]  # By name.


class Ranking(NamedTuple):
  """All candidates, the best first."""

  rank_by: str  # The metric that orders them.
  units: int  # How many units the means are over.
  rows: list[Row]
  # (floor, ceiling) of natural_path, None without natural images.
  natural: tuple[float, float] | None = None


def rank(
  values: Values,
  failed: Mapping[str, int],
  rank_by: str,
  natural: tuple[float, float] | None = None,
) -> Ranking:
  """Orders candidates by their mean place on the units.

  Places, and not means, since units have scales of their own. `failed` is
  candidate -> units that failed; these come last.
  """
  shown = [
    name
    for name in metrics.METRICS
    if any(np.isfinite(v[name]).any() for v in values.values())
  ]
  by = [v[rank_by] for v in values.values()]
  found = places(by, metrics.METRICS[rank_by].better)
  rows = [
    Row(name, interval(place), failed[name], {m: interval(v[m]) for m in shown})
    for place, (name, v) in zip(found, values.items(), strict=True)
  ]
  rows.sort(key=lambda row: row.place[0])
  return Ranking(rank_by, found.shape[1], rows, natural)


def places(values: ArrayLike, better: int = 1) -> np.ndarray:
  """Ranks of the candidates on each unit, 1 = best, ties at their mean.

  Args:
    values: [candidates, units]; what is not finite comes last.
    better: 1 if more is better, -1 if less.

  >>> print(places([[1.], [3.], [3.], [np.nan]]).T)
  [[3.  1.5 1.5 4. ]]
  """
  from scipy import stats  # Here, as it would slow down `import fviz`.

  x = np.asarray(values, np.float64)
  worse = np.where(np.isfinite(x), -better * x, np.inf)
  return stats.rankdata(worse, axis=0)


def interval(values: Iterable[float | None]) -> Spread:
  """(mean, low, high): the 95 % bootstrap interval (percentiles) over units.

  Deterministic. Values that are None or not finite are left out; all three
  numbers are NaN where none is left.

  >>> interval([1., 1.])
  (1.0, 1.0, 1.0)
  """
  from scipy import stats  # As above.

  x = np.array([*values], np.float64)  # None becomes NaN.
  x = x[np.isfinite(x)]
  if len(x) < 2:  # Nothing to draw from.
    only = float(x[0]) if len(x) else float('nan')
    return only, only, only
  low, high = stats.bootstrap(
    (x,),
    np.mean,
    n_resamples=2000,
    confidence_level=0.95,
    method='percentile',
    rng=np.random.default_rng(0),
  ).confidence_interval
  return float(x.mean()), float(low), float(high)


def markdown(ranking: Ranking) -> str:
  """The table in Markdown, and what its columns mean."""
  head, *body = _cells(ranking)
  lines = [head, ['---'] * len(head), *body]
  rows = '\n'.join(f'| {" | ".join(line)} |' for line in lines)
  legend = '\n'.join(f'- {line}' for line in _legend(ranking))
  return f'{_caption(ranking)}\n\n{rows}\n\n{legend}\n'


def plain(ranking: Ranking) -> str:
  """Places and the metric they are by, for a terminal."""
  lines = [f'place  {ranking.rank_by:>12}  candidate']
  for row in ranking.rows:
    mean, _, _ = row.metrics.get(ranking.rank_by, (np.nan,) * 3)
    failed = f'  ({row.failed} of {ranking.units} failed)' if row.failed else ''
    lines.append(f'{row.place[0]:5.2f}  {mean:12.4g}  {row.name}{failed}')
  return '\n'.join(lines)


def page(
  ranking: Ranking, about: str = '', changes: Mapping[str, str] | None = None
) -> str:
  """The report as one HTML page beside its sheet; pictures come first.

  Args:
    ranking: the table.
    about: what was compared, in a sentence.
    changes: candidate -> what is its own, in words.
  """
  head, *body = _cells(ranking)
  title = ''.join(f'<th>{_breakable(cell)}</th>' for cell in head)
  lines = [title, *(''.join(map(_table_cell, line)) for line in body)]
  rows = '\n'.join(f'<tr>{line}</tr>' for line in lines)
  legend = '\n'.join(f'<li>{html.escape(x)}</li>' for x in _legend(ranking))
  known = changes or {}
  own = '\n'.join(
    f'<li><b>{html.escape(row.name)}</b>: '
    f'{html.escape(known.get(row.name) or "what most of them have")}</li>'
    for row in ranking.rows
  )
  return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>fviz comparison</title>
<meta name="viewport" content="width=device-width">
<style>
body {{ font: 14px sans-serif; margin: 1.5em }}
body {{ background: #181818; color: #ddd }}
table {{ border-collapse: collapse; font-size: 12px }}
td, th {{ padding: 3px 6px; border-bottom: 1px solid #444; text-align: right }}
td:nth-child(2), th:nth-child(2) {{ text-align: left }}
small {{ color: #999; white-space: nowrap }}
img {{ width: min(100%, {_TILE * (ranking.units + 1)}px) }}
</style></head><body>
<h1>Comparison of {len(ranking.rows)} candidates</h1>
<p>{html.escape(about)}</p>
<p><a href="{SHEET}"><img src="{SHEET}"
alt="rows: candidates, the best first; columns: units"></a></p>
<h2>Where candidates differ from most</h2>
<ul>
{own}
</ul>
<h2>Measures</h2>
<p>{html.escape(_caption(ranking))}</p>
<div style="overflow-x: auto"><table>
{rows}
</table></div>
<ul>
{legend}
</ul>
</body></html>
"""


_TILE = 160  # Pixels of a picture in the page's sheet, at most.


def _table_cell(text: str) -> str:
  """A cell of the page; intervals are a line of their own, to save width."""
  mean, bracket, interval = text.partition(' (')
  if not bracket:
    return f'<td>{html.escape(text)}</td>'
  small = html.escape(interval.rstrip(')'))
  return f'<td>{html.escape(mean)}<br><small>{small}</small></td>'


def _breakable(name: str) -> str:
  """A column's name that may break into lines at its underscores."""
  return html.escape(name).replace('_', '_<wbr>')


def data(
  ranking: Ranking, values: Values, units: Sequence[ledger_lines.Unit]
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
  return f'{mean:.3g} ({low:.3g} to {high:.3g})' if np.isfinite(mean) else '-'


def _caption(ranking: Ranking) -> str:
  return (
    f'Ranked by {ranking.rank_by}: mean place over {ranking.units} units, 1 is '
    'best. Numbers are means over units with 95 % bootstrap intervals.'
  )


def _legend(ranking: Ranking) -> list[str]:
  signs = {1: 'more is better', -1: 'less is better', 0: 'neither is better'}
  known = [(k, metrics.METRICS[k]) for k in ranking.rows[0].metrics]
  lines = [f'{k}: {m.text} ({signs[m.better]})' for k, m in known]
  if ranking.natural:
    lines.append(
      'natural_path of natural images: {:.3f} for weak ones, {:.3f} for the '
      "unit's strongest".format(*ranking.natural)
    )
  return lines
