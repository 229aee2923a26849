"""SIGTERM with grace: what is under way is finished, the rest is for later.

Clusters send it some seconds before they kill: SLURM 30 by default, preemptible
machines of clouds 30.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator

Stop = Callable[[], bool]  # Whether to finish what is under way, and no more.


@contextlib.contextmanager
def graceful() -> Iterator[Stop]:
  """`with graceful() as stop:` SIGTERM makes `stop()` true.

  A second SIGTERM kills as ever. Outside of the main thread, where Python
  handles no signals, every one does.
  """
  asked = threading.Event()

  def ask(number, frame):
    del number, frame  # Unused.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    asked.set()
    # print could meet another print of this thread half way.
    os.write(2, b'\nSIGTERM: finishing this batch; a second one kills.\n')

  if threading.current_thread() is not threading.main_thread():
    yield asked.is_set
    return
  before = signal.signal(signal.SIGTERM, ask)
  try:
    yield asked.is_set
  finally:
    signal.signal(signal.SIGTERM, before)
