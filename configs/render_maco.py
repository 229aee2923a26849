r"""The phase of a natural spectrum (Fel et al. 2023).

python -m experiments.render --config=configs/render_maco.py \
  --out=runs/maco

  configs/render_maco.py        96 px, all of the recipe's steps
  configs/render_maco.py:smoke  a few steps at 32 px: seconds

Expect a picture with a photo's contrasts and colours, the motif at several
scales.
"""

from fviz import config as configs


def get_config(kind: str = 'full'):
  config = configs.render()
  config.recipe = 'maco(crops=8)'
  config.objective = "channel('mixed4', 7)"
  config.size = 96
  if kind == 'smoke':
    config.size = 32
    config.steps = 3
  elif kind != 'full':
    raise ValueError(f'Unknown kind {kind!r}: full or smoke.')
  return config.lock()
