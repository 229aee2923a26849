"""Config strings such as 'pad(12)|jitter(8)|rotate(-10, 10)'.

Functions are those in a module's `CONFIG_NAMES`. Arguments are Python literals,
or schedules such as linear(0.1, 0.0, 256). Nothing else is evaluated, so a
config from a stranger can run no code.
"""

import ast
import inspect
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

from fviz import schedules
from fviz.errors import FvizError, unknown

Call = tuple[str, tuple[Any, ...], dict[str, Any]]  # Name, args, kwargs.
# The last two come from deep nesting, here and in Python's own parser.
_UNPARSED = (SyntaxError, ValueError, RecursionError, MemoryError)


def resolve(
  text: str | Sequence[Call], kind: str, *modules: ModuleType, **extra: Any
) -> list[Any]:
  """What the calls of a text return, in order; [] for an empty text.

  Args:
    text: the calls, or what `calls` made of them; then arguments may be traced.
    kind: what error messages call the names, such as 'transform'.
    *modules: in whose `CONFIG_NAMES` names are looked up, the first one first.
    **extra: arguments for each function that has such a parameter and is not
      given it in the text.

  Raises an `FvizError` where the text is no such calls, a name is not known, or
  a function refuses its arguments.

  >>> from fviz import parameterizations, transforms
  >>> len(resolve('pad(2)|jitter(1)', 'transform', transforms))
  2
  >>> [p] = resolve('fourier(decay=1.5)', 'image', parameterizations, size=8)
  """
  known = {}
  for module in reversed(modules):
    known.update((name, getattr(module, name)) for name in module.CONFIG_NAMES)
  made = []
  for name, args, kwargs in calls(text):
    if name not in known:
      raise unknown(kind, name, known)
    made.append(_make(text, name, known[name], args, kwargs, extra))
  return made


def calls(text: str | Sequence[Call]) -> list[Call]:
  """The calls in a text as data: (name, args, kwargs) each.

  A name without parentheses is a call without arguments. What are calls already
  is returned as it is.

  >>> calls("channel('mixed', 3, y=-1) | flip")
  [('channel', ('mixed', 3), {'y': -1}), ('flip', (), {})]
  """
  if not isinstance(text, str):
    return list(text)
  if not text.strip():
    return []
  return _parsed(text, lambda tree: [_call(v, text) for v in _terms(tree)])


def expression(text: str, kind: str, module: ModuleType, **extra: Any) -> Any:
  """The value of + - * / of calls and numbers.

  Such as "channel('mixed3', 7) - 2 * diversity('mixed3')". Arguments and errors
  are as for `resolve`.

  >>> from fviz import objectives
  >>> expression("1 - 2 * opacity()", 'objective', objectives).layers
  ()
  """
  return _parsed(text, lambda tree: _value(tree, text, kind, module, extra))


def _parsed(text: str, read: Callable[[ast.expr], Any]) -> Any:
  """What is read from a text's tree; an `FvizError` if it does not parse."""
  try:
    return read(ast.parse(text.strip(), mode='eval').body)
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
    case ast.BinOp(left, ast.Div(), right):
      return value(left) / value(right)
    case ast.UnaryOp(ast.USub(), operand):
      return -value(operand)
    case ast.Constant(float() | int() as number):
      return number
  (made,) = resolve([_call(node, text)], kind, module, **extra)
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
  kwargs = {}
  for keyword in node.keywords:
    if keyword.arg is None:
      raise _bad(text, '** is not allowed')
    kwargs[keyword.arg] = _literal(keyword.value, text)
  return name, args, kwargs


def _literal(node: ast.expr, text: str) -> Any:
  if isinstance(node, ast.Call):
    call = _call(node, text)
    try:
      return resolve([call], 'schedule', schedules)[0]
    except FvizError as error:
      raise FvizError(f'In {text!r}: {error}') from error
  try:
    return ast.literal_eval(node)
  except (ValueError, TypeError) as error:
    why = f'{ast.unparse(node)!r} is not a number or string'
    raise _bad(text, why) from error


def _make(text, name, factory, args, kwargs, extra) -> Any:
  signature = inspect.signature(factory)
  try:
    given = signature.bind_partial(*args, **kwargs).arguments
    missing = signature.parameters.keys() & extra.keys() - given.keys()
    return factory(*args, **kwargs, **{k: extra[k] for k in missing})
  except TypeError as error:
    for keyword in kwargs:
      if keyword not in signature.parameters and not _takes_any(signature):
        kind = f'argument of {name} in {_shown(text)!r}:'
        raise unknown(kind, keyword, signature.parameters) from error
    raise _bad(text, f'{name}: {error}') from error
  except FvizError as error:
    raise FvizError(f'In {_shown(text)!r}: {error}') from error


def _takes_any(signature: inspect.Signature) -> bool:
  """Whether a function takes keywords that it does not name."""
  kinds = (p.kind for p in signature.parameters.values())
  return inspect.Parameter.VAR_KEYWORD in kinds


def _shown(text: str | Sequence[Call]) -> str:
  """The text that calls come from, but for spaces and quotes."""
  if isinstance(text, str):
    return text
  named = lambda kwargs: (f'{k}={v!r}' for k, v in kwargs.items())
  one = lambda args, kwargs: ', '.join([*map(repr, args), *named(kwargs)])
  return '|'.join(f'{name}({one(args, kwargs)})' for name, args, kwargs in text)


def _bad(text: str, why: str) -> FvizError:
  example = "Write calls such as 'name(1, x=2)|name()'."
  return FvizError(f'Cannot read {_shown(text)!r}: {why}. {example}')
