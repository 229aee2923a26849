r"""A picture as a network of coordinates (Mordvintsev et al. 2018).

python -m experiments.render --config=configs/render_cppn.py \
  --out=runs/cppn

  configs/render_cppn.py        96 px, all of the recipe's steps
  configs/render_cppn.py:smoke  a few steps at 32 px: seconds

Expect smooth, flowing shapes in strong colours, like vector graphics.
"""

from fviz import config as configs


def get_config(kind: str = 'full'):
  config = configs.render()
  config.recipe = 'cppn()'
  config.objective = "channel('mixed3', 7)"
  config.size = 96
  if kind == 'smoke':
    config.size = 32
    config.steps = 3
  elif kind != 'full':
    raise ValueError(f'Unknown kind {kind!r}: full or smoke.')
  return config.lock()
