r"""A class model (Simonyan et al. 2013).

python -m experiments.render --config=configs/render_simonyan.py \
  --out=runs/simonyan

  configs/render_simonyan.py        96 px, all of the recipe's steps
  configs/render_simonyan.py:smoke  a few steps at 32 px: seconds

Expect faint, repeated outlines on grey, full of fine grain.
"""

from fviz import config as configs


def get_config(kind: str = 'full'):
  config = configs.render()
  config.recipe = 'simonyan()'
  config.objective = 'logit(0)'
  config.size = 96
  if kind == 'smoke':
    config.size = 32
    config.steps = 3
  elif kind != 'full':
    raise ValueError(f'Unknown kind {kind!r}: full or smoke.')
  return config.lock()
