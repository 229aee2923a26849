"""The house stays as it is drawn: floors, sizes, names, docstrings."""

import functools
import pathlib

import architecture
import pytest

ROOT = pathlib.Path(__file__).parents[1]

# Lowest first. A room (a package of fviz, or a module outside of packages)
# imports only from lower floors: nothing upwards, nothing next door.
FLOORS = (
  ('types', 'errors', 'distribution'),
  ('checks', 'jax_settings'),
  ('natural_images', 'resampling', 'schedules', 'storage'),
  (
    'config_strings',
    'gradients',
    'media',
    'optimizers',
    'projections',
    'regularizers',
  ),
  ('color',),
  ('objectives', 'parameterizations', 'transforms'),
  ('compiler',),
  ('engine', 'saliency'),
  ('deepdream', 'recipes'),
  ('networks',),
  ('models',),
  ('config', 'tensorboard'),
  ('runs',),
  ('sweep',),
  ('compare',),
  ('fviz',),  # The face of the whole: it reaches all that is for notebooks.
  ('commands',),
  ('cli',),
  ('__main__',),
)

# Where a run's config comes in and becomes a plan.
DOORS = (
  'fviz/commands/',  # They make the configs.
  'fviz/compare/candidates.py',
  'fviz/runs/made_again.py',
  'fviz/compare/comparison_plan.py',
  'fviz/compare/runner.py',
  'fviz/compare/shared_programs.py',  # The plan's part of varied numbers.
  'fviz/config/',
  'fviz/runs/dream_plan.py',
  'fviz/runs/render.py',
  'fviz/runs/render_plan.py',
  'fviz/sweep/runner.py',
  'fviz/sweep/sweep_plan.py',
)

# The same idea in several packages.
MODULES = {
  'class_names': 'the list of a model, and an objective that finds one in it',
  'dream': 'the subcommand, and the run that it starts',
  'render': 'the subcommand, and the run that it starts',
  'step': 'one step of an optimization, and one of a dream',
  'runner': 'of a sweep and of a comparison: the function `run`',
}
CLASSES = {
  'Block': 'what the papers of ResNet and ConvNeXt both call a block',
  'InceptionV3': 'the network of TensorFlow and that of torchvision',
  'Report': 'what a sweep, a comparison or a rendering came to',
  'Mixed': 'the blocks of the Inceptions are named so in their checkpoints',
}

CHECKS = {
  'upward_imports': functools.partial(
    architecture.upward_imports, floors=FLOORS
  ),
  'circles': architecture.circles,
  'flax_in_the_core': architecture.flax_in_the_core,
  'configs_below_doors': functools.partial(
    architecture.configs_below_doors, doors=DOORS
  ),
  'long_files': architecture.long_files,
  'long_functions': architecture.long_functions,
  'long_classes': architecture.long_classes,
  'missing_docstrings': architecture.missing_docstrings,
  'equal_module_names': functools.partial(
    architecture.equal_module_names, allowed=MODULES
  ),
  'equal_class_names': functools.partial(
    architecture.equal_class_names, allowed=CLASSES
  ),
}


@functools.cache
def _modules():
  return architecture.read(ROOT)


@functools.cache
def _violations(check):
  return {v.place: v.message for v in CHECKS[check](_modules())}


@pytest.mark.parametrize('check', CHECKS)
def test_the_library_keeps(check):
  found = [f'{place}: {what}' for place, what in _violations(check).items()]
  assert not found, '\n'.join(found)


_DEF = 'def added():\n  """Public."""\n'
_CLASS = 'class Added:\n  """Public."""\n'
_LATE = f'{_DEF}  importlib.import_module'

# The check, the place where it must find something, and what is appended to
# that file for it, which may be a new one.
PLANTED = [
  ('upward_imports', 'schedules.py', 'from fviz import engine'),
  ('upward_imports', 'schedules.py', 'from fviz.engine import Recipe'),
  ('upward_imports', 'schedules.py', 'import fviz.engine.loop'),
  ('upward_imports', 'objectives/binding.py', 'from .. import engine'),
  ('upward_imports', 'objectives/__init__.py', 'from ..engine import render'),
  ('upward_imports', 'projections.py', 'from fviz import gradients'),
  ('upward_imports', 'engine/slots.py', 'import fviz'),
  ('upward_imports', 'new/thing.py', ''),
  ('upward_imports', 'types.py', 'if TYPE_CHECKING:\n  import fviz.networks'),
  ('upward_imports', 'types.py', f'{_LATE}("fviz.sweep")'),
  ('upward_imports', 'types.py', f'{_LATE}(f"fviz.models.{{name}}")'),
  ('flax_in_the_core', 'engine/slots.py', 'from flax import nnx'),
  ('flax_in_the_core', 'types.py', f'{_DEF}  import flax.nnx as nnx'),
  ('configs_below_doors', 'types.py', 'from ml_collections import ConfigDict'),
  ('configs_below_doors', 'types.py', 'import ml_collections as c'),
  ('long_files', 'types.py', '#\n' * 300),
  ('long_functions', 'types.py:added', _DEF + '  1\n' * 59),
  ('long_functions', 'types.py:_run', 'async def _run():\n' + '  1\n' * 60),
  ('long_classes', 'types.py:Added', _CLASS + '  x = 1\n' * 149),
  ('missing_docstrings', 'types.py:added', 'def added():\n  pass'),
  ('missing_docstrings', 'types.py:Added.f', f'{_CLASS}  def f(self): 1'),
  ('missing_docstrings', 'new/thing.py', ''),
]


@pytest.mark.parametrize('check, place, text', PLANTED)
def test_violations_are_found(check, place, text, tmp_path):
  planted = {place.split(':')[0]: text}
  assert _new(check, tmp_path, planted) == {f'fviz/{place}'}


def test_circles_are_found(tmp_path):
  planted = {'checks.py': f'{_DEF}  import fviz.schedules'}
  (circle,) = CHECKS['circles'](_planted(tmp_path, planted))
  assert {'fviz.checks', 'fviz.schedules'} == set(circle.message.split(' <- '))


def test_equal_names_are_found(tmp_path):
  planted = {'media/of_a_test.py': '', 'sweep/of_a_test.py': ''}
  assert _new('equal_module_names', tmp_path, planted) == {'of_a_test'}
  planted = {'types.py': _CLASS, 'errors.py': _CLASS}
  assert _new('equal_class_names', tmp_path, planted) == {'Added'}


def test_exceptions_must_be_needed():
  for check in architecture.equal_module_names, architecture.equal_class_names:
    found = {v.place: v.message for v in check(_modules(), {'Nothing': 'why'})}
    assert 'does not stand twice' in found['Nothing']
  floors = (*FLOORS, ('attic',))
  places = {v.place for v in architecture.upward_imports(_modules(), floors)}
  assert 'attic' in places


def _new(check, folder, planted):
  """The places that a check finds only after the planting."""
  after = CHECKS[check](_planted(folder, planted))
  return {v.place for v in after} - set(_violations(check))


def _planted(folder, planted):
  """The library's modules, with a text appended to some of its files."""
  for file, text in planted.items():
    path, original = folder / 'fviz' / file, ROOT / 'fviz' / file
    path.parent.mkdir(parents=True, exist_ok=True)
    before = original.read_text('utf8') if original.exists() else ''
    path.write_text(f'{before}\n{text}\n', 'utf8')
  return _modules() | architecture.read(folder)
