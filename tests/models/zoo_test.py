"""The table of models, and its command."""

import numpy as np
import pytest

from fviz import errors, models
from fviz.models import __main__ as command
from fviz.models import inception_v3, pareidolia, vgg
from fviz.models.weights import layouts, sources, tensor_files


def test_listing_names_every_model_and_source():
  text = models.listing()
  for name in (*models.names(), *sources.SOURCES):
    assert f'{name} ' in text


def test_every_model_has_a_default_source():
  for name in models.names():
    if name != 'pareidolia':
      _, family = models._family(name)
      default = family.LAYOUTS[name][0]
      assert next(iter(sources.of(name))) == default.source
      for one in family.LAYOUTS[name]:
        assert sources.SOURCES[one.source].model == name
  assert {s.model for s in sources.SOURCES.values()} < set(models.names())


def test_describe_needs_no_weights(monkeypatch, tmp_path):
  monkeypatch.setenv('FVIZ_CACHE', str(tmp_path))
  text = models.describe('squeezenet')
  assert 'squeezenet1_0: SqueezeNet 1.0 and 1.1' in text
  assert '1,248,424 parameters' in text
  assert 'https://download.pytorch.org/models/squeezenet1_0-' in text
  lines = [line.split() for line in text.splitlines()]
  assert ['features/3/expand3x3', '64', '54x54', '4'] in lines
  assert not list(tmp_path.iterdir())


def test_describe_follows_the_spelling():
  text = models.describe('squeezenet1_0', 'squeezenet1_0_caffe')
  assert 'fire2/expand3x3/pre_relu' in text and 'features/3' not in text


def test_command(capsys):
  assert command.main([]) == 0
  assert 'resnet50_l2_eps3' in capsys.readouterr().out
  assert command.main(['alexnet']) == 0
  assert 'features/12' in capsys.readouterr().out
  assert command.main(['resnet5O']) == 1
  assert (
    "Unknown model 'resnet5O'. Did you mean 'resnet5" in capsys.readouterr().err
  )
  assert command.main(['--help']) == 0
  assert command.main(['a', 'b', 'c']) == 2


def test_embedded_network_counts_its_file():
  tensors = tensor_files.read(pareidolia.WEIGHTS)
  count = sum(v.size for k, v in tensors.items() if 'statistics/' not in k)
  assert f'{count:,} parameters' in models.describe('pareidolia')


def test_unknown_weights_are_a_missing_file():
  with pytest.raises(errors.FvizError, match='No weights file.*resnet50_tv'):
    models.load('resnet50', 'resnet50_l2')


def test_bad_options_are_refused_before_a_download(monkeypatch, tmp_path):
  monkeypatch.setenv('FVIZ_CACHE', str(tmp_path))
  with pytest.raises(errors.FvizError, match="'averag'.*'average'"):
    models.load('vgg16', pool='averag')
  assert not list(tmp_path.iterdir())


def test_describe_refuses_a_file_of_another_network():
  with pytest.raises(errors.FvizError, match='does not fit SqueezeNet'):
    models.describe('squeezenet', pareidolia.WEIGHTS)


def test_offline_error_tells_what_to_do(monkeypatch, tmp_path):
  monkeypatch.setenv('FVIZ_CACHE', str(tmp_path))
  source = sources.SOURCES['alexnet_tv']
  nowhere = source._replace(url='http://127.0.0.1:9/alexnet.pth')
  monkeypatch.setitem(sources.SOURCES, 'alexnet_tv', nowhere)
  with pytest.raises(errors.FvizError) as error:
    models.load('alexnet')
  message = str(error.value)
  assert 'alexnet_tv' in message and '7be5be79' in message
  assert str(tmp_path / 'alexnet_tv' / 'alexnet.pth') in message


def test_vgg_spellings_lead_to_one_network():
  """timm's fully connected convolutions are torchvision's linear layers."""
  value = np.random.default_rng(0).normal(size=(6, 512 * 49)).astype('f')
  timm, torchvision = vgg.LAYOUTS['vgg16']
  ours = torchvision.convert(value, (512 * 49, 6))
  as_conv = value.reshape(6, 512, 7, 7)
  np.testing.assert_array_equal(timm.convert(as_conv, (512 * 49, 6)), ours)
  assert vgg._timm_key('classifier/3/kernel') == 'pre_logits.fc2.weight'


def test_vgg_pools_by_average():
  average, maximum = (
    layouts.abstract('vgg16', vgg.LAYOUTS['vgg16'][0], {'pool': pool})
    for pool in ('average', 'max')
  )
  x = np.arange(16, dtype='f').reshape(1, 4, 4, 1)
  pooled = getattr(average.features, '4')(x)[0, :, :, 0]
  np.testing.assert_array_equal(pooled, [[2.5, 4.5], [10.5, 12.5]])
  pooled = getattr(maximum.features, '4')(x)[0, :, :, 0]
  np.testing.assert_array_equal(pooled, [[5, 7], [13, 15]])


def test_auxiliary_heads_are_ignored_and_nothing_else():
  """Torchvision's Inception files hold heads that only train."""
  one = inception_v3.LAYOUTS['inception_v3'][0]
  assert one.ignored == ('AuxLogits.*',)
  with pytest.raises(errors.FvizError) as error:
    layouts.fill(
      'inception_v3',
      inception_v3.LAYOUTS['inception_v3'],
      {'AuxLogits.fc.weight': np.zeros(3), 'Aux.weight': np.zeros(3)},
    )
  assert 'not in the model: Aux.weight' in str(error.value)
  assert 'AuxLogits' not in str(error.value)


def test_unknown_options_are_refused():
  with pytest.raises(errors.FvizError, match="Did you mean 'pool'"):
    models.load('vgg16', pol='average')
  with pytest.raises(errors.FvizError, match='average'):
    models.describe('vgg16', pool='mean')
  with pytest.raises(errors.FvizError, match='no options'):
    models.load('pareidolia', pool='average')
