"""Pages name what is there: every name of fviz in them can be imported."""

import importlib
import pathlib
import re

import pytest

import fviz

_ROOT = pathlib.Path(__file__).parents[1]
_PAGES = sorted([*_ROOT.glob('*.md'), *(_ROOT / 'docs').rglob('*.md')])
_DOTTED = re.compile(r'(?<![\w./-])fviz((?:\.[A-Za-z_]\w*)+)')
_FROM = re.compile(r'^\s*from (fviz[\w.]*) import ([\w, ]+)', re.MULTILINE)
# Names of files and of loggers.
_FILES = ('.py', '.md', '.json')


def _resolves(dotted: str) -> bool:
  """Whether attributes, or else submodules, lead to a name."""
  found = fviz
  path = 'fviz'
  for part in dotted.strip('.').split('.'):
    path += f'.{part}'
    if hasattr(found, part):
      found = getattr(found, part)
      continue
    try:
      found = importlib.import_module(path)
    except ImportError:
      return False
  return True


@pytest.mark.parametrize('page', _PAGES, ids=lambda p: p.name)
def test_names_in_pages_are_there(page):
  text = page.read_text()
  for match in _DOTTED.finditer(text):
    if not text[match.start() :].startswith(_FILES) and '/' not in match[0]:
      assert _resolves(match[1]), f'{page.name}: fviz{match[1]}'
  for module, names in _FROM.findall(text):
    for name in names.split(','):
      inside = module.removeprefix('fviz')
      assert _resolves(f'{inside}.{name.strip()}'), f'{module} has no {name}'


def test_the_face_gives_what_pages_begin_with():
  for name in ('deepdream', 'sweep', 'compare', 'config', 'types', 'redo'):
    assert hasattr(fviz, name)
  assert fviz.compare.judge and fviz.compare.metrics
