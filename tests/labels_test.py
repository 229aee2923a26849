import pytest

from fviz import errors, labels
from fviz.models import labels as published


def test_name_synonym_and_part():
  names = published.imagenet()
  assert labels.index('goldfish', names) == 1
  assert labels.index('Carassius Auratus', names) == 1
  assert labels.index('hen', names) == 8  # Not 'marsh hen', 'moorhen', ...
  assert labels.index('ram', names) == 348  # 'ram, tup', not 'tramcar'.
  assert labels.index('dalmatian', names) == 251
  assert labels.index('traffic l', names) == 920


def test_ambiguous_lists_the_candidates():
  with pytest.raises(errors.FvizError, match='134: crane, 517: crane'):
    labels.index('crane', published.imagenet())
  with pytest.raises(errors.FvizError, match='2: great white.*3: tiger shark'):
    labels.index('shark', published.imagenet())
  with pytest.raises(errors.FvizError, match='bird 19 and 30 more'):
    labels.index('bird', [f'bird {i}' for i in range(50)])


def test_unknown_names_the_nearest_not_all():
  with pytest.raises(
    errors.FvizError, match="Did you mean 'goldfish'"
  ) as error:
    labels.index('goldfsh', published.imagenet(), 'alexnet')
  assert len(str(error.value)) < 500
  with pytest.raises(errors.FvizError, match='Unknown label'):
    labels.index(' ', published.imagenet())
  with pytest.raises(errors.FvizError, match='no labels.*give the index'):
    labels.index('goldfish', ())


def test_imagenet_is_in_the_order_of_the_logits():
  names = published.imagenet()
  assert len(names) == 1000
  assert names[0].startswith('tench') and names[999].startswith('toilet tissue')
  assert names[285].startswith('Egyptian cat')
