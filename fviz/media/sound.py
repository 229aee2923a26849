"""The sound of a clip, copied into a film of it."""

from typing import Any, NamedTuple, Self

from fviz.media.video_extra import av

# What goes into any of our containers as it is; WebM holds only two of them.
_COPIED = ('aac', 'mp3', 'opus', 'vorbis', 'flac', 'ac3')
_OF_WEBM = ('opus', 'vorbis')


class Track(NamedTuple):
  """The sound of a clip on its way into a film."""

  path: str  # The clip's.
  stream: Any  # The film's.
  copied: bool  # Whether packets are taken as they are, or encoded anew.

  @classmethod
  def of(cls, container, path: str) -> Self | None:
    """Adds a stream for a clip's first sound to a film; None without any."""
    with av.open(path) as source:
      if not source.streams.audio:
        return None
      old = source.streams.audio[0]
      is_webm = 'webm' in container.format.name
      if old.codec_context.name in (_OF_WEBM if is_webm else _COPIED):
        return cls(path, container.add_stream_from_template(old), True)
      # Opus knows a few rates only; what is encoded is resampled to it.
      codec, rate = ('libopus', 48000) if is_webm else ('aac', old.rate)
      stream = container.add_stream(codec, rate=rate, layout=old.layout)
      return cls(path, stream, False)

  def copy(self, container, end: float) -> None:
    """Muxes the sound from the first frame to `end`, in seconds."""
    with av.open(self.path) as source:
      old, video = source.streams.audio[0], source.streams.video[0]
      # Frames are timed from the first one on, and so must the sound be.
      start = float((video.start_time or 0) * video.time_base)
      packets = _whole(source.demux(old))
      for part in packets if self.copied else _decoded(packets):
        time = float((part.pts or 0) * part.time_base) - start
        if time >= end:
          break
        if time >= 0:
          self._mux(container, part, round(start / part.time_base))
      if not self.copied:
        container.mux(self.stream.encode())

  def _mux(self, container, part, shift: int) -> None:
    part.pts -= shift
    if self.copied:
      part.dts, part.stream = part.dts - shift, self.stream
    container.mux(part if self.copied else self.stream.encode(part))


def _whole(packets):
  """Packets, up to where the clip breaks off."""
  try:
    for packet in packets:
      if packet.dts is not None:
        yield packet
  except av.error.FFmpegError:
    return


def _decoded(packets):
  for packet in packets:
    try:
      yield from packet.decode()
    except av.error.InvalidDataError:
      continue
