"""What the source of fviz must look like, read with `ast`: nothing is imported.

Every check is a function of the modules that `read` finds in a folder and
yields its violations. A place is a file, or FILE:NAME for something inside it.
"""

from __future__ import annotations

import ast
import collections
import graphlib
import pathlib
from collections.abc import Iterator, Mapping
from typing import NamedTuple

MAX_FILE, MAX_FUNCTION, MAX_CLASS = 300, 60, 150  # Lines.
_FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef


class Module(NamedTuple):
  """A parsed file.

  Attributes:
    name: as it is imported, such as 'fviz.engine' or 'fviz.engine.loop'.
    file: relative to the folder that holds `fviz`.
    tree: the parsed source.
    nodes: all nodes of the tree.
    lines: how many the file has.
  """

  name: str
  file: str
  tree: ast.Module
  nodes: tuple[ast.AST, ...]
  lines: int

  @property
  def face(self) -> bool:
    """Whether it is a package's `__init__`."""
    return self.file.endswith('__init__.py')


class Violation(NamedTuple):
  place: str
  message: str


Modules = Mapping[str, Module]
Violations = Iterator[Violation]


def read(folder: pathlib.Path) -> dict[str, Module]:
  """All modules of `folder/fviz` by the name they are imported under."""
  found = {}
  for path in sorted((folder / 'fviz').rglob('*.py')):
    text = path.read_text(encoding='utf8')
    file = path.relative_to(folder)
    parts = file.with_suffix('').parts
    name = '.'.join(parts[:-1] if parts[-1] == '__init__' else parts)
    tree, lines = ast.parse(text), len(text.splitlines())
    nodes = tuple(ast.walk(tree))
    found[name] = Module(name, file.as_posix(), tree, nodes, lines)
  return found


# --- Imports. ----------------------------------------------------------------


def imports(module: Module, modules: Modules) -> set[str]:
  """What a module imports, in functions and for type checkers too.

  `from fviz import engine` is `fviz.engine`, `from fviz.engine import render`
  is `fviz.engine` as well. Names that are put together when the program runs,
  as in `importlib.import_module(f'fviz.models.{name}')`, are all that fit.
  """
  found = set()
  for node in module.nodes:
    if isinstance(node, ast.Import):
      found.update(alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
      base = _absolute(node, module)
      names = (f'{base}.{alias.name}' for alias in node.names)
      found.update(n if n in modules else base for n in names)
    elif isinstance(node, ast.Call) and 'import_module' in ast.dump(node.func):
      found.update(_named(node, modules))
  return found - {module.name}


def _absolute(node: ast.ImportFrom, module: Module) -> str:
  """The module after `from`, where it is written with leading dots too."""
  if not node.level:
    return node.module or ''
  parts = module.name.split('.')
  parts = parts[: len(parts) - node.level + module.face]
  return '.'.join([*parts, node.module] if node.module else parts)


def _named(call: ast.Call, modules: Modules) -> set[str]:
  """The modules that `import_module` may be asked for."""
  (name, *_) = call.args
  if isinstance(name, ast.Constant):
    return {str(name.value)}
  if isinstance(name, ast.JoinedStr) and isinstance(
    first := name.values[0], ast.Constant
  ):
    start = str(first.value)
    deep = start.count('.')
    fits = (m for m in modules if m.startswith(start) and m.count('.') == deep)
    return {m for m in fits if not m.endswith('.__main__')}
  return set()


def upward_imports(
  modules: Modules, floors: tuple[tuple[str, ...], ...]
) -> Violations:
  """Imports of another room on the same floor or a higher one.

  Args:
    modules: of a tree.
    floors: the rooms (packages, and modules outside of packages), lowest
      first; 'fviz' is the face of the whole.
  """
  height = {room: k for k, floor in enumerate(floors) for room in floor}
  for module in modules.values():
    room = _room(module.name)
    if room not in height:
      yield Violation(module.file, f'{room} is not in the table of floors')
      continue
    for name in sorted(imports(module, modules) & set(modules)):
      other = _room(name)
      if other != room and height.get(other, -1) >= height[room]:
        message = f'imports {name}, which does not lie on a lower floor'
        yield Violation(module.file, message)
  for room in sorted(height.keys() - set(map(_room, modules))):
    yield Violation(room, 'has a floor and does not exist')


def _room(name: str) -> str:
  return name.split('.')[1] if '.' in name else name


def circles(modules: Modules) -> Violations:
  """Modules that import each other, on whatever way."""
  graph = {m.name: imports(m, modules) & set(modules) for m in modules.values()}
  try:
    graphlib.TopologicalSorter(graph).prepare()
  except graphlib.CycleError as error:
    # Each is imported by the next.
    names = error.args[1]
    yield Violation(modules[names[0]].file, ' <- '.join(names))


def flax_in_the_core(
  modules: Modules, allowed: tuple[str, ...] = ('networks', 'models')
) -> Violations:
  """Imports of Flax anywhere but where networks are adapted and defined."""
  for module in modules.values():
    roots = {name.split('.')[0] for name in imports(module, modules)}
    if 'flax' in roots and _room(module.name) not in allowed:
      yield Violation(module.file, f'imports flax; only {allowed} may')


def configs_below_doors(modules: Modules, doors: tuple[str, ...]) -> Violations:
  """Uses of ConfigDict in other files than `doors`, and doors without any."""
  unused = set(doors)
  for module in modules.values():
    words = {n.id for n in module.nodes if isinstance(n, ast.Name)}
    words |= {n.split('.')[0] for n in imports(module, modules)}
    if not words & {'ConfigDict', 'ml_collections'}:
      continue
    if not module.file.startswith(doors):
      yield Violation(module.file, 'uses a ConfigDict below the doors')
    unused -= {door for door in doors if module.file.startswith(door)}
  for door in sorted(unused):
    yield Violation(door, 'is called a door and takes no ConfigDict')


# --- Sizes and docstrings. ---------------------------------------------------


def long_files(modules: Modules) -> Violations:
  for module in modules.values():
    if module.lines > MAX_FILE:
      yield Violation(module.file, f'{module.lines} lines, above {MAX_FILE}')


def long_functions(modules: Modules) -> Violations:
  yield from _long(modules, _FUNCTIONS, MAX_FUNCTION)


def long_classes(modules: Modules) -> Violations:
  yield from _long(modules, ast.ClassDef, MAX_CLASS)


def _long(modules: Modules, kind, most: int) -> Violations:
  for module in modules.values():
    for node in module.nodes:
      if isinstance(node, kind):
        lines = node.end_lineno - node.lineno + 1
        if lines > most:
          place = f'{module.file}:{node.name}'
          yield Violation(place, f'{lines} lines, above {most}')


def missing_docstrings(modules: Modules) -> Violations:
  """Modules, public functions, classes and methods that say nothing."""
  for module in modules.values():
    if not ast.get_docstring(module.tree):
      yield Violation(module.file, 'the module has no docstring')
    for name, node in _public(module.tree):
      if not ast.get_docstring(node):
        yield Violation(f'{module.file}:{name}', 'public without a docstring')


def _public(node: ast.AST, before: str = '') -> Iterator[tuple[str, ast.AST]]:
  """Public functions, classes and their methods, by dotted names."""
  for child in ast.iter_child_nodes(node):
    if isinstance(child, _FUNCTIONS | ast.ClassDef):
      if child.name.startswith('_'):
        continue
      yield before + child.name, child
      if isinstance(child, ast.ClassDef):
        yield from _public(child, f'{before}{child.name}.')


# --- Names. ------------------------------------------------------------------


def equal_module_names(
  modules: Modules, allowed: Mapping[str, str]
) -> Violations:
  """Modules of one name in several packages, unless `allowed` says why."""
  found = collections.defaultdict(list)
  for module in modules.values():
    if not module.file.endswith(('__init__.py', '__main__.py')):
      found[module.name.rsplit('.')[-1]].append(module.file)
  yield from _twice(found, allowed)


def equal_class_names(
  modules: Modules, allowed: Mapping[str, str]
) -> Violations:
  """Public classes of one name, unless `allowed` says why."""
  found = collections.defaultdict(list)
  for module in modules.values():
    for name, node in _public(module.tree):
      if isinstance(node, ast.ClassDef):
        found[name].append(module.file)
  yield from _twice(found, allowed)


def _twice(
  found: Mapping[str, list[str]], allowed: Mapping[str, str]
) -> Violations:
  for name, files in found.items():
    if len(files) > 1 and name not in allowed:
      yield Violation(name, f'is the name of {" and of ".join(files)}')
  for name in allowed:
    if len(found.get(name, ())) < 2:
      yield Violation(name, 'is allowed twice and does not stand twice')
