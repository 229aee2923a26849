"""A bar for those who look on while `render` works."""

import contextlib
import sys
from collections.abc import Iterator
from typing import Any, TypeVar

_T = TypeVar('_T')


class Bar:
  """Counts pictures, and says at which step those in work are.

  Args:
    shown: a bar of tqdm, or None to be silent.
    steps: of a picture.
  """

  def __init__(self, shown: Any, steps: int):
    self._shown, self._steps = shown, steps
    self._say('compiling (once; kept)')

  def on_step(self, step: int) -> None:
    """So many steps of the pictures in work are done."""
    if step % max(1, self._steps // 32) == 0 or step == 1:
      self._say(f'step {step}/{self._steps}')

  def ended(self, part: _T) -> _T:
    """Pictures have ended: (their positions, what they came to)."""
    if self._shown is not None:
      where, _ = part  # type: ignore[misc]
      self._shown.update(len(where))
    return part

  def _say(self, text: str) -> None:
    if self._shown is not None:
      self._shown.set_postfix_str(text)


@contextlib.contextmanager
def of_batches(jobs: int, steps: int, wanted: bool | None) -> Iterator[Bar]:
  """A bar of so many pictures of so many steps, where one is wanted.

  By default that is where somebody looks on: in a terminal or a notebook.
  """
  if not (looked_at() if wanted is None else wanted):
    yield Bar(None, steps)
    return
  from tqdm import auto  # Here, as it would slow down `import fviz`.

  with auto.tqdm(total=jobs, unit='picture', dynamic_ncols=True) as shown:
    yield Bar(shown, steps)


def looked_at() -> bool:
  """Whether somebody sees what is printed: a terminal, or a notebook."""
  shell = sys.modules.get('IPython')
  kernel = shell and getattr(shell.get_ipython(), 'kernel', None)
  return bool(kernel) or sys.stderr.isatty()
