"""What strangers get: a wheel, a citation, tests on their systems."""

import pathlib
import re
import subprocess
import sys
import tomllib
import zipfile

import yaml

import fviz
from fviz import distribution

ROOT = pathlib.Path(__file__).parents[1]


def test_the_wheel_carries_types_and_data(tmp_path):
  command = [sys.executable, '-m', 'hatchling', 'build', '-t', 'wheel']
  subprocess.run([*command, '-d', tmp_path], cwd=ROOT, check=True)
  (wheel,) = tmp_path.glob('*.whl')
  names = set(zipfile.ZipFile(wheel).namelist())
  assert {
    'fviz/py.typed',
    'fviz/media/sample.jpg',
    'fviz/models/pareidolia.safetensors',
    'fviz/models/weights/imagenet.txt',
  } <= names
  roots = {name.split('/')[0] for name in names}
  assert {r for r in roots if not r.endswith('.dist-info')} == {'fviz'}
  files = [p for p in (ROOT / 'fviz').rglob('*') if p.is_file()]
  here = {
    p.relative_to(ROOT).as_posix() for p in files if 'pycache' not in str(p)
  }
  assert here <= names


def test_citation_is_complete_and_of_this_version():
  citation = yaml.safe_load((ROOT / 'CITATION.cff').read_text())
  # What the schema of version 1.2.0 requires.
  assert {'cff-version', 'message', 'title', 'authors'} <= set(citation)
  assert citation['cff-version'] == '1.2.0' and citation['authors']
  assert citation['version'] == fviz.__version__
  project = tomllib.loads((ROOT / 'pyproject.toml').read_text())['project']
  assert citation['license'] == project['license']


def test_systems_and_versions_of_the_hosted_tests():
  file = ROOT / '.github' / 'workflows' / 'tests.yml'
  jobs = yaml.safe_load(file.read_text())['jobs']
  matrix = jobs['tests']['strategy']['matrix']
  systems = {name.split('-')[0] for name in matrix['os']}
  assert systems == {'ubuntu', 'macos', 'windows'}
  oldest, newest = matrix['versions']
  project = tomllib.loads((ROOT / 'pyproject.toml').read_text())['project']
  assert project['requires-python'] == f'>={oldest["python"]}'
  (jax,) = (d for d in project['dependencies'] if d.startswith('jax'))
  lower = jax.split(',')[0].replace('>=', '==')
  assert lower in oldest['install'].split() and not newest['install']
  commands = [s['run'] for s in jobs['tests']['steps'] if 'run' in s]
  assert './scripts/test' in commands


def test_the_pages_for_contributors_name_what_is_there():
  page = (ROOT / 'CONTRIBUTING.md').read_text()
  for path in re.findall(
    r'`((?:fviz|tests|scripts|docs|[.]github)/[^`]*)`', page
  ):
    if not re.search('[A-Z]{4}', path.replace('MODEL', '')):
      assert (ROOT / path.split()[0]).exists(), path
  project = tomllib.loads((ROOT / 'pyproject.toml').read_text())['project']
  for line in project['dependencies']:
    name = re.match(r'[\w-]+', line)[0]
    assert f'{name} ' in page or f'{name},' in page, f'why {name}?'


def test_hooks_are_pinned():
  file = ROOT / '.pre-commit-config.yaml'
  (repo,) = yaml.safe_load(file.read_text())['repos']
  pins = sum((hook['additional_dependencies'] for hook in repo['hooks']), [])
  assert pins and all('==' in pin for pin in pins)


def test_nothing_advises_to_install_the_other_project_of_this_name():
  project = tomllib.loads((ROOT / 'pyproject.toml').read_text())['project']
  assert project['name'] == distribution.NAME != 'fviz'
  kinds = '*.py', '*.md', '*.yml', '*.toml', '*.cff', '*.sh', '*.ipynb'
  folders = 'fviz', 'docs', 'scripts', 'configs', 'experiments', '.github'
  files = [f for kind in kinds for d in folders for f in (ROOT / d).rglob(kind)]
  files += [f for kind in kinds for f in ROOT.glob(kind)]
  files += [ROOT / 'scripts' / name for name in ('quickstart', 'environment')]
  # An install of that very name, with or without options, quotes and extras.
  other = re.compile(r'install(\s+-\S+)*\s+["\'`]?fviz(?![-_\w./])')
  for file in files:
    found = other.search(file.read_text())
    assert not found, f'{file}: {found and found.group()}'
  assert other.search("pip install -U 'fviz[video]'")
  for extra in ('video', 'torch'):
    assert extra in project['optional-dependencies']
    assert f'{distribution.NAME}[{extra}]' in distribution.install(extra)
