import pytest

from fviz import errors
from fviz.models.weights import class_names as class_names_module
from fviz.objectives import class_names


def test_name_synonym_and_word(caplog):
  caplog.set_level('INFO')
  names = class_names_module.imagenet()
  assert class_names.index('goldfish', names) == 1
  assert class_names.index('Carassius Auratus', names) == 1
  assert class_names.index('hen', names) == 8  # Not 'marsh hen', 'moorhen', ...
  assert class_names.index('ram', names) == 348  # 'ram, tup', not 'tramcar'.
  assert class_names.index('dalmatian', names) == 251
  assert class_names.index('traffic light', names) == 920
  assert class_names.index('signal', names) == 920
  assert "'signal' is class 920 of network: traffic light" in caplog.text


@pytest.mark.parametrize(
  'label',
  'deer elk seal cod rhino sword jet road leg duck traf'.split()
  + ['traffic l', 'scottish deer'],
)
def test_what_is_only_like_a_name_is_offered_and_not_taken(label):
  with pytest.raises(errors.FvizError, match=f'{label}.*Give|Unknown label'):
    class_names.index(label, class_names_module.imagenet())


def test_parts_of_words_are_listed():
  with pytest.raises(errors.FvizError, match='part of names.*house finch'):
    class_names.index('hous', class_names_module.imagenet())


def test_ambiguous_lists_the_candidates():
  with pytest.raises(errors.FvizError, match='134: crane, 517: crane'):
    class_names.index('crane', class_names_module.imagenet())
  with pytest.raises(errors.FvizError, match='2: great white.*3: tiger shark'):
    class_names.index('shark', class_names_module.imagenet())
  with pytest.raises(errors.FvizError, match='bird 19 and 30 more'):
    class_names.index('bird', [f'bird {i}' for i in range(50)])


def test_unknown_names_the_nearest_not_all():
  with pytest.raises(
    errors.FvizError, match="Did you mean 'goldfish'"
  ) as error:
    class_names.index('goldfsh', class_names_module.imagenet(), 'alexnet')
  assert len(str(error.value)) < 500
  with pytest.raises(errors.FvizError, match='Unknown label'):
    class_names.index(' ', class_names_module.imagenet())
  with pytest.raises(errors.FvizError, match='no labels.*give the index'):
    class_names.index('goldfish', ())


def test_imagenet_is_in_the_order_of_the_logits():
  names = class_names_module.imagenet()
  assert len(names) == 1000
  assert names[0].startswith('tench') and names[999].startswith('toilet tissue')
  assert names[285].startswith('Egyptian cat')
