"""python -m fviz: the same as the command `fviz`."""

from fviz import cli

if __name__ == '__main__':
  cli.entry()
