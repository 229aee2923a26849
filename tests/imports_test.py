"""What fviz can be imported without, and what it must not ask for."""

import ast
import pathlib
import re
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).parents[1]

# A process of its own, in which some modules do not exist.
_WITHOUT = """
import asyncio  # It has another loop where fcntl is missing.
import psutil  # It has another part for each system.
import importlib, importlib.abc, pkgutil, sys

missing, asked = set(sys.argv[1].split(',')), []

class Missing(importlib.abc.MetaPathFinder):
  def find_spec(self, name, path, target=None):
    if name.split('.')[0] in missing:
      asked.append(name)
      raise ImportError(f'{name} is blocked')

sys.meta_path.insert(0, Missing())
for name in missing & set(sys.modules):
  del sys.modules[name]
"""
_OPTIONAL = 'av,cv2,matplotlib,sklearn,tensorflow,torch,torchvision'


def _without(missing, code):
  command = [sys.executable, '-c', _WITHOUT + code, missing]
  done = subprocess.run(
    command, cwd=ROOT, capture_output=True, text=True, timeout=300
  )
  assert done.returncode == 0, done.stderr
  return done.stdout.split()


def test_import_asks_for_nothing_heavy():
  """Not even in vain: another machine may have it."""
  code = 'import fviz; print(*asked)'
  heavy = f'{_OPTIONAL},flax,orbax,scipy'
  assert _without(heavy, code) == []


def test_works_without_what_only_some_systems_have():
  """Every module is there, and pictures are made and written."""
  code = """
import fviz
for module in pkgutil.walk_packages(fviz.__path__, 'fviz.'):
  if not module.name.endswith('__main__'):
    importlib.import_module(module.name)
network = fviz.models.load('pareidolia')
objective = fviz.objectives.channel('conv0', 3)
result = fviz.render(network, objective, fviz.recipes.lucid(16, steps=1))
print(*result.images.shape)
"""
  missing = f'{_OPTIONAL},fcntl,resource,termios'
  assert _without(missing, code) == ['1', '1', '16', '16', '3']


# What is imported under another name than it is installed under.
_NAMES = {
  'absl-py': 'absl',
  'google-crc32c': 'google_crc32c',
  'ml-collections': 'ml_collections',
  'opencv-python-headless': 'cv2',
  'pillow': 'PIL',
  'protobuf': 'google.protobuf',
}


def test_dependencies_are_what_is_imported():
  """Nothing is declared in vain, and nothing is there by chance."""
  project = tomllib.loads((ROOT / 'pyproject.toml').read_text())['project']
  extras = project['optional-dependencies']
  declared = {
    _NAMES.get(name := re.match(r'[\w-]+', line)[0], name)
    for line in project['dependencies'] + extras['video'] + extras['torch']
  }
  used = {
    next(
      (name for name in declared if f'{module}.'.startswith(f'{name}.')),
      module.split('.')[0],
    )
    for module in _third_parties()
  }
  assert used == declared | {'jaxlib'}  # Which comes with jax.


def _third_parties():
  """All that is imported and does not come along with Python."""
  found = set()
  for folder in 'fviz', 'experiments', 'configs':
    for path in (ROOT / folder).rglob('*.py'):
      for node in ast.walk(ast.parse(path.read_text('utf8'))):
        if isinstance(node, ast.Import):
          found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
          found.add(node.module)
  ours = sys.stdlib_module_names | {'fviz', 'experiments', 'configs'}
  return {name for name in found if name.split('.')[0] not in ours}
