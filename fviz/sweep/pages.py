"""Contact sheets and layer summaries: made from what is on the disk.

A page is some consecutive units of a layer. Its sheets, one a snapshot, are
made once all its units are finished, and only by one process: the one that
renders all that the page lacked, or else the last process to leave.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from etils import epath

from fviz import tensorboard
from fviz.media import contact_sheet, png
from fviz.runs import finished_units
from fviz.storage import ledger, workdir
from fviz.sweep import shares
from fviz.sweep.units import Unit


class Page(NamedTuple):
  """Some units of a layer that share contact sheets.

  Attributes:
    number: of the page in its layer, from 0.
    units: at least one, in order.
    keeper: the process that makes its sheets; None for the last one to leave.
  """

  number: int
  units: Sequence[Unit]
  keeper: int | None


class LayerPages(NamedTuple):
  """All units of a layer, and the pages they fill.

  Attributes:
    name: of the layer.
    units: in order.
    keeper: the process that summarizes it; None for the last one to leave.
    pages: in order.
  """

  name: str
  units: Sequence[Unit]
  keeper: int | None
  pages: Sequence[Page]


def layers_of(whose: Mapping[Unit, int], page: int) -> list[LayerPages]:
  """Sorts units into layers and pages.

  Args:
    whose: unit -> the process that renders it, or `shares.DONE`; in order.
    page: units on a page.
  """
  by_layer: dict[str, list[Unit]] = {}
  for unit in whose:
    by_layer.setdefault(unit[0], []).append(unit)
  return [
    LayerPages(
      name,
      units,
      _keeper(whose, units),
      [
        Page(number, some, _keeper(whose, some))
        for number, some in enumerate(contact_sheet.pages(units, page))
      ],
    )
    for name, units in by_layer.items()
  ]


def _keeper(whose: Mapping[Unit, int], units: Iterable[Unit]) -> int | None:
  """The one process that renders some of these, None where several do."""
  found = {whose[unit] for unit in units} - {shares.DONE}
  return None if len(found) > 1 else min(found, default=0)


@dataclasses.dataclass(frozen=True)
class Gallery:
  """Makes the sheets and summaries of a working directory.

  Attributes:
    directory: where the pictures are and the sheets go.
    finished: the units of the ledgers, as of their last refresh.
    writer: of TensorBoard, which shows the same.
    steps: of the snapshots.
  """

  directory: workdir.Workdir
  finished: ledger.Index
  writer: tensorboard.Writer
  steps: tuple[int, ...]

  def missing(self, layer: LayerPages, keeper: int | None) -> list[Page]:
    """The pages of a layer that are this keeper's and lack a sheet."""
    return [
      page
      for page in layer.pages
      if page.keeper == keeper
      and not all(map(os.path.exists, self._paths(layer, page)))
    ]

  def finish(
    self, layer: LayerPages, pages: Collection[Page], keeper: int
  ) -> list[Page]:
    """Makes the sheets of pages whose units are all there; returns the rest."""
    # The summary comes before the last sheet, which tells the next run that
    # all is there.
    if pages and layer.keeper == keeper and self.is_whole(layer.units):
      self._summarize(layer)
    left = []
    for page in pages:
      if self.is_whole(page.units):
        self._make(layer, page)
      else:
        left.append(page)
    return left

  def finish_shared(self, layers: Iterable[LayerPages]) -> None:
    """Makes what several processes had a part in, after all is rendered."""
    for layer in layers:
      if layer.keeper is None:
        self._summarize(layer)
      for page in self.missing(layer, None):
        self._make(layer, page)

  def is_whole(self, units: Iterable[Unit]) -> bool:
    """Whether all these units are finished."""
    return all(unit in self.finished for unit in units)

  def sheets(
    self, layer: LayerPages, keepers: Collection[int | None]
  ) -> list[str]:
    """The last sheets of the pages of some keepers, as far as they exist."""
    paths = [
      os.fspath(self._paths(layer, page)[-1])
      for page in layer.pages
      if page.keeper in keepers
    ]
    return list(filter(os.path.exists, paths))

  def _paths(self, layer: LayerPages, page: Page) -> list[epath.Path]:
    path = self.directory.gallery_path
    return [path(layer.name, page.number, step) for step in self.steps]

  def _make(self, layer: LayerPages, page: Page) -> None:
    count = len(self.steps)
    films = [
      finished_units.snapshots(self.directory, self.finished[u], count)
      for u in page.units
    ]
    captions = [finished_units.caption(unit) for unit in page.units]
    sheets = [
      contact_sheet.draw([film[i] for film in films], captions)
      for i in range(count)
    ]
    # TensorBoard first: the files tell the next run that it has them.
    for sheet, step in zip(sheets, self.steps, strict=True):
      self.writer.image(f'{layer.name}/page-{page.number:03d}', sheet, step)
    self.writer.flush()
    for sheet, path in zip(sheets, self._paths(layer, page), strict=True):
      png.save(path, sheet)

  def _summarize(self, layer: LayerPages) -> None:
    """Writes the layer as a whole to TensorBoard, from its ledger lines."""
    records = [self.finished[unit] for unit in layer.units]
    histories = [record.get('history') or [] for record in records]
    for i, step in enumerate(self.steps):
      values = [history[i] for history in histories if len(history) > i]
      if (mean := finished_units.mean(values)) is not None:
        self.writer.scalar(f'{layer.name}/mean_objective', mean, step)
    activations = [record.get('activation') for record in records]
    activations = [value for value in activations if value is not None]
    if activations:
      self.writer.histogram(
        f'{layer.name}/activations', np.array(activations), self.steps[-1]
      )
    self.writer.flush()
