"""Which job is in which slot of a batch, how far it is, and what it showed.

Plain NumPy on the host. A slot whose job has ended takes the next one, so that
the compiled step of a batch works on as long as there are jobs.
"""

import numpy as np

from fviz import types

WINDOW = 32  # Steps over which a rise of the objective is judged.
_IDLE = -1


class Slots:
  """The slots of one batch.

  Args:
    jobs: how many there are.
    batch: slots.
    steps: at which a job ends at the latest.
    marks: the steps of snapshots.
    tolerance: a job ends sooner when its objective's mean over WINDOW steps is
      above that of the window before by less than this share; 0: never.

  Attributes:
    job: [batch] the job in each slot, -1 where there is none.
    step: int32 [batch] steps done.
  """

  def __init__(
    self,
    jobs: int,
    batch: int,
    steps: int,
    marks: tuple[int, ...] = (),
    tolerance: float = 0.0,
  ):
    self._jobs, self._next = jobs, 0
    self._steps, self._tolerance = steps, tolerance
    self._marks = marks
    self._pending: list = []  # Values that may still be under way.
    self._shots: dict[tuple[int, int], types.Array] = {}
    self._history = np.zeros((batch, steps), np.float32)
    self.job = np.full(batch, _IDLE)
    self.step = np.zeros(batch, np.int32)
    self.fill()

  @property
  def busy(self) -> bool:
    """Whether any slot has a job."""
    return bool(np.any(self.job != _IDLE))

  def places(self) -> np.ndarray:
    """[batch] a job for every slot; those without one repeat another's."""
    taken = self.job[self.job != _IDLE]
    return np.where(self.job == _IDLE, taken[-1], self.job)

  def fill(self) -> np.ndarray:
    """Gives free slots the next jobs; returns which, as [batch] booleans."""
    free = np.flatnonzero(self.job == _IDLE)[: self._jobs - self._next]
    self.job[free] = self._next + np.arange(len(free))
    self._next += len(free)
    self.step[free] = 0
    return np.isin(np.arange(len(self.job)), free)

  def advance(self, values: types.Array) -> None:
    """Notes the values [batch, chunk] of a chunk without waiting for them."""
    self._pending.append((values, self.step.copy()))
    self.step += values.shape[1]

  def marked(self) -> np.ndarray:
    """Slots whose pictures are to be kept now."""
    return np.flatnonzero(self._busy() & np.isin(self.step, self._marks))

  def keep(self, slots: np.ndarray, images: types.Array) -> None:
    """Keeps the pictures [batch, ...] of some slots."""
    for slot in slots:
      self._shots[slot, int(self.step[slot])] = images

  def ended(self) -> np.ndarray:
    """Slots whose jobs have done all their steps, or rise no more."""
    full = self._busy() & (self.step >= self._steps)
    if self._tolerance:
      full |= self._busy() & self._level()
    return np.flatnonzero(full)

  def history(self, slots: np.ndarray) -> np.ndarray:
    """[slots, steps] values; after a job's end its last one."""
    self._collect()
    last = self.step[slots] - 1
    columns = np.minimum(np.arange(self._steps), last[:, None])
    return self._history[slots[:, None], columns]

  def snapshots(self, slots: np.ndarray, images: np.ndarray) -> np.ndarray:
    """[slots, marks, ...] pictures at the marks; after the end the last."""
    shots = np.zeros((len(slots), len(self._marks), *images.shape[1:]))
    shots = shots.astype(np.float32)
    for i, slot in enumerate(slots):
      for k, mark in enumerate(self._marks):
        shot = self._shots.pop((slot, mark), None)
        shots[i, k] = images[i] if shot is None else np.asarray(shot)[slot]
    return shots

  def free(self, slots: np.ndarray) -> None:
    """Takes the jobs out of some slots."""
    self.job[slots] = _IDLE

  def _busy(self) -> np.ndarray:
    return self.job != _IDLE

  def _level(self) -> np.ndarray:
    """Whether the last window is hardly above the one before; [batch]."""
    due = self._busy() & (self.step % WINDOW == 0) & (self.step >= 2 * WINDOW)
    if not due.any():
      return due
    self._collect()
    for slot in np.flatnonzero(due):
      done = self._history[slot, : self.step[slot]]
      before, now = done[-2 * WINDOW : -WINDOW].mean(), done[-WINDOW:].mean()
      due[slot] = now - before < self._tolerance * abs(now)
    return due

  def _collect(self) -> None:
    for values, step in self._pending:
      columns = step[:, None] + np.arange(values.shape[1])
      rows = np.arange(len(step))[:, None]
      inside = (
        columns < self._steps
      )  # Idle slots go on past the last step; their values are dropped.
      rows = np.broadcast_to(rows, columns.shape)
      self._history[rows[inside], columns[inside]] = np.asarray(values)[inside]
    self._pending.clear()
