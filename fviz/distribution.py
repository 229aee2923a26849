"""The name under which fviz is installed: on package indexes, `fviz` is taken.

The import and the command are called fviz nevertheless.
"""

NAME = 'fviz-jax'


def install(extra: str) -> str:
  """What to type for an extra, in messages.

  >>> install('video')
  "pip install 'fviz-jax[video]', in a checkout pip install '.[video]'"
  """
  published, here = f"'{NAME}[{extra}]'", f"'.[{extra}]'"
  return f'pip install {published}, in a checkout pip install {here}'
