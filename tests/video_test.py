"""Clips: frames, times, sound, motion, resuming; needs the extra `video`."""

import fractions

import numpy as np
import pytest

pytest.importorskip('av', reason="needs pip install 'fviz[video]'")
pytest.importorskip('cv2', reason="needs pip install 'fviz[video]'")

import av  # noqa: E402
import small  # noqa: E402

from fviz import config as configs  # noqa: E402
from fviz import errors, films, models, video  # noqa: E402

_RNG = np.random.default_rng(0)
_N = 8


def _texture(height, width):
  noise = _RNG.random((height // 4 + 1, width // 4 + 1, 3))
  image = np.kron(noise, np.ones((4, 4, 1)))[:height, :width]
  for axis in (0, 1):  # Soft edges: flow needs gradients.
    for _ in range(3):
      image = (
        np.roll(image, 1, axis) + 2 * image + np.roll(image, -1, axis)
      ) / 4
  return image


def _clip():
  """A pan of one pixel a frame with a sprite that moves the other way."""
  world = _texture(48, 64 + _N)
  sprite = np.float32(_texture(12, 12)) * [1.0, 0.4, 0.2]
  frames = []
  for i in range(_N):
    frame = np.float32(world[:, i : i + 64]).copy()
    frame[18:30, 10 + 2 * i : 22 + 2 * i] = sprite
    frames.append(frame)
  return frames


@pytest.fixture(autouse=True)
def tiny(monkeypatch, tmp_path):
  network = small.network()
  monkeypatch.setattr(models, 'load', lambda name, weights='': network)
  monkeypatch.chdir(tmp_path)


def _write(path, frames, times=None, seconds_of_sound=0.0, **metadata):
  """A clip as a camera makes it; metadata may hold a rotation."""
  with av.open(path, 'w') as container:
    stream = container.add_stream('libx264', rate=10)
    stream.height, stream.width = frames[0].shape[:2]
    stream.pix_fmt, stream.time_base = 'yuv444p', fractions.Fraction(1, 1000)
    stream.codec_context.time_base = stream.time_base
    stream.options = {'crf': '1'}
    sound = None
    if seconds_of_sound:
      sound = container.add_stream('aac', rate=8000, layout='mono')
    for i, frame in enumerate(frames):
      picture = av.VideoFrame.from_ndarray(
        np.uint8(frame * 255), format='rgb24'
      )
      picture.pts = round(1000 * times[i]) if times else 100 * i
      picture.time_base = fractions.Fraction(1, 1000)
      container.mux(stream.encode(picture))
    container.mux(stream.encode())
    if sound:
      wave = np.sin(np.arange(int(8000 * seconds_of_sound)) / 5)[None]
      data = av.AudioFrame.from_ndarray(
        np.float32(wave), format='fltp', layout='mono'
      )
      data.sample_rate = 8000
      for part in (data, None):
        container.mux(sound.encode(part))
  return path


def _config(**values):
  config = configs.dream()
  config.update(
    input='clip.mp4', layer='conv_1', octaves=1, iterations=4, jitter=4
  )
  for name, value in values.items():
    config.video[name] = value
  return config.lock()


def test_times_and_sound_are_kept():
  times = [0.0, 0.1, 0.15, 0.4, 0.5, 0.9]
  _write('clip.mp4', _clip()[:6], times, 1.0)
  found = list(video.read('clip.mp4'))
  np.testing.assert_allclose([f.time for f in found], times, atol=1e-3)
  np.testing.assert_allclose(found[2].image / 255, _clip_frame(2), atol=0.1)
  video.run(_config(), 'out.mp4')
  again = list(video.read('out.mp4'))
  np.testing.assert_allclose([f.time for f in again], times, atol=1e-3)
  assert again[0].image.shape == (48, 64, 3)
  with av.open('out.mp4') as container:
    sound = container.streams.audio[0]
    samples = sum(f.samples for f in container.decode(sound))
  assert samples >= 7000


def _clip_frame(i):
  return (
    next(f.image for k, f in enumerate(video.read('clip.mp4')) if k == i) / 255
  )


def test_warping_halves_the_flicker():
  frames = _clip()
  _write('clip.mp4', frames)
  shown = [f.image for f in video.read('clip.mp4')]
  video.run(_config(), 'warped.gif')
  video.run(_config(flow='none', blend_static=0.0, settle=False), 'alone.gif')
  dreams = {
    name: [
      np.float32(_png(f)) / 255 for f in films.frames_of(f'{name}.gif.frames')
    ]
    for name in ('warped', 'alone')
  }
  photos = [np.float32(i) / 255 for i in shown]
  flicker = {k: video.flicker(shown, v) for k, v in dreams.items()}
  assert flicker['warped'] <= 0.5 * flicker['alone'], flicker
  # And it does dream.
  change = {
    k: np.mean([np.abs(a - b).mean() for a, b in zip(v, photos, strict=True)])
    for k, v in dreams.items()
  }
  assert change['warped'] > 0.5 * change['alone'] > 0.005, change


def _png(path):
  from fviz import gallery

  return gallery.read_png(path)[0]


def test_resumes_as_if_never_stopped(monkeypatch):
  _write('clip.mp4', _clip()[:4])
  video.run(_config(), 'a.mp4')
  save = films.Frames.save

  def stopped(self, number, image, **more):
    if number == 2:
      raise KeyboardInterrupt
    return save(self, number, image, **more)

  monkeypatch.setattr(films.Frames, 'save', stopped)
  with pytest.raises(KeyboardInterrupt):
    video.run(_config(), 'b.mp4')
  monkeypatch.setattr(films.Frames, 'save', save)
  video.run(_config(), 'b.mp4')
  one, two = (
    [_png(f) for f in films.frames_of(f'{n}.mp4.frames')] for n in 'ab'
  )
  assert len(two) == 4
  for a, b in zip(one, two, strict=True):
    np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize('kind', ['dis', 'farneback'])
def test_motion_finds_a_pan_and_what_it_uncovers(kind):
  frames = [np.uint8(f * 255) for f in _clip()]
  moved = video.motion(frames[2], frames[3], kind, 0.5)
  y, x = np.mgrid[:48, :64]
  away = np.s_[36:44, 8:-8]  # Far from the sprite and the edges.
  assert abs(np.median((moved.columns - x)[away]) - 1) < 0.15
  assert abs(np.median((moved.rows - y)[away])) < 0.15
  assert moved.moving[away].mean() > 0.95
  assert moved.hidden[:, -1].mean() > 0.9 > 0.1 > moved.hidden[away].mean()
  still = video.motion(frames[2], frames[2], kind, 0.5)
  assert not still.moving.any() and not still.hidden.any()


def test_carried_is_as_published():
  image, before, dream = (np.float32(_RNG.random((4, 6, 3))) for _ in range(3))
  y, x = np.mgrid[:4, :6].astype(np.float32)
  moving = np.zeros((4, 6), bool)
  moving[:, :3] = True
  hidden = np.zeros((4, 6), bool)
  hidden[0] = True
  moved = video.Motion(y, np.minimum(x + 1, 5), moving, hidden)
  out = video.carried(image, before, dream, moved, 0.75, 0.1)
  np.testing.assert_allclose(out[0], image[0], atol=1e-6)
  expected = image[1, 2] + 0.75 * (dream - before)[1, 3]
  np.testing.assert_allclose(out[1, 2], np.clip(expected, 0, 1), atol=1e-6)
  expected = 0.9 * image[2, 4] + 0.1 * dream[2, 4]
  np.testing.assert_allclose(out[2, 4], expected, atol=1e-6)


def test_cuts_and_schedules():
  a, b = np.uint8(255 * _texture(32, 32)), np.full((32, 32, 3), 250, np.uint8)
  assert video.is_cut(a, b, 0.35) and not video.is_cut(
    a, np.roll(a, 3, 1), 0.35
  )
  for bad in ('speed=0:1', 'strength=0', 'strength=0:-1', 'strength=a:b'):
    with pytest.raises(errors.FvizError):
      video.parse_schedule(bad)


def test_rotation_flags_are_obeyed(monkeypatch):
  _write('clip.mp4', _clip()[:1])
  upright = _clip_frame(0)
  decode = av.container.InputContainer.decode

  class Turned:
    """A frame whose flag says: turn by 90 degrees counterclockwise."""

    def __init__(self, frame):
      self.frame, self.rotation, self.time = frame, 90, frame.time

    def to_ndarray(self, **options):
      return self.frame.to_ndarray(**options)

  class Container:
    def __init__(self, inner):
      self.inner, self.streams = inner, inner.streams

    def __enter__(self):
      return self

    def __exit__(self, *unused):
      self.inner.close()

    def decode(self, stream):
      return map(Turned, decode(self.inner, stream))

  opened = av.open
  monkeypatch.setattr(av, 'open', lambda path: Container(opened(path)))
  turned = next(video.read('clip.mp4')).image / 255
  np.testing.assert_array_equal(turned, np.rot90(upright))


def test_refuses(tmp_path, monkeypatch):
  _write('clip.mp4', _clip()[:2])
  (tmp_path / 'empty.mp4').touch()
  (tmp_path / 'text.mp4').write_text('no clip')
  whole = (tmp_path / 'clip.mp4').read_bytes()
  (tmp_path / 'cut.mp4').write_bytes(whole[: len(whole) // 2])
  for name, message in {
    'empty.mp4': 'is empty',
    'text.mp4': 'as a clip: Invalid data[^:]*[.] It may',
    'cut.mp4': 'cut short',
    'nowhere.mp4': 'no file',
  }.items():
    with pytest.raises(errors.FvizError, match=message):
      next(video.read(name))
  with av.open('sound.mp4', 'w') as container:
    sound = container.add_stream('aac', rate=8000, layout='mono')
    data = av.AudioFrame.from_ndarray(
      np.zeros((1, 2048), np.float32), format='fltp', layout='mono'
    )
    data.sample_rate = 8000
    for part in (data, None):
      container.mux(sound.encode(part))
  with pytest.raises(errors.FvizError, match='no video'):
    next(video.read('sound.mp4'))
  for message, config in (
    ('Unknown flow', _config(flow='dsi')),
    ('blend_flow', _config(blend_flow=1.5)),
    ('schedule', _config(schedule='x')),
  ):
    with pytest.raises(errors.FvizError, match=message):
      video.run(config, 'out.mp4')
  with pytest.raises(errors.FvizError, match='Unknown film format'):
    video.run(_config(), 'out.xyz')
  monkeypatch.setattr(video, 'av', None)
  with pytest.raises(errors.FvizError, match=r'fviz\[video\]'):
    video.run(_config(), 'out.mp4')
