"""Clips: frames, times, sound, motion, resuming; needs the extra `video`."""

import fractions
import itertools
import pathlib
import struct

import numpy as np
import pytest

pytest.importorskip('av', reason='needs the extra video')
pytest.importorskip('cv2', reason='needs the extra video')

import av  # noqa: E402
import small  # noqa: E402
from PIL import Image  # noqa: E402

from fviz import cli, errors, models
from fviz import config as configs  # noqa: E402
from fviz.media import clips, film_files, optical_flow, video_extra
from fviz.media import photos as photos_module
from fviz.runs import dream, dream_plan, film_settings, films

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


def _write(
  path, frames, times=None, seconds_of_sound=0.0, aspect=1, options=(), click=0
):
  """A clip as a camera makes it, perhaps with a click in its sound."""
  with av.open(path, 'w', options=dict(options)) as container:
    stream = container.add_stream('libx264', rate=10)
    stream.height, stream.width = frames[0].shape[:2]
    stream.codec_context.sample_aspect_ratio = aspect
    stream.pix_fmt, stream.time_base = 'yuv444p', fractions.Fraction(1, 1000)
    stream.codec_context.time_base = stream.time_base
    stream.options = {'crf': '1', 'g': '1'}
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
      if click:
        wave *= 0.01
        wave[:, int(8000 * click) : int(8000 * click) + 80] = 0.9
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


def _run(config, output, path=None):
  dream.run(dream_plan.plan_of(config, output, path))


def _files(path):
  return sorted(pathlib.Path(path, 'frames').glob('[0-9]*.png'))


def test_times_and_sound_are_kept():
  times = [0.0, 0.1, 0.15, 0.4, 0.5, 0.9]
  _write('clip.mp4', _clip()[:6], times, 1.0)
  found = list(clips.read('clip.mp4'))
  np.testing.assert_allclose([f.time for f in found], times, atol=1e-3)
  np.testing.assert_allclose(found[2].image / 255, _clip_frame(2), atol=0.1)
  _run(_config(), 'out.mp4')
  again = list(clips.read('out.mp4'))
  np.testing.assert_allclose([f.time for f in again], times, atol=1e-3)
  assert again[0].image.shape == (48, 64, 3)
  with av.open('out.mp4') as container:
    sound = container.streams.audio[0]
    samples = sum(f.samples for f in container.decode(sound))
  assert samples >= 7000


def _clip_frame(i):
  return (
    next(f.image for k, f in enumerate(clips.read('clip.mp4')) if k == i) / 255
  )


def _flicker(frames, dreams):
  """Mean |dream - last dream along the flow of the frames| where both are seen.

  Args:
    frames: of the clip, uint8 [h, w, 3].
    dreams: one a frame, [h, w, 3] in [0, 1].
  """
  found = []
  for i in range(1, len(frames)):
    moved = optical_flow.motion(frames[i - 1], frames[i], 'dis', 0.0)
    last = optical_flow._along(dreams[i - 1], moved)
    difference = np.abs(dreams[i] - last).mean(-1)
    found.append(difference[~moved.hidden].mean())
  return np.mean(found)


def test_warping_halves_the_flicker():
  frames = _clip()
  _write('clip.mp4', frames)
  shown = [f.image for f in clips.read('clip.mp4')]
  _run(_config(), 'warped.gif')
  _run(_config(flow='none', blend_static=0.0, settle=False), 'alone.gif')
  dreams = {
    name: [np.float32(_png(f)) / 255 for f in _files(f'{name}.gif.frames')]
    for name in ('warped', 'alone')
  }
  photos = [np.float32(i) / 255 for i in shown]
  flicker = {k: _flicker(shown, v) for k, v in dreams.items()}
  assert flicker['warped'] <= 0.5 * flicker['alone'], flicker
  # And it does dream.
  change = {
    k: np.mean([np.abs(a - b).mean() for a, b in zip(v, photos, strict=True)])
    for k, v in dreams.items()
  }
  assert change['warped'] > 0.5 * change['alone'] > 0.005, change


def _png(path):
  from fviz.media import png

  return png.read(path)[0]


def test_resumes_as_if_never_stopped(monkeypatch):
  _write('clip.mp4', _clip()[:4])
  _run(_config(), 'a.mp4')
  save = films.Frames.save

  def stopped(self, number, image, **more):
    if number == 2:
      raise KeyboardInterrupt
    return save(self, number, image, **more)

  monkeypatch.setattr(films.Frames, 'save', stopped)
  with pytest.raises(KeyboardInterrupt):
    _run(_config(), 'b.mp4')
  monkeypatch.setattr(films.Frames, 'save', save)
  _run(_config(), 'b.mp4')
  one, two = ([_png(f) for f in _files(f'{n}.mp4.frames')] for n in 'ab')
  assert len(two) == 4
  for a, b in zip(one, two, strict=True):
    np.testing.assert_array_equal(a, b)


def test_schedules_and_cuts_reach_the_frames():
  """Strength 0 leaves the first frame; after a cut nothing is carried on."""
  other = [0.9 * f[::-1, ::-1] ** 3 for f in _clip()]
  _write('clip.mp4', [*_clip()[:2], *other[:2]])
  shown = [f.image for f in clips.read('clip.mp4')]
  cuts = [optical_flow.is_cut(a, b, 0.35) for a, b in itertools.pairwise(shown)]
  assert cuts == [False, True, False]
  _run(_config(schedule='strength=0:0,1:2'), 'a.gif')
  a = [_png(f) for f in _files('a.gif.frames')]
  np.testing.assert_array_equal(a[0], shown[0])
  change = [np.abs(np.int32(a[i]) - shown[i]).mean() for i in (1, 2, 3)]
  assert min(change) > 0.2
  # The same frames with another past: the third is as it was, a new scene.
  _write('clip.mp4', [*_clip()[4:6], *other[:2]])
  _run(_config(schedule='strength=0:0,1:2'), 'b.gif')
  b = [_png(f) for f in _files('b.gif.frames')]
  again = [f.image for f in clips.read('clip.mp4')]
  np.testing.assert_array_equal(again[2], shown[2])
  np.testing.assert_array_equal(a[2], b[2])
  assert np.abs(np.int32(a[1]) - b[1]).max() > 3


@pytest.mark.parametrize('kind', ['dis', 'farneback'])
def test_motion_finds_a_pan_and_what_it_uncovers(kind):
  frames = [np.uint8(f * 255) for f in _clip()]
  moved = optical_flow.motion(frames[2], frames[3], kind, 0.5)
  y, x = np.mgrid[:48, :64]
  away = np.s_[36:44, 8:-8]  # Far from the sprite and the edges.
  assert abs(np.median((moved.columns - x)[away]) - 1) < 0.15
  assert abs(np.median((moved.rows - y)[away])) < 0.15
  assert moved.moving[away].mean() > 0.95
  assert moved.hidden[:, -1].mean() > 0.9 > 0.1 > moved.hidden[away].mean()
  still = optical_flow.motion(frames[2], frames[2], kind, 0.5)
  assert not still.moving.any() and not still.hidden.any()


def test_carried_is_as_published():
  image, before, dream = (np.float32(_RNG.random((4, 6, 3))) for _ in range(3))
  y, x = np.mgrid[:4, :6].astype(np.float32)
  moving = np.zeros((4, 6), bool)
  moving[:, :3] = True
  hidden = np.zeros((4, 6), bool)
  hidden[0] = True
  moved = optical_flow.Motion(y, np.minimum(x + 1, 5), moving, hidden)
  out = optical_flow.carried(image, before, dream, moved, 0.75, 0.1)
  np.testing.assert_allclose(out[0], image[0], atol=1e-6)
  expected = image[1, 2] + 0.75 * (dream - before)[1, 3]
  np.testing.assert_allclose(out[1, 2], np.clip(expected, 0, 1), atol=1e-6)
  expected = 0.9 * image[2, 4] + 0.1 * dream[2, 4]
  np.testing.assert_allclose(out[2, 4], expected, atol=1e-6)


def test_cuts_and_schedules():
  a, b = np.uint8(255 * _texture(32, 32)), np.full((32, 32, 3), 250, np.uint8)
  assert optical_flow.is_cut(a, b, 0.35) and not optical_flow.is_cut(
    a, np.roll(a, 3, 1), 0.35
  )
  for bad in ('speed=0:1', 'strength=0', 'strength=0:-1', 'strength=a:b'):
    with pytest.raises(errors.FvizError):
      film_settings.parse_schedule(bad)


def _patched(path, where, data):
  """The clip with other bytes `where` its function of the file says."""
  whole = bytearray(pathlib.Path('clip.mp4').read_bytes())
  start = where(bytes(whole))
  whole[start : start + len(data)] = data
  pathlib.Path(path).write_bytes(whole)
  return path


def test_rotation_flags_are_obeyed():
  """As phones write them: (x, y) -> (h - y, x), a quarter clockwise."""
  _write('clip.mp4', _clip()[:1])
  matrix = struct.pack('>9i', 0, 1 << 16, 0, -1 << 16, 0, 0, 48 << 16, 0, 1)
  # Version and flags, five numbers, eight bytes, four short ones.
  header = lambda whole: whole.index(b'tkhd') + 4 + 4 + 20 + 8 + 8
  turned = next(clips.read(_patched('turned.mp4', header, matrix))).image
  upright = next(clips.read('clip.mp4')).image
  np.testing.assert_array_equal(turned, np.rot90(upright, -1))


def test_pixels_become_square():
  _write('clip.mp4', _clip()[:1], aspect=fractions.Fraction(2, 1))
  image = next(clips.read('clip.mp4')).image
  assert image.shape == (48, 128, 3)
  np.testing.assert_allclose(image[:, ::2] / 255, _clip_frame(0)[:, ::2])


@pytest.mark.parametrize('name', ['cut.mp4', 'cut.mkv', 'damaged.mp4'])
def test_clips_that_break_off_are_read_with_a_warning(name, caplog):
  whole = 'whole' + name[-4:]
  options = {'movflags': 'faststart'} if name.endswith('mp4') else {}
  _write(whole, _clip(), options=options)
  data = bytearray(pathlib.Path(whole).read_bytes())
  assert len(list(clips.read(whole))) == _N and not caplog.records
  assert clips.length(whole) == _N
  if name == 'damaged.mp4':
    middle, length = len(data) // 2, len(data) // 5
    data[middle : middle + length] = bytes(length)
  else:
    data = data[: len(data) * 2 // 3]
  pathlib.Path(name).write_bytes(data)
  found = list(clips.read(name))
  assert 2 <= len(found) < _N
  message = 'is damaged' if name == 'damaged.mp4' else 'breaks off after'
  assert message in caplog.text and name in caplog.text
  if name == 'damaged.mp4':  # What follows keeps its time.
    assert found[-1].time == pytest.approx(0.1 * (_N - 1), abs=1e-3)


def _click(path):
  """(when the loudest sample of a clip is, where its sound ends) in seconds."""
  with av.open(path) as container:
    parts = list(container.decode(container.streams.audio[0]))
  wave = np.concatenate([p.to_ndarray().mean(0) for p in parts])
  rate, start = parts[0].sample_rate, float(parts[0].time)
  return start + np.argmax(np.abs(wave)) / rate, start + len(wave) / rate


def test_sound_goes_with_the_frames():
  """Sound starts with the first frame, and ends with the last one."""
  times = [0.5, 0.6, 0.7, 0.8]
  _write('clip.mp4', _clip()[:4], times, 2.0, click=0.6)
  click, end = _click('clip.mp4')
  assert end > 2
  for output in ('out.mkv', 'out.webm'):  # Copied, and encoded anew.
    _run(_config(frames=4), output, 'frames')
    found, end = _click(output)
    assert found == pytest.approx(click - 0.5, abs=0.03), output
    # To a packet, of 1024 samples at 8 kHz.
    assert end == pytest.approx(0.4, abs=0.15), output


def test_films_carry_their_recipe():
  _write('clip.mp4', _clip()[:2])
  for suffix in ('mp4', 'webm', 'gif', 'webp'):
    _run(_config(), f'out.{suffix}', 'frames')
    record = (
      photos_module.read_record(f'out.{suffix}')
      if suffix in ('gif', 'webp')
      else film_files.read_record(f'out.{suffix}')
    )
    assert record['config']['layer'] == 'conv_1' and record['clip']
  for name in ('clip.mp4', 'nothing.mp4'):
    with pytest.raises(errors.FvizError, match='no recipe|Cannot read'):
      film_files.read_record(name)


def test_redo_makes_the_film_again(capsys):
  _write('clip.mp4', _clip()[:2])
  _run(_config(), 'out.mp4')
  assert cli.main(['redo', 'out.mp4']) == 0
  for a, b in zip(
    _files('out.mp4.frames'), _files('out-redo.mp4.frames'), strict=True
  ):
    np.testing.assert_array_equal(_png(a), _png(b))
  frame = 'out.mp4.frames/frames/000001.png'
  assert cli.main(['redo', frame]) == 2
  assert 'frame of a film' in capsys.readouterr().err
  _write('clip.mp4', _clip()[1:3])
  assert cli.main(['redo', 'out.mp4']) == 1
  assert 'SHA-256' in capsys.readouterr().err
  # Nor does a stopped film go on with another clip.
  with pytest.raises(errors.FvizError, match='input_sha256'):
    _run(_config(), 'out.mp4')


def test_gifs_keep_uneven_times():
  times = [0.0, 0.1, 0.15, 0.4]
  films.encode('a.gif', iter(_clip()[:4]), 10.0, {}, times)
  with Image.open('a.gif') as gif:
    found = []
    for i in range(4):
      gif.seek(i)
      found.append(gif.info['duration'])
  np.testing.assert_allclose(np.cumsum(found[:3]), [100, 150, 400], atol=10)


@pytest.mark.parametrize(
  'name, fps, seconds, least',
  [
    ('a.gif', 60, 8 * 0.02, 20),
    ('a.gif', 240, 8 * 0.02, 20),
    ('a.gif', 24, 8 / 24, 20),
    ('a.gif', 15, 8 / 15, 20),
    ('a.webp', 60, 8 / 60, 11),
    ('a.webp', 120, 8 * 0.011, 11),
  ],
)
def test_animations_take_their_time(name, fps, seconds, least, caplog):
  frames = [np.full((8, 8, 3), i / 8, np.float32) for i in range(8)]
  films.encode(name, iter(frames), fps, {})
  with Image.open(name) as animation:
    found = []
    for i in range(8):
      animation.seek(i)
      animation.load()
      found.append(animation.info['duration'])
  assert min(found) >= least
  assert abs(sum(found) / 1000 - seconds) < 0.006
  assert ('at most' in caplog.text) == (1000 / fps < least)


def test_a_clip_that_begins_late_is_whole(caplog):
  with av.open('late.mkv', 'w') as container:
    stream = container.add_stream('mpeg4', rate=10)
    stream.width, stream.height, stream.pix_fmt = 32, 16, 'yuv420p'
    for number in range(8):
      pixels = np.full((16, 32, 3), 20 * number, np.uint8)
      frame = av.VideoFrame.from_ndarray(pixels, 'rgb24')
      frame.pts = number + 5
      container.mux(stream.encode(frame))
    container.mux(stream.encode(None))
  found = list(clips.read('late.mkv'))
  assert len(found) == 8 == clips.length('late.mkv')
  assert 'cut short' not in caplog.text


def _codec_at(whole):
  return whole.index(b'avc1', whole.index(b'stsd'))


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
      next(clips.read(name))
  with av.open('sound.mp4', 'w') as container:
    sound = container.add_stream('aac', rate=8000, layout='mono')
    data = av.AudioFrame.from_ndarray(
      np.zeros((1, 2048), np.float32), format='fltp', layout='mono'
    )
    data.sample_rate = 8000
    for part in (data, None):
      container.mux(sound.encode(part))
  with pytest.raises(errors.FvizError, match='no video'):
    next(clips.read('sound.mp4'))
  for message, config in (
    ('Unknown flow', _config(flow='dsi')),
    ('blend_flow', _config(blend_flow=1.5)),
    ('schedule', _config(schedule='x')),
  ):
    with pytest.raises(errors.FvizError, match=message):
      _run(config, 'out.mp4')
  codec = _patched('codec.mp4', _codec_at, b'xyzw')
  with pytest.raises(errors.FvizError, match='codec'):
    next(clips.read(codec))
  monkeypatch.setitem(film_files._CODECS, '.mov', 'nothing')
  with pytest.raises(errors.FvizError, match='lacks the codec nothing'):
    _run(_config(), 'out.mov')
  assert not pathlib.Path('out.mov.frames').exists()
  with av.open('zero.mkv', 'w') as container:
    stream = container.add_stream('libx264', rate=10)
    stream.height, stream.width, stream.pix_fmt = 48, 64, 'yuv420p'
    container.start_encoding()
  with pytest.raises(errors.FvizError, match='length is zero'):
    next(clips.read('zero.mkv'))
  with pytest.raises(errors.FvizError, match='Unknown film format'):
    _run(_config(), 'out.xyz')
  monkeypatch.setattr(video_extra, 'av', None)
  with pytest.raises(errors.FvizError, match=r'fviz-jax\[video\]'):
    _run(_config(), 'out.mp4')
