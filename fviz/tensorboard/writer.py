"""TensorBoard event files, written without TensorFlow.

The only module that imports tensorboard. TensorBoard is a view: the ledger
and the PNGs of `workdir` are the truth.
"""

# Protobuf makes the classes of its modules at import, where no checker looks.
# pyright: reportAttributeAccessIssue=false

import os
import time
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
from etils import epath
from google.protobuf import struct_pb2
from numpy.typing import ArrayLike
from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.plugins.histogram import metadata as histogram_metadata
from tensorboard.plugins.hparams import api_pb2, plugin_data_pb2
from tensorboard.plugins.hparams import metadata as hparams_metadata
from tensorboard.plugins.image import metadata as image_metadata
from tensorboard.plugins.scalar import metadata as scalar_metadata
from tensorboard.plugins.text import metadata as text_metadata
from tensorboard.util import tensor_util

from fviz import errors
from fviz.media import png
from fviz.tensorboard import event_file

_VERSION = 'brain.Event:2'  # Of the format, as TensorBoard expects it first.


class Writer(AbstractContextManager['Writer']):
  """An event file; `with Writer(logdir) as writer` closes it."""

  def __init__(self, logdir: epath.PathLike):
    with _explained(logdir):
      self._file = event_file.File(os.fspath(logdir))
    self._write(event_pb2.Event(file_version=_VERSION))

  def __exit__(self, *unused) -> None:
    self.close()

  def image(
    self, tag: str, image: ArrayLike, step: int, description: str = ''
  ) -> None:
    """Adds an image [h, w, c], uint8 or float in [0, 1]; see `png.to_uint8`.

    The description, in markdown, is what the (i) beside the tag shows.
    """
    image = png.to_uint8(image)
    height, width, _ = image.shape
    data = [b'%d' % width, b'%d' % height, png.encode(image)]
    self._add_data(tag, data, image_metadata, step, description)

  def scalar(
    self, tag: str, value: ArrayLike, step: int, description: str = ''
  ) -> None:
    """Adds one number: anything of size 1; for the description see `image`."""
    value = np.asarray(value)
    if value.size != 1:
      raise errors.FvizError(
        f'{tag!r} is no scalar: its shape is {value.shape}.'
      )
    data = value.reshape(()).astype(np.float32)
    self._add_data(tag, data, scalar_metadata, step, description)

  def histogram(
    self, tag: str, values: ArrayLike, step: int, bins: int = 30
  ) -> None:
    """Adds the histogram of the finite values of an array of any shape."""
    self._add_data(tag, _buckets(values, bins), histogram_metadata, step)

  def text(self, tag: str, markdown: str, step: int = 0) -> None:
    """Adds a text in markdown."""
    self._add_data(tag, markdown.encode(), text_metadata, step)

  def hparams(self, name: str, values: Mapping[str, Any]) -> None:
    """Makes this event file a row of the HParams tab, of that name.

    The values are numbers, booleans and texts by name.
    """
    start = plugin_data_pb2.SessionStartInfo(group_name=name)
    for key, value in values.items():
      start.hparams[key].CopyFrom(_hparam(value))
    end = plugin_data_pb2.SessionEndInfo(status=api_pb2.STATUS_SUCCESS)
    tags = hparams_metadata
    self._add_hparams(tags.SESSION_START_INFO_TAG, session_start_info=start)
    self._add_hparams(tags.SESSION_END_INFO_TAG, session_end_info=end)

  def hparams_table(
    self, columns: Mapping[str, Iterable[Any]], metrics: Iterable[str]
  ) -> None:
    """Declares the HParams tab of a directory; its runs are the rows.

    The columns have the values that each hyperparameter takes, the metrics are
    tags of scalars that every run has.
    """
    names = [api_pb2.MetricName(tag=tag) for tag in metrics]
    experiment = api_pb2.Experiment(
      hparam_infos=[_hparam_info(k, v) for k, v in columns.items()],
      metric_infos=[api_pb2.MetricInfo(name=name) for name in names],
    )
    self._add_hparams(hparams_metadata.EXPERIMENT_TAG, experiment=experiment)

  def flush(self) -> None:
    """Returns when everything added so far is on the disk."""
    with _explained(self._file.path):
      self._file.sync()

  def close(self) -> None:
    """A second time does nothing."""
    self._file.close()

  def _add_data(
    self, tag: str, data: Any, plugin: Any, step: int, description: str = ''
  ) -> None:
    tensor = tensor_util.make_tensor_proto(data)
    metadata = plugin.create_summary_metadata('', description)
    self._add(tag, tensor, metadata, step)

  def _add_hparams(self, tag: str, **data: Any) -> None:
    packed = plugin_data_pb2.HParamsPluginData(**data)
    metadata = hparams_metadata.create_summary_metadata(packed)
    self._add(tag, hparams_metadata.NULL_TENSOR, metadata, 0)

  def _add(self, tag: str, tensor: Any, metadata: Any, step: int) -> None:
    value = summary_pb2.Summary.Value(tag=tag, tensor=tensor, metadata=metadata)
    summary = summary_pb2.Summary(value=[value])
    self._write(event_pb2.Event(step=int(step), summary=summary))

  def _write(self, event: event_pb2.Event) -> None:
    event.wall_time = time.time()
    with _explained(self._file.path):
      self._file.add(event.SerializeToString())


def _explained(path: epath.PathLike) -> AbstractContextManager[None]:
  return errors.explained(
    f'Cannot write TensorBoard events to {path}',
    'Choose a directory you can write to, or free some space.',
  )


def _hparam(value: Any) -> struct_pb2.Value:
  if isinstance(value, (bool, np.bool_)):
    return struct_pb2.Value(bool_value=bool(value))
  if isinstance(value, (int, float, np.number)):
    return struct_pb2.Value(number_value=float(value))
  return struct_pb2.Value(string_value=str(value))


def _hparam_info(name: str, values: Iterable[Any]) -> api_pb2.HParamInfo:
  """A column. Its type is that of its values, text where they differ."""
  found = [_hparam(value) for value in values]
  kinds = {value.WhichOneof('kind') or '' for value in found}
  types = {
    'bool_value': api_pb2.DATA_TYPE_BOOL,
    'number_value': api_pb2.DATA_TYPE_FLOAT64,
    'string_value': api_pb2.DATA_TYPE_STRING,
  }
  info = api_pb2.HParamInfo(name=name, type=types[max(kinds)])
  info.domain_discrete.values.extend(found)
  return info


def _buckets(values: ArrayLike, bins: int) -> np.ndarray:
  """float64 [bins, 3]: left edge, right edge, count."""
  if bins < 1:
    raise errors.FvizError(f'A histogram has at least 1 bin, not {bins}.')
  values = np.asarray(values).astype(np.float64).ravel()
  counts, edges = np.histogram(values[np.isfinite(values)], bins)
  return np.stack([edges[:-1], edges[1:], counts], axis=-1)
