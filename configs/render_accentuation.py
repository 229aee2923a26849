r"""A photo with what a channel likes made stronger (Hamblin et al. 2024).

python -m experiments.render --config=configs/render_accentuation.py \
  --out=runs/accentuation

  configs/render_accentuation.py        96 px, all of the recipe's steps
  configs/render_accentuation.py:smoke  a few steps at 32 px: seconds

Expect the photo, recognizable, with the motif where it almost was.
"""

from fviz import config as configs


def get_config(kind: str = 'full'):
  config = configs.render()
  config.recipe = 'accentuation(crops=8)'
  config.objective = "channel('mixed4', 7)"
  config.image = 'sample'
  config.near = 'mixed3'
  config.size = 96
  if kind == 'smoke':
    config.size = 32
    config.steps = 3
  elif kind != 'full':
    raise ValueError(f'Unknown kind {kind!r}: full or smoke.')
  return config.lock()
