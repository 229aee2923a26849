"""TensorBoard event files, written without TensorFlow.

The only module that imports tensorboard. TensorBoard is a view: the ledger
and the PNGs of `workdir` are the truth.
"""

from __future__ import annotations

import os
import time
from typing import Any

import numpy as np
from etils import epath
from numpy.typing import ArrayLike
from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.plugins.histogram import metadata as histogram_metadata
from tensorboard.plugins.image import metadata as image_metadata
from tensorboard.plugins.scalar import metadata as scalar_metadata
from tensorboard.plugins.text import metadata as text_metadata
from tensorboard.summary.writer import event_file_writer
from tensorboard.util import tensor_util

from fviz import gallery
from fviz.errors import FvizError


class Writer:
  """An event file; `with Writer(logdir) as writer` closes it."""

  def __init__(self, logdir: epath.PathLike):
    try:
      self._file = event_file_writer.EventFileWriter(os.fspath(logdir))
    except OSError as error:
      raise FvizError(
        f'Cannot write TensorBoard events to {logdir}: '
        f'{error.strerror or error}. Choose a directory you can write to.'
      ) from error

  def __enter__(self) -> Writer:
    return self

  def __exit__(self, *unused) -> None:
    self.close()

  def image(self, tag: str, image: ArrayLike, step: int) -> None:
    """Adds an image [h, w, c], uint8 or float in [0, 1], c as in gallery."""
    image = gallery.to_uint8(image)
    height, width, _ = image.shape
    data = [b'%d' % width, b'%d' % height, gallery.encode_png(image)]
    self._add(tag, data, image_metadata, step)

  def scalar(self, tag: str, value: ArrayLike, step: int) -> None:
    """Adds one number: anything of size 1."""
    value = np.asarray(value)
    if value.size != 1:
      raise FvizError(f'{tag!r} is no scalar: its shape is {value.shape}.')
    self._add(tag, value.reshape(()).astype(np.float32), scalar_metadata, step)

  def histogram(
    self, tag: str, values: ArrayLike, step: int, bins: int = 30
  ) -> None:
    """Adds the histogram of an array of any shape; non-finite ones left out."""
    self._add(tag, _buckets(values, bins), histogram_metadata, step)

  def text(self, tag: str, markdown: str, step: int = 0) -> None:
    """Adds a text in markdown."""
    self._add(tag, markdown.encode(), text_metadata, step)

  def flush(self) -> None:
    """Hands everything added so far to the file."""
    self._file.flush()

  def close(self) -> None:
    """Flushes and closes; a second time does nothing."""
    self._file.close()

  def _add(self, tag: str, data: Any, metadata: Any, step: int) -> None:
    value = summary_pb2.Summary.Value(
      tag=tag,
      tensor=tensor_util.make_tensor_proto(data),
      metadata=metadata.create_summary_metadata('', ''),
    )
    event = event_pb2.Event(
      wall_time=time.time(),
      step=int(step),
      summary=summary_pb2.Summary(value=[value]),
    )
    self._file.add_event(event)


def _buckets(values: ArrayLike, bins: int) -> np.ndarray:
  """float64 [bins, 3]: left edge, right edge, count."""
  if bins < 1:
    raise FvizError(f'A histogram has at least 1 bin, not {bins}.')
  values = np.asarray(values).astype(np.float64).ravel()
  counts, edges = np.histogram(values[np.isfinite(values)], bins)
  return np.stack([edges[:-1], edges[1:], counts], axis=-1)
