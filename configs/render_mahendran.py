r"""Inversion of a layer's code of a photo (Mahendran and Vedaldi 2015).

python -m experiments.render --config=configs/render_mahendran.py \
  --out=runs/mahendran

  configs/render_mahendran.py        96 px, all of the recipe's steps
  configs/render_mahendran.py:smoke  a few steps at 32 px: seconds

Expect the photo, blurred or in pieces; less of it the higher the layer.
"""

from fviz import config as configs


def get_config(kind: str = 'full'):
  config = configs.render()
  config.recipe = 'mahendran()'
  config.objective = "match('mixed2')"
  config.image = 'sample'
  config.size = 96
  if kind == 'smoke':
    config.size = 32
    config.steps = 3
  elif kind != 'full':
    raise ValueError(f'Unknown kind {kind!r}: full or smoke.')
  return config.lock()
