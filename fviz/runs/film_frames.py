"""Frames on the disk: the ledger of a film.

Each is a whole PNG, and whatever a frame needs of the one before is read from
there, so that a film that was killed ends as one that was not.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np

from fviz import errors
from fviz.media import png
from fviz.storage import workdir


class Frames:
  """The frames of a film in its working directory.

  Args:
    path: created, or resumed if its config is the same.
    record: what makes the film; in every frame's metadata.
    ignore: dotted names of fields that no frame depends on.
  """

  def __init__(
    self, path: str, record: dict[str, Any], ignore: tuple[str, ...] = ()
  ):
    ignore = ('versions', *ignore)
    self.directory = workdir.Workdir.open(path, record, ignore)
    self.record = record

  def __enter__(self):
    return self

  def __exit__(self, *unused):
    self.directory.close()

  def path(self, number: int):
    return self.directory.path / 'frames' / f'{number:06d}.png'

  def save(self, number: int, image: np.ndarray, **more: Any) -> np.ndarray:
    """Writes a frame; returns it as it will be read, in [0, 1]."""
    png.save(self.path(number), image, {**self.record, 'frame': number, **more})
    return np.float32(png.to_uint8(image)) / 255

  def read(self, number: int) -> tuple[np.ndarray, dict]:
    """([h, w, 3] in [0, 1], record) of a finished frame."""
    image, record = png.read(self.path(number))
    return np.float32(image) / 255, record or {}

  def finished(self) -> int:
    """How many frames from the first on are whole."""
    number = 0
    while self.path(number).exists():
      try:
        self.read(number)
      except errors.FvizError:
        break
      number += 1
    return number


def frames_of(path: str) -> Iterator[str]:
  """The finished frames in a working directory, in order."""
  folder = os.path.join(path, 'frames')
  for name in sorted(os.listdir(folder)):
    if name.endswith('.png') and not name.startswith('.'):
      yield os.path.join(folder, name)
