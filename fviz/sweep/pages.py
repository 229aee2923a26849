"""Contact sheets and layer summaries: made from what is on the disk.

A page is some consecutive units of a layer. Its sheets, one a snapshot, are
made once all its units are finished, and only by its keeper: the one process
that renders all that the page lacked, or else the last process to leave, for
which None stands. A layer's keeper summarizes the layer.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

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
  """

  number: int
  units: Sequence[Unit]
  keeper: int | None


class LayerPages(NamedTuple):
  """A layer, and the pages that its units fill.

  Attributes:
    owners: unit -> the process that renders it, or `shares.DONE`; in order.
  """

  name: str
  owners: Mapping[Unit, int]
  keeper: int | None
  pages: Sequence[Page]


def layers_of(
  owners: Iterable[tuple[Unit, int]], page: int
) -> list[LayerPages]:
  """Sorts units and their owners into layers and pages of so many units."""
  by_layer: dict[str, dict[Unit, int]] = {}
  for unit, owner in owners:
    by_layer.setdefault(unit[0], {})[unit] = owner
  return [_paged(name, units, page) for name, units in by_layer.items()]


def _paged(name: str, owners: Mapping[Unit, int], page: int) -> LayerPages:
  pages = [
    Page(number, units, _keeper(owners[unit] for unit in units))
    for number, units in enumerate(contact_sheet.pages([*owners], page))
  ]
  return LayerPages(name, owners, _keeper(owners.values()), pages)


def _keeper(owners: Iterable[int]) -> int | None:
  """The one process among these, None where there are several."""
  found = {*owners} - {shares.DONE}
  return None if len(found) > 1 else min(found, default=0)


@dataclasses.dataclass(frozen=True)
class Gallery:
  """Makes the sheets and summaries of a working directory.

  Attributes:
    layers: all of the sweep.
    directory: where the pictures are and the sheets go.
    finished: the units of the ledgers, as of their last refresh.
    writer: of TensorBoard, which shows the same.
    steps: of the snapshots.
  """

  layers: Sequence[LayerPages]
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

  def finish(self, layer: LayerPages, pages: Sequence[Page]) -> list[Page]:
    """Makes the sheets of pages whose units are all there; returns the rest."""
    # The summary comes before the last sheet, which tells the next run that
    # all is there.
    is_own = layer.keeper == self.directory.process
    if pages and is_own and self._is_whole(layer.owners):
      self._summarize(layer)
    whole = [page for page in pages if self._is_whole(page.units)]
    for page in whole:
      self._make(layer, page)
    return [page for page in pages if page not in whole]

  def finish_shared(self) -> bool:
    """The last process to leave makes the rest; says whether this one is."""
    with self.directory.turn():
      self.finished.refresh()
      if not all(self._is_whole(layer.owners) for layer in self.layers):
        return False
      for layer in self.layers:
        if layer.keeper is None:
          self._summarize(layer)
        for page in self.missing(layer, None):
          self._make(layer, page)
      return True

  def sheets(self, keepers: Collection[int | None]) -> list[str]:
    """The last sheets of the pages of some keepers, as far as they exist."""
    paths = [
      os.fspath(self._paths(layer, page)[-1])
      for layer in self.layers
      for page in layer.pages
      if page.keeper in keepers
    ]
    return list(filter(os.path.exists, paths))

  def _is_whole(self, units: Iterable[Unit]) -> bool:
    return all(unit in self.finished for unit in units)

  def _paths(self, layer: LayerPages, page: Page) -> list[epath.Path]:
    path = self.directory.gallery_path
    return [path(layer.name, page.number, step) for step in self.steps]

  def _make(self, layer: LayerPages, page: Page) -> None:
    films = [
      finished_units.snapshots(
        self.directory, self.finished[unit], len(self.steps)
      )
      for unit in page.units
    ]
    captions = [finished_units.caption(unit) for unit in page.units]
    sheets = [
      contact_sheet.draw(pictures, captions)
      for pictures in zip(*films, strict=True)
    ]
    # TensorBoard first: the files tell the next run that it has them.
    for sheet, step in zip(sheets, self.steps, strict=True):
      self.writer.image(f'{layer.name}/page-{page.number:03d}', sheet, step)
    self.writer.flush()
    for sheet, path in zip(sheets, self._paths(layer, page), strict=True):
      png.save(path, sheet)

  def _summarize(self, layer: LayerPages) -> None:
    """Writes the layer as a whole to TensorBoard, from its ledger lines."""
    records = [self.finished[unit] for unit in layer.owners]
    histories = [record.get('history') or [] for record in records]
    for i, step in enumerate(self.steps):
      values = [history[i] for history in histories if len(history) > i]
      if (mean := finished_units.mean(values)) is not None:
        self.writer.scalar(f'{layer.name}/mean_objective', mean, step)
    activations = [record.get('activation') for record in records]
    known = [value for value in activations if value is not None]
    if known:
      self.writer.histogram(f'{layer.name}/activations', known, self.steps[-1])
    self.writer.flush()
