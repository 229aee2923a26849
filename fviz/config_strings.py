"""Config strings such as 'pad(12)|jitter(8)|rotate(-10, 10)'.

Arguments are literals, and names are those of a module's `CONFIG_NAMES`: nothing
is evaluated.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from fviz import schedules
from fviz.errors import FvizError, unknown

Call = tuple[str, tuple[Any, ...], dict[str, Any]]
# The last two: of deep nesting, from here and from Python's own parser.
_UNPARSED = (SyntaxError, ValueError, RecursionError, MemoryError)


def parse(text: str | Sequence[Call], *modules: ModuleType) -> list[Any]:
  """What the calls of the text return, in order; [] for an empty text.

  Names are looked up in the modules' `CONFIG_NAMES`, the first module first.

  >>> from fviz import transforms
  >>> len(parse('pad(2)|jitter(1)', transforms))
  2
  """
  # 'fviz.transforms' -> 'transform'.
  kinds = [m.__name__.rpartition('.')[2].removesuffix('s') for m in modules]
  return _resolve(text, ' or '.join(kinds), modules, {})


def resolve(
  text: str | Sequence[Call], kind: str, module: ModuleType, **extra: Any
) -> list:
  """As `parse`, with arguments the text leaves out.

  Args:
    text: the calls, or what `calls` made of them: then arguments may be traced.
    kind: what error messages call the names.
    module: whose `CONFIG_NAMES` has the names.
    **extra: passed to each factory that has such a parameter, unless the text
      gives it.

  >>> from fviz import parameterizations
  >>> [p] = resolve('fourier(decay=1.5)', 'image', parameterizations, size=8)
  """
  return _resolve(text, kind, (module,), extra)


def calls(text: str | Sequence[Call]) -> list[Call]:
  """(name, args, kwargs) of each call; a bare name is a call without any.

  Calls are returned as they are.

  >>> calls("channel('mixed', 3, y=-1) | flip")
  [('channel', ('mixed', 3), {'y': -1}), ('flip', (), {})]
  """
  if not isinstance(text, str):
    return list(text)
  if not text.strip():
    return []
  try:
    tree = ast.parse(text.strip(), mode='eval').body
    return [_call(node, text) for node in _terms(tree)]
  except FvizError:
    raise
  except _UNPARSED as error:
    raise _bad(text, f'it does not parse ({error})') from error


def expression(text: str, kind: str, module: ModuleType, **extra: Any) -> Any:
  """What a sum or product of calls and numbers comes to.

  Args:
    text: such as "channel('mixed3', 7) - 2 * diversity('mixed3')".
    kind: what error messages call the names.
    module: whose `CONFIG_NAMES` has the names.
    **extra: as for `resolve`.

  >>> from fviz import objectives
  >>> expression("1 - 2 * opacity()", 'objective', objectives).layers
  ()
  """
  try:
    tree = ast.parse(text.strip(), mode='eval').body
    return _value(tree, text, kind, module, extra)
  except FvizError:
    raise
  except _UNPARSED as error:
    raise _bad(text, f'it does not parse ({error})') from error


def _value(node, text, kind, module, extra) -> Any:
  value = lambda part: _value(part, text, kind, module, extra)
  match node:
    case ast.BinOp(left, ast.Add(), right):
      return value(left) + value(right)
    case ast.BinOp(left, ast.Sub(), right):
      return value(left) - value(right)
    case ast.BinOp(left, ast.Mult(), right):
      return value(left) * value(right)
    case ast.UnaryOp(ast.USub(), operand):
      return -value(operand)
    case ast.Constant(float() | int() as number):
      return number
  (made,) = _resolve([_call(node, text)], kind, (module,), extra)
  return made


def _terms(node: ast.expr) -> list[ast.expr]:
  terms = []
  # A loop, as a|b|c nests to the left.
  while isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
    terms.append(node.right)
    node = node.left
  return [node, *reversed(terms)]


def _call(node: ast.expr, text: str) -> Call:
  if isinstance(node, ast.Name):
    return node.id, (), {}
  if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
    raise _bad(text, f'{ast.unparse(node)!r} is no call')
  name = node.func.id
  args = tuple(_literal(arg, text) for arg in node.args)
  if any(keyword.arg is None for keyword in node.keywords):
    raise _bad(text, '** is not allowed')
  kwargs = {k.arg: _literal(k.value, text) for k in node.keywords}
  return name, args, kwargs


def _literal(node: ast.expr, text: str) -> Any:
  if isinstance(node, ast.Call):  # A number that follows the steps.
    name, args, kwargs = _call(node, text)
    if name not in schedules.CONFIG_NAMES:
      raise FvizError(
        f'In {text!r}: {unknown("schedule", name, schedules.CONFIG_NAMES)}'
      )
    return _make(text, name, getattr(schedules, name), args, kwargs, {})
  try:
    return ast.literal_eval(node)
  except (ValueError, TypeError) as error:
    source = ast.unparse(node)
    raise _bad(text, f'{source!r} is not a number or string') from error


def _resolve(text, kind, modules, extra) -> list:
  known = {}
  for module in reversed(modules):
    known.update((name, getattr(module, name)) for name in module.CONFIG_NAMES)
  made = []
  for name, args, kwargs in calls(text):
    if name not in known:
      raise unknown(kind, name, known)
    made.append(_make(text, name, known[name], args, kwargs, extra))
  return made


def _make(text, name, factory, args, kwargs, extra) -> Any:
  signature = inspect.signature(factory)
  try:
    given = signature.bind_partial(*args, **kwargs).arguments
    missing = {
      k: v
      for k, v in extra.items()
      if k in signature.parameters and k not in given
    }
    return factory(*args, **kwargs, **missing)
  except TypeError as error:
    raise _bad(text, f'{name}{signature}: {error}') from error
  except FvizError as error:
    raise FvizError(f'In {_shown(text)!r}: {error}') from error


def _shown(text: str | Sequence[Call]) -> str:
  """Calls as the text that they come from, near enough."""
  if isinstance(text, str):
    return text
  one = lambda args, kwargs: ', '.join(
    [*map(repr, args), *(f'{k}={v!r}' for k, v in kwargs.items())]
  )
  return '|'.join(f'{name}({one(args, kwargs)})' for name, args, kwargs in text)


def _bad(text: str, why: str) -> FvizError:
  return FvizError(
    f'Cannot read {_shown(text)!r}: {why}. '
    "Write calls such as 'name(1, x=2)|name()'."
  )
