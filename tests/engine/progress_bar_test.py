"""Whoever looks on sees how far it is; all others see nothing."""

import pytest
import small

import fviz
from fviz.engine import progress_bar


def _render(progress):
  objective = fviz.objectives.channel('conv', [0, 1, 2])
  recipe = fviz.recipes.lucid(16, steps=2)
  fviz.render(small.network(), objective, recipe, progress=progress)


@pytest.mark.parametrize('progress', [False, None])
def test_nothing_is_said_where_nobody_looks_on(progress, capsys):
  _render(progress)
  found = capsys.readouterr()
  assert found.out == found.err == ''


def test_a_bar_counts_pictures_and_steps(capsys):
  _render(True)
  found = capsys.readouterr().err
  assert 'compiling (once; kept)' in found and 'step' in found
  assert '3/3' in found


def test_a_terminal_is_looked_at(monkeypatch):
  monkeypatch.setattr('sys.stderr.isatty', lambda: True, raising=False)
  assert progress_bar.looked_at()
