"""Scalars and pictures for TensorBoard, without TensorFlow."""

from __future__ import annotations

import io
import json
import os
import pathlib
import time

import numpy as np
from PIL import Image
from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.plugins.image import metadata as image_metadata
from tensorboard.plugins.scalar import metadata as scalar_metadata
from tensorboard.summary.writer.event_file_writer import EventFileWriter
from tensorboard.util.tensor_util import make_tensor_proto


class Log:
  """Writes an event file and the same scalars as lines of log.jsonl."""

  def __init__(self, directory: str | os.PathLike):
    os.makedirs(directory, exist_ok=True)
    self._events = EventFileWriter(os.fspath(directory))
    self._lines = open(
      pathlib.Path(directory) / 'log.jsonl', 'a', encoding='utf8'
    )

  def scalars(self, step: int, values: dict[str, float]) -> None:
    """One number a name."""
    values = {k: float(v) for k, v in values.items()}
    self._lines.write(json.dumps({'step': step, **values}) + '\n')
    self._lines.flush()
    for name, value in values.items():
      self._add(step, name, np.float32(value), scalar_metadata)

  def images(self, step: int, name: str, images: np.ndarray) -> None:
    """Pictures [n, h, w, 3] in [0, 1]."""
    height, width = images.shape[1:3]
    pictures = [str(width).encode(), str(height).encode(), *map(_png, images)]
    self._add(step, name, pictures, image_metadata)

  def close(self) -> None:
    self._events.close()
    self._lines.close()

  def _add(self, step, tag, data, metadata):
    value = summary_pb2.Summary.Value(
      tag=tag,
      tensor=make_tensor_proto(data),
      metadata=metadata.create_summary_metadata('', ''),
    )
    self._events.add_event(
      event_pb2.Event(
        wall_time=time.time(),
        step=step,
        summary=summary_pb2.Summary(value=[value]),
      )
    )
    self._events.flush()


def _png(image: np.ndarray) -> bytes:
  pixels = np.uint8(255 * np.clip(image, 0, 1) + 0.5)
  Image.fromarray(pixels).save(file := io.BytesIO(), 'png')
  return file.getvalue()
