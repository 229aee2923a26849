"""Every record says what made the pixels: what is made from it is equal."""

import pathlib
import shutil

import numpy as np
import pytest
import small
from PIL import Image

import fviz
from fviz import cli, errors, models
from fviz import config as configs
from fviz.media import photos, png

_DREAM = ['--layer', 'conv', '--octaves', '2', '--iterations', '2']
_DREAM += ['--set', 'jitter=2', '--size', '24']
_UNIT = ['--layer', 'conv', '--channel', '1', '--size', '16', '--steps', '3']


@pytest.fixture(autouse=True)
def tiny(monkeypatch, tmp_path, quick_compile):
  """A network that compiles in a second, and a folder of one's own."""
  network = small.network()
  monkeypatch.setattr(models, 'load', lambda name, weights='': network)
  monkeypatch.chdir(tmp_path)
  pixels = np.random.default_rng(0).integers(0, 256, (30, 40, 4), np.uint8)
  Image.fromarray(pixels[..., :3]).save('photo.png')
  Image.fromarray(pixels).save('clear.png')


def _fviz(*arguments):
  assert cli.main([str(a) for a in arguments]) == 0


# Command -> the picture that it makes.
_MADE = {
  'render': (['render', *_UNIT, '-o', 'a.png'], 'a.png'),
  'render of a photo': (
    ['render', '--recipe', 'caricature', '--image', 'clear.png', '--size', '16',
     '--steps', '2', '--objective', "caricature('conv')", '-o', 'a.png'],
    'a.png',
  ),
  'render of several': (
    ['render', *_UNIT, '--set', 'variants=2', '-o', 'many'], 'many/1-1.png'
  ),
  'render of a class': (
    ['render', '--label', 'b', '--size', '16', '--steps', '2', '-o', 'a.webp'],
    'a.webp',
  ),
  'dream': (['dream', 'photo.png', *_DREAM, '-o', 'a.png'], 'a.png'),
  'dream of a mask': (
    ['dream', 'clear.png', *_DREAM, '--mask', 'clear.png', '-o', 'a.png'],
    'a.png',
  ),
  'dream of a guide': (
    ['dream', 'photo.png', *_DREAM, '--guide', 'clear.png', '-o', 'a.png'],
    'a.png',
  ),
  'film': (
    ['dream', 'photo.png', *_DREAM, '--film', 'zoom', '--frames', '2', '-o',
     'a.gif'],
    'a.gif',
  ),
  'sweep': (
    ['sweep', *_UNIT, '--workdir', 'w', '--set', 'variants=2'],
    'w/images/conv/0001-01.png',
  ),
}  # fmt: skip


@pytest.mark.parametrize('name', _MADE)
def test_what_is_made_again_is_equal_to_the_byte(name):
  arguments, made = _MADE[name]
  _fviz(*arguments)
  again = f'again{pathlib.Path(made).suffix}'
  _fviz('redo', made, '-o', again)
  _fviz('redo', again, '-o', f'b-{again}')
  files = [pathlib.Path(f) for f in (made, again, f'b-{again}')]
  one, two, three = (file.read_bytes() for file in files)
  assert one == two == three


@pytest.mark.parametrize(
  'name, change',
  [
    ('render', 'seed=5'),
    ('dream', 'seed=5'),
    ('sweep', 'seed=5'),
    ('sweep', 'size=24'),
    ('sweep', 'optimizer=adam(0.2)'),
  ],
)
def test_a_changed_record_is_of_the_new_picture(name, change):
  arguments, made = _MADE[name]
  _fviz(*arguments)
  _fviz('redo', made, '-o', 'b.png', '--set', change)
  _fviz('redo', 'b.png', '-o', 'c.png')
  assert not np.array_equal(
    photos.read(made).image[:8, :8], photos.read('b.png').image[:8, :8]
  )
  two, three = (pathlib.Path(name) for name in ('b.png', 'c.png'))
  assert two.read_bytes() == three.read_bytes()
  field, value = change.split('=')
  record = photos.read_record('b.png')
  assert str(record['config'][field]) == value
  old = photos.read_record(made)
  if name == 'sweep':
    assert record['seed'] == record['config']['seed']
    assert record['activation'] != old['activation']
    assert not record.keys() & {'history', 'objective', 'file', 'seconds'}


def test_a_picture_of_a_sweep_can_be_copied_elsewhere(tmp_path):
  _fviz(*_MADE['sweep'][0])
  elsewhere = tmp_path / 'elsewhere'
  elsewhere.mkdir()
  shutil.copy('w/images/conv/0001-01.png', elsewhere / 'a.png')
  shutil.rmtree('w')
  _fviz('redo', elsewhere / 'a.png')
  first, second = (
    (elsewhere / name).read_bytes() for name in ('a.png', 'a-redo.png')
  )
  assert first == second


def test_ones_own_network_is_recorded_and_asked_for(capsys):
  mine = small.network(seed=3)
  config = configs.sweep()
  config.update(layer='conv', channels=(1,), size=16, steps=2)
  fviz.sweep.run(config.lock(), 'w', network=mine)
  render = configs.render()
  render.update(objective="channel('conv', 1)", size=16, steps=2)
  fviz.runs.render.run(render.lock(), 'r', network=mine)
  for file in ('w/images/conv/0001-00.png', 'r/1-0.png'):
    record = photos.read_record(file)
    assert record['config']['model'] == 'small'
    assert cli.main(['redo', file, '-o', 'again.png']) == 1
    assert "own network 'small'" in capsys.readouterr().err
    fviz.redo(file, 'again.png', network=mine)
    assert png.read('again.png')[1] == record
    assert np.array_equal(png.read('again.png')[0], png.read(file)[0])
    pathlib.Path('again.png').unlink()


def test_a_sweep_of_ones_own_network_is_resumed_from_before():
  config = configs.sweep()
  config.update(layer='conv', channels=(1,), size=16, steps=2)
  fviz.sweep.run(config.lock(), 'w', network=small.network(seed=3))
  file = pathlib.Path('w/config.json')
  text = file.read_text().replace('"model": "small"', '"model": "pareidolia"')
  file.write_text(text.replace('"own_network": true,', ''))
  fviz.sweep.run(config, 'w', network=small.network(seed=3))
  with pytest.raises(errors.FvizError, match='weights_sha256'):
    fviz.sweep.run(config, 'w', network=small.network(seed=4))


def test_no_output_replaces_what_it_is_made_from(capsys):
  before = pathlib.Path('photo.png').read_bytes()
  pathlib.Path('link.png').symlink_to('photo.png')
  pathlib.Path('hard.png').hardlink_to('photo.png')
  dream = ['dream', 'photo.png', *_DREAM, '-o']
  render = ['render', '--recipe', 'caricature', '--image', 'photo.png']
  render += ['--objective', "caricature('conv')", '-o']
  _fviz('render', *_UNIT, '-o', 'a.png')
  for command in (
    [*dream, 'photo.png'],
    [*dream, './photo.png'],
    [*dream, 'PHOTO.png'],
    [*dream, 'link.png'],
    [*dream, 'hard.png'],
    ['dream', 'clear.png', *_DREAM, '--mask', 'photo.png', '-o', 'photo.png'],
    ['dream', 'clear.png', *_DREAM, '--guide', 'photo.png', '-o', 'photo.png'],
    [*render, 'photo.png'],
    [*render, 'link.png'],
    ['redo', 'a.png', '-o', 'a.png'],
  ):
    assert cli.main(command) == 1
    assert 'is also read' in capsys.readouterr().err
  assert pathlib.Path('photo.png').read_bytes() == before


@pytest.mark.parametrize('place', ['file/a.png', 'x' * 300 + '.png', 'a\0.png'])
def test_what_cannot_be_written_is_said_before_any_work(
  place, capsys, monkeypatch
):
  pathlib.Path('file').touch()
  monkeypatch.setattr(fviz.engine, 'batches', lambda *a: pytest.fail('work'))
  monkeypatch.setattr(
    fviz.deepdream.Dreamer, '__call__', lambda *a: pytest.fail('work')
  )
  for command in (
    ['dream', 'photo.png', *_DREAM, '-o', place],
    ['render', *_UNIT, '-o', place],
    ['dream', 'photo.png', *_DREAM, '--film', 'zoom', '-o', place[:-3] + 'gif'],
  ):
    assert cli.main(command) == 1
    assert 'Cannot write' in capsys.readouterr().err


def test_a_picture_that_failed_is_not_written(capsys):
  nothing = ['--objective', "neuron('conv', 3, 999, 999)", '--size', '16']
  assert cli.main(['render', *nothing, '--steps', '2', '-o', 'a.png']) == 1
  assert 'not finite' in capsys.readouterr().err
  assert not pathlib.Path('a.png').exists()
