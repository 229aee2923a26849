"""Contact sheets and layer summaries: made from what is on the disk.

A page is some consecutive units of a layer. Its sheets, one a snapshot, are
made once all its units are finished, and only by its keeper: the one process
that renders all that the page lacked, or else the last process to leave, for
which None stands. A layer's keeper summarizes the layer.
"""

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
from fviz.sweep.sweep_plan import SweepPlan, Unit

# TensorBoard scales pictures to 350 pixels wide and as high as they are: with
# more columns tiles are too small to tell what they show.
_COLUMNS = 4


class Page(NamedTuple):
  """Some units of a layer that share contact sheets; the first page is 0."""

  layer: str
  number: int
  units: Sequence[Unit]


def title(units: Sequence[Unit]) -> str:
  """The channels of a page, in words.

  >>> title([('mixed3', 0, 0), ('mixed3', 1, 0), ('mixed3', 2, 0)])
  'channels 0–2'
  >>> title([('mixed3', 3, 0), ('mixed3', 7, 0)])
  'channels 3, 7'
  """
  captions = [finished_units.caption(unit) for unit in units]
  channels = list(dict.fromkeys(channel for _, channel, _ in units))
  if len(units) == 1:
    return f'channel {captions[0]}'
  if channels == list(range(channels[0], channels[-1] + 1)):
    return f'channels {captions[0]}–{captions[-1]}'
  listed = ', '.join(captions[:6])
  return f'channels {listed}' + (
    f', … {captions[-1]}' if len(captions) > 6 else ''
  )


@dataclasses.dataclass(frozen=True)
class Gallery:
  """Makes the sheets and summaries of a working directory.

  Attributes:
    plan: of the sweep.
    owners: layer -> unit -> the process that renders it, or `shares.DONE`.
    directory: where the pictures are and the sheets go.
    finished: the units of the ledgers, as of their last refresh.
    writer: of TensorBoard, which shows the same.
  """

  plan: SweepPlan
  owners: Mapping[str, Mapping[Unit, int]]
  directory: workdir.Workdir
  finished: ledger.Index
  writer: tensorboard.Writer

  def pages(self, layer: str, keepers: Collection[int | None]) -> list[Page]:
    """The pages of a layer that are some keepers'."""
    pages = enumerate(
      contact_sheet.pages([*self.owners[layer]], self.plan.page)
    )
    return [
      Page(layer, number, units)
      for number, units in pages
      if self.keeper(layer, units) in keepers
    ]

  def keeper(self, layer: str, units: Iterable[Unit]) -> int | None:
    """The one process that renders some of a layer's units, or None."""
    owners = {self.owners[layer][unit] for unit in units} - {shares.DONE}
    return None if len(owners) > 1 else min(owners, default=0)

  def missing(self, layer: str, keeper: int | None) -> list[Page]:
    """A keeper's pages of a layer that lack a sheet."""
    has_all = lambda page: all(map(os.path.exists, self._paths(page)))
    return [page for page in self.pages(layer, {keeper}) if not has_all(page)]

  def finish(self, layer: str, pages: Sequence[Page]) -> list[Page]:
    """Makes the sheets of pages whose units are all there; returns the rest."""
    units, process = self.owners[layer], self.directory.process
    # The summary comes before the last sheet, which tells the next run that
    # all is there.
    if pages and self.keeper(layer, units) == process and self._is_whole(units):
      self._summarize(layer)
    whole = [page for page in pages if self._is_whole(page.units)]
    for page in whole:
      self._make(page)
    return [page for page in pages if page not in whole]

  def finish_shared(self) -> bool:
    """The last process to leave makes the rest; says whether this one is."""
    with self.directory.turn():
      self.finished.refresh()
      if not all(map(self._is_whole, self.owners.values())):
        return False
      for layer, units in self.owners.items():
        if self.keeper(layer, units) is None:
          self._summarize(layer)
        for page in self.missing(layer, None):
          self._make(page)
      return True

  def sheets(self, keepers: Collection[int | None]) -> list[str]:
    """The last sheets of the pages of some keepers, as far as they exist."""
    pages = [
      page for layer in self.owners for page in self.pages(layer, keepers)
    ]
    paths = [os.fspath(self._paths(page)[-1]) for page in pages]
    return list(filter(os.path.exists, paths))

  def _is_whole(self, units: Iterable[Unit]) -> bool:
    return all(unit in self.finished for unit in units)

  def _paths(self, page: Page) -> list[epath.Path]:
    path = self.directory.gallery_path
    return [path(page.layer, page.number, step) for step in self._steps]

  def _make(self, page: Page) -> None:
    films = [
      finished_units.snapshots(
        self.directory, self.finished[unit], len(self._steps)
      )
      for unit in page.units
    ]
    captions = [finished_units.caption(unit) for unit in page.units]
    shots = zip(*films, strict=True)
    columns = _COLUMNS if len(captions) <= _COLUMNS * 8 else None
    sheets = [contact_sheet.draw(shot, captions, columns) for shot in shots]
    # TensorBoard first: the files tell the next run that it has them.
    tag = f'{page.layer}/{title(page.units)}'
    for sheet, step in zip(sheets, self._steps, strict=True):
      self.writer.image(tag, sheet, step, self._description)
    self.writer.flush()
    for sheet, path in zip(sheets, self._paths(page), strict=True):
      png.save(path, sheet)

  def _summarize(self, layer: str) -> None:
    """Writes the layer as a whole to TensorBoard, from its ledger lines."""
    records = [self.finished[unit] for unit in self.owners[layer]]
    histories = [record.get('history') or [] for record in records]
    for i, step in enumerate(self._steps):
      values = [history[i] for history in histories if len(history) > i]
      if (mean := finished_units.mean(values)) is not None:
        about = 'Mean over the channels; by steps of the optimization.'
        self.writer.scalar(f'{layer}/mean_objective', mean, step, about)
    activations = [record.get('activation') for record in records]
    known = [value for value in activations if value is not None]
    if known:
      self.writer.histogram(f'{layer}/activations', known, self._steps[-1])
    self.writer.flush()

  @property
  def _description(self) -> str:
    """What sheets show, and what there is to click; in markdown."""
    record = self.plan.record
    names = 'parameterization', 'transforms', 'optimizer', 'size', 'seed'
    recipe = ', '.join(f'{k} `{record[k]}`' for k in names if k in record)
    return (
      f'Each tile is what a channel of {self.plan.network.name} likes, its '
      'number below. The slider goes through the steps of the optimization; a '
      f'click on the picture shows it in its own size. Recipe: {recipe}.'
    )

  @property
  def _steps(self) -> tuple[int, ...]:
    """Of the snapshots."""
    return self.plan.recipe.snapshot_steps
