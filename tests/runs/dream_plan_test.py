"""Plans of dreams: typed and checked at the door, with their records."""

import hashlib
import pathlib

import numpy as np
import pytest
import small
from PIL import Image

from fviz import config as configs
from fviz import errors, models
from fviz.runs import dream_objectives, dream_plan, film_settings

_RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def tiny(monkeypatch, tmp_path):
  network = small.network()
  monkeypatch.setattr(models, 'load', lambda name, weights='': network)
  monkeypatch.chdir(tmp_path)
  for name in ('photo.png', 'guide.png', 'mask.png'):
    pixels = _RNG.integers(0, 256, (24, 32, 3), np.uint8)
    Image.fromarray(pixels).save(name)


def _config(**values):
  config = configs.dream()
  config.update(input='photo.png', layer='conv', octaves=1)
  config.update_from_flattened_dict(values)
  return config.lock()


def _sha256(path):
  return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def test_a_picture():
  config = _config(guide='guide.png', mask='mask.png', iterations=3, seed=7)
  plan = dream_plan.plan_of(config, 'out.png')
  assert isinstance(plan, dream_plan.PicturePlan)
  assert (plan.output, plan.seed, plan.length) == ('out.png', 7, 3)
  assert plan.image.shape == (24, 32, 3) and plan.mask.shape == (24, 32)
  assert plan.dreamer.settings.strength == config.strength
  # Records are read by `fviz redo`, and by people: their order is kept.
  assert list(plan.record) == [
    *('command', 'config', 'weights_sha256', 'versions'),
    *('input_sha256', 'guide_sha256', 'mask_sha256'),
  ]
  assert plan.record['config'] == config.to_dict()
  for name in ('guide', 'mask'):
    assert plan.record[f'{name}_sha256'] == _sha256(f'{name}.png')


def test_a_film():
  config = _config(**{'film.kind': 'layers', 'layer': 'conv,conv_1*0.5'})
  plan = dream_plan.plan_of(config, 'out.gif')
  assert isinstance(plan, dream_plan.FilmPlan)
  assert (plan.workdir, plan.length) == ('out.gif.frames', 100)
  assert [(t.layers, w) for t, w in plan.walk] == [
    (('conv',), 1.0),
    (('conv_1',), 0.5),
  ]
  plan = dream_plan.plan_of(_config(**{'film.kind': 'zoom'}), 'a.gif', 'kept')
  assert plan.workdir == 'kept' and plan.walk == ()


def test_what_is_a_film():
  for values, clip, expected in (
    ({}, False, False),
    ({}, True, True),
    ({'input': 'a.MP4'}, False, True),
    ({'film.kind': 'zoom'}, False, True),
  ):
    assert dream_plan.is_film(_config(**values), clip) == expected


@pytest.mark.parametrize(
  'values, output, message',
  [
    ({'model': 'pareidola'}, 'a.png', "mean 'pareidolia'"),
    ({'seed': -1}, 'a.png', 'seed must be'),
    ({'octaves': 21}, 'a.png', '1 to 20'),
    ({'octave_scale': 1.0}, 'a.png', 'octave_scale'),
    ({'precision': 'int8'}, 'a.png', 'int8'),
    ({'label': 'a', 'channels': (1,)}, 'a.png', 'channels and label'),
    ({'gradient': 'normalise()'}, 'a.png', "mean 'normalize'"),
    ({'layer': 'conv*'}, 'a.png', 'Cannot read'),
    ({'border': 'reflekt'}, 'a.png', "mean 'reflect'"),
    ({'window': 10}, 'a.png', 'window must be'),
    ({'film.kind': 'layers'}, 'a.gif', 'two or more'),
    ({'film.kind': 'zoom', 'film.shift': (1.0,)}, 'a.gif', 'right, down'),
    ({'film.kind': 'zoom', 'film.fps': 0.0}, 'a.gif', '0.1 to 240'),
  ],
)
def test_refuses_before_any_work(values, output, message):
  with pytest.raises(errors.FvizError, match=message):
    dream_plan.plan_of(_config(**values), output)
  assert not list(pathlib.Path().glob('a.*'))


def test_layers_are_read():
  assert dream_objectives.parse_layers(' a *-2e-1, b', 'none') == [
    ('a', -0.2),
    ('b', 1.0),
  ]
  with pytest.raises(errors.FvizError, match='no usual layer'):
    dream_objectives.parse_layers('', 'none')


def test_schedules_are_interpolated():
  schedule = film_settings.parse_schedule('strength=10:3,0:1;iterations=0:5')
  at = lambda frame: film_settings.scheduled(schedule, frame)
  assert at(0) == {'strength': 1.0, 'iterations': 5}
  assert at(5)['strength'] == 2.0 and at(99)['strength'] == 3.0
