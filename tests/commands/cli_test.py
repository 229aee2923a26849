"""The command as a stranger uses it: pictures, messages, exit codes."""

import json
import pathlib
import shutil
import subprocess
import sys

import numpy as np
import pytest
import small
from PIL import Image

from fviz import cli, models
from fviz import config as configs
from fviz.compiler import hardware
from fviz.config import overrides
from fviz.deepdream import step, windows
from fviz.media import photos, picture_files
from fviz.runs import made_again, render

_FAST = ['--layer', 'conv', '--size', '24', '--octaves', '2']
_FAST += ['--iterations', '2', '--set', 'jitter=2']


@pytest.fixture(autouse=True)
def tiny(monkeypatch, tmp_path):
  """A network that compiles in a second, and a folder of one's own."""
  network = small.network()
  monkeypatch.setattr(models, 'load', lambda name, weights='': network)
  monkeypatch.chdir(tmp_path)


@pytest.fixture
def photo():
  pixels = np.random.default_rng(0).integers(0, 256, (30, 40, 3), np.uint8)
  Image.fromarray(pixels).save('photo.png')
  return 'photo.png'


def test_dreams_and_redoes(photo, capsys):
  assert cli.main(['dream', photo, '-o', 'a.png', *_FAST, '--seed', '5']) == 0
  assert capsys.readouterr().out == 'a.png\n'
  dream = photos.read('a.png')
  assert dream.image.shape == (18, 24, 3)
  assert (
    np.abs(dream.image - photos.fitted(photos.read(photo).image, 24)).mean()
    > 0.01
  )
  record = photos.read_record('a.png')
  assert record['config']['seed'] == 5 and len(record['weights_sha256']) == 64
  assert cli.main(['redo', 'a.png']) == 0
  assert photos.read('a-redo.png').sha256 == dream.sha256
  assert cli.main(['redo', 'a.png', '-o', 'b.png', '--set', 'seed=6']) == 0
  assert photos.read('b.png').sha256 != dream.sha256
  assert cli.main(['dream', '--sample', *_FAST[2:], '--label', 'b']) == 0
  assert photos.read('sample-dream.png').image.shape == (18, 24, 3)


@pytest.mark.parametrize('film', [[], ['--film', 'zoom', '--frames', '2']])
def test_a_dream_is_redone_as_it_was_with_less_memory(film, monkeypatch):
  monkeypatch.setattr(windows, 'SMALLEST', 24)
  monkeypatch.setattr(step, '_LARGEST', {'cpu': 96})
  name = 'a.gif' if film else 'a.png'
  sizes = ['--sample', *_FAST, '--size', '96', '-o', name, *film]
  with monkeypatch.context() as full:
    full.setattr(hardware, 'memory_budget', lambda device: 0)
    assert cli.main(['dream', *sizes]) == 0
  found = made_again.recipe_of(pathlib.Path(name))
  assert found['config']['window'] == 24
  assert cli.main(['redo', name, '-o', f'b-{name}']) == 0
  again = made_again.recipe_of(pathlib.Path(f'b-{name}'))
  assert again == found
  files = pathlib.Path(name), pathlib.Path(f'b-{name}')
  assert files[0].read_bytes() == files[1].read_bytes()


def test_a_film_goes_on_with_the_window_of_its_first_frames(monkeypatch):
  monkeypatch.setattr(windows, 'SMALLEST', 24)
  monkeypatch.setattr(step, '_LARGEST', {'cpu': 96})
  film = ['--sample', *_FAST, '--size', '96', '--film', 'zoom', '--frames']
  with monkeypatch.context() as full:
    full.setattr(hardware, 'memory_budget', lambda device: 0)
    assert cli.main(['dream', *film, '1', '-o', 'a.gif']) == 0
  assert cli.main(['dream', *film, '2', '-o', 'a.gif']) == 0
  frames = sorted(pathlib.Path('a.gif.frames/frames').glob('*.png'))
  assert [photos.read_record(f)['config']['window'] for f in frames] == [24, 24]


def test_redo_checks_the_photo(photo, capsys):
  assert cli.main(['dream', photo, '-o', 'a.png', *_FAST]) == 0
  shutil.move(photo, 'moved.png')
  assert cli.main(['redo', 'a.png']) == 1
  assert 'say where it is now' in capsys.readouterr().err
  assert cli.main(['redo', 'a.png', '--input', 'moved.png']) == 0
  Image.new('RGB', (40, 30)).save(photo)
  assert cli.main(['redo', 'a.png', '-o', 'c.png']) == 1
  assert (
    'SHA-256' in capsys.readouterr().err and not pathlib.Path('c.png').exists()
  )


@pytest.mark.parametrize(
  'record, message',
  [
    ({'command': 'rm'}, 'cannot be redone'),
    ({'command': 'dream'}, 'no config'),
    ({'command': 'dream', 'config': {'inptu': 'x'}}, "mean 'input'"),
    ({'command': 'dream', 'config': {'size': 'big'}}, 'wrong type'),
    ({'command': 'dream', 'config': {'seed': [1]}}, 'wrong type'),
    ({'command': 'dream', 'config': {'input': '/etc/shadow'}}, 'SHA-256|read'),
    ({'command': 'dream', 'config': {'input': 'gs://a/b.png'}}, 'not there'),
    ({'command': 'dream', 'config': {'model': '__import__'}}, 'Unknown model'),
    ({'command': 'dream', 'config': {'gradient': 'open("x")'}}, 'Unknown'),
    ({'command': 'dream', 'config': {'size': 10**9}}, '16384'),
    ({'command': 'dream', 'config': {'iterations': 10**9}}, '10000'),
    ({'layer': '../..', 'channel': 1}, 'config.json'),
    ({'layer': 'conv', 'channel': 1, 'variant': 'x'}, 'cannot be redone'),
    ({'command': 'render', 'config': {'objective': 'exec("x")'}}, 'Unknown'),
    ({'command': 'render', 'config': {'image': '/etc/shadow'}}, 'SHA-256|read'),
    ({'command': 'render', 'config': {'size': 10**9}}, '4096'),
    (
      {
        'command': 'render',
        'config': {'objective': "channel('conv', 1)"},
        'picture': '../x',
      },
      'Unknown picture',
    ),
  ],
)
def test_redo_trusts_nothing(record, message, capsys):
  picture_files.write('evil.png', np.zeros((8, 8, 3)), record)
  assert cli.main(['redo', 'evil.png']) == 1
  import re

  assert re.search(message, capsys.readouterr().err)
  assert not pathlib.Path('evil-redo.png').exists()


@pytest.mark.parametrize(
  'arguments, code, message',
  [
    ([], 2, 'COMMAND'),
    (['dream'], 2, 'give one of'),
    (['dream', 'a.jpg', '--sample'], 2, 'give one of'),
    (['dream', '--sample', '--size', 'x'], 2, 'invalid int'),
    (['dream', 'nowhere.jpg'], 1, 'does not exist'),
    (['dream', '--sample', '-o', 'a.bmp'], 1, 'Unknown picture format'),
    (['dream', '--sample', '--layer', 'konv'], 1, "mean 'conv'"),
    (['dream', '--sample', '--layer', 'conv*x'], 1, 'Cannot read'),
    (['dream', '--sample', '--model', 'pareidola'], 1, "mean 'pareidolia'"),
    (['dream', '--sample', '--set', 'octaves'], 1, 'FIELD=VALUE'),
    (['dream', '--sample', '--set', 'octavs=3'], 1, "mean 'octaves'"),
    (['dream', '--sample', '--set', 'octaves=1.5'], 1, 'wrong type'),
    (['dream', '--sample', '--label', 'a', '--channel', '1'], 1, 'Give one of'),
    (['dream', '--sample', '--channel', '99', '--layer', 'conv'], 1, 'range'),
    (['dream', '--sample', '--size', '9', '--layer', 'conv'], 1, 'octave'),
    (['dream', '--sample', '--film', 'zoom', '-o', 'a.txt'], 1, 'film format'),
    (['render'], 2, 'give one of'),
    (['render', '--layer', 'conv'], 2, 'give one of'),
    (['render', '--label', 'a', '--channel', '1'], 2, 'give one of'),
    (['render', '--label', 'a', '-o', 'a.pgn'], 1, "mean '.png'"),
    (['render', '--label', 'aa'], 1, "mean 'a'"),
    (['render', '--objective', 'chanel("conv", 1)'], 1, "mean 'channel'"),
    (['render', '--label', 'a', '--recipe', 'lucit'], 1, "mean 'lucid'"),
    (['render', '--label', 'a', '--recipe', 'mahendran'], 1, 'a photo'),
    (['render', '--label', 'a', '--image', 'x.png'], 1, 'does not exist'),
    (['render', '--channel', '1,2', '--layer', 'conv'], 1, '2 pictures'),
    (['redo', 'nowhere.png'], 1, 'does not exist'),
    (['layers', 'pareidolia', '--nonsense'], 2, 'nonsense'),
  ],
)
def test_refuses(arguments, code, message, capsys):
  assert cli.main(arguments) == code
  assert message in capsys.readouterr().err


def test_presets_are_the_configs(photo, caplog):
  small = ['--layer', 'conv', '--iterations', '1', '--octaves', '1']
  for preset, border in (
    ('dream', 'reflect'),
    ('notebook', 'wrap'),
    ('hallucination_machine', 'panorama'),
  ):
    run = ['dream', photo, '-o', f'{preset}.png', '--preset', preset, *small]
    assert cli.main(run) == 0
    config = getattr(configs, preset)()
    config.update(input=photo, layer='conv', iterations=1, octaves=1)
    config.window = 1216  # What the memory of any machine allows.
    record = photos.read_record(f'{preset}.png')['config']
    assert record == json.loads(json.dumps(config.to_dict()))
    assert record['border'] == border
  assert caplog.text.count('twice as wide as high') == 1  # 40 x 30 pixels.


def test_small_photos_and_masks(photo, capsys):
  Image.new('RGB', (1, 1)).save('dot.png')
  assert cli.main(['dream', 'dot.png']) == 1
  assert '1 x 1 pixels' in capsys.readouterr().err
  Image.new('L', (10, 10)).save('black.png')
  assert cli.main(['dream', photo, '--mask', 'black.png', *_FAST]) == 1
  assert 'all black' in capsys.readouterr().err
  Image.linear_gradient('L').point(lambda v: 255 * (v > 127)).save('mask.png')
  run = ['dream', photo, '-o', 'm.png', '--mask', 'mask.png', *_FAST]
  assert cli.main(run + ['--guide', photo]) == 0
  before = photos.fitted(photos.read(photo).image, 24)
  change = np.abs(photos.read('m.png').image - before).mean((1, 2))
  assert change[:8].max() < 0.003 and change[-8:].min() > 0.004


def test_transparency_is_kept(capsys):
  pixels = np.random.default_rng(0).integers(0, 256, (24, 24, 4), np.uint8)
  Image.fromarray(pixels).save('a.png')
  assert cli.main(['dream', 'a.png', '-o', 'b.png', *_FAST]) == 0
  np.testing.assert_allclose(
    photos.read('b.png').alpha * 255, pixels[..., 3], atol=0.01
  )
  assert cli.main(['dream', 'a.png', '-o', 'b.jpg', *_FAST]) == 1
  assert 'transparency' in capsys.readouterr().err


_RENDER = ['--size', '24', '--steps', '2']


def test_a_command_and_a_sweep_give_the_same_picture(capsys):
  fast = ['--layer', 'conv', '--channel', '3', *_RENDER]
  assert cli.main(['render', *fast, '-o', 'r.png']) == 0
  sweep = ['sweep', *fast, '--workdir', 'runs/one', '--set', 'variants=2']
  assert cli.main(sweep) == 0
  first, second = (f'runs/one/images/conv/0003-0{v}.png' for v in (0, 1))
  expected = photos.read('r.png').image
  np.testing.assert_allclose(photos.read(first).image, expected, atol=1 / 255)
  # The second variant is redone as such.
  assert cli.main(['redo', second, '-o', 'again.png']) == 0
  again = photos.read('again.png').image
  np.testing.assert_allclose(again, photos.read(second).image, atol=1 / 255)
  assert np.abs(again - expected).max() > 0.02


@pytest.mark.parametrize(
  'arguments, values',
  [
    (['--label', 'b'], {'objective': "logit('b')", 'recipe': 'classes()'}),
    (
      ['--label', 'b', '--recipe', 'simonyan'],
      {'objective': "logit('b')", 'recipe': 'simonyan'},
    ),
    (
      ['--objective', "channel('conv', 1) - channel('conv', 2)"]
      + ['--recipe', 'erhan', '--seed', '4'],
      {
        'objective': "channel('conv', 1) - channel('conv', 2)",
        'recipe': 'erhan',
        'seed': 4,
      },
    ),
    (
      ['--layer', 'conv', '--channel', '1', '--recipe', 'mahendran()']
      + ['--image', 'photo.png'],
      {
        'objective': "channel('conv', 1)",
        'recipe': 'mahendran()',
        'image': 'photo.png',
      },
    ),
  ],
)
def test_a_command_and_an_experiment_give_the_same_picture(
  arguments, values, photo
):
  assert cli.main(['render', *arguments, *_RENDER, '-o', 'command.png']) == 0
  config = configs.render()
  config.update(size=24, steps=2, **values)
  report = render.run(config.lock(), 'experiment')
  (file,) = report.files
  command, experiment = photos.read('command.png'), photos.read(file)
  np.testing.assert_array_equal(command.image, experiment.image)
  assert command.image.std() > 0.003
  # Each carries the same recipe, and is redone from it.
  assert photos.read_record('command.png') == photos.read_record(file)
  assert cli.main(['redo', file, '-o', 'again.png']) == 0
  assert photos.read('again.png').sha256 == experiment.sha256


def test_renders_several_into_a_folder(capsys):
  several = ['--layer', 'conv', '--channel', '3,5', *_RENDER]
  several += ['--set', 'variants=2', '--recipe', 'simonyan(n=2)']
  assert cli.main(['render', *several, '-o', 'out']) == 0
  names = [f'{c}-{v}-{k}' for c in (3, 5) for v in (0, 1) for k in (0, 1)]
  found = sorted(p.stem for p in pathlib.Path('out').glob('?-*.png'))
  assert found == names
  assert 'sheet' in capsys.readouterr().out + str(
    list(pathlib.Path('out').iterdir())
  )
  assert cli.main(['redo', 'out/5-1-1.png', '-o', 'again.png']) == 0
  np.testing.assert_allclose(
    photos.read('again.png').image,
    photos.read('out/5-1-1.png').image,
    atol=1 / 255,
  )
  capsys.readouterr()
  assert cli.main(['render', *several, '-o', 'out.png']) == 1
  assert '8 pictures' in capsys.readouterr().err


def test_redo_warns_of_other_weights(photo, monkeypatch, caplog):
  assert cli.main(['dream', photo, '-o', 'a.png', *_FAST]) == 0
  assert cli.main(['redo', 'a.png']) == 0 and not caplog.records
  other = small.network(seed=1)
  monkeypatch.setattr(models, 'load', lambda name, weights='': other)
  assert cli.main(['redo', 'a.png']) == 0
  assert 'other weights' in caplog.text


def test_lists(capsys):
  assert cli.main(['models']) == 0
  assert capsys.readouterr().out == models.listing() + '\n'
  assert cli.main(['layers', 'pareidolia']) == 0
  assert capsys.readouterr().out == models.describe('pareidolia') + '\n'


def test_interrupts_and_help(monkeypatch, capsys):
  def stop(*args, **kwargs):
    raise KeyboardInterrupt

  monkeypatch.setattr('fviz.runs.dream.run', stop)
  assert cli.main(['dream', '--sample', *_FAST]) == 130
  for command in (
    'dream',
    'render',
    'sweep',
    'compare',
    'models',
    'layers',
    'redo',
  ):
    assert cli.main([command, '--help']) == 0
    assert f'fviz {command}' in capsys.readouterr().out.split('examples:')[1]


def test_examples_of_overrides_are_fields(capsys):
  """What --help says can be set."""
  for command, config in {
    'dream': configs.dream(),
    'render': configs.render(),
    'sweep': configs.sweep(),
    'compare': configs.compare(),
    'redo': configs.dream(),
  }.items():
    cli.main([command, '--help'])
    text = ' '.join(capsys.readouterr().out.split())
    example = text.split('as in --set ')[1].split()[0]
    overrides.override(config.lock(), overrides.parsed([example]))
  assert cli.main(['--version']) == 0
  assert capsys.readouterr().out.startswith('fviz 0.')


@pytest.mark.slow
def test_runs_as_a_module():
  done = subprocess.run(
    [sys.executable, '-m', 'fviz', 'redo', 'nowhere.png'],
    capture_output=True,
    text=True,
    env={'PYTHONPATH': str(pathlib.Path(cli.__file__).parents[1])},
  )
  assert done.returncode == 1 and done.stderr.startswith('error: ')
  assert json.dumps(done.stdout) == '""'
