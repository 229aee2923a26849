"""SIGTERM with grace: the batch under way is finished, the rest is left.

Clusters send it some seconds before they kill. SLURM waits for 30 seconds by
default, and so do clouds with preemptible machines.
"""

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator

Stop = Callable[[], bool]  # Whether to begin nothing new.


@contextlib.contextmanager
def graceful() -> Iterator[Stop]:
  """`with graceful() as stop:` SIGTERM makes `stop()` true.

  A second SIGTERM kills. Outside of the main thread Python handles no signals,
  so that the first one kills there.
  """
  asked = threading.Event()

  def ask(*unused) -> None:
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
