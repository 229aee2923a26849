r"""Feature visualization with the article's transforms (Olah et al. 2017).

python -m experiments.render --config=configs/render_olah.py \
  --out=runs/olah

  configs/render_olah.py        96 px, all of the recipe's steps
  configs/render_olah.py:smoke  a few steps at 32 px: seconds

Expect as lucid's, a little larger motifs: it stays upright.
"""

from fviz import config as configs


def get_config(kind: str = 'full'):
  config = configs.render()
  config.recipe = 'olah()'
  config.objective = "channel('mixed3', 7)"
  config.size = 96
  if kind == 'smoke':
    config.size = 32
    config.steps = 3
  elif kind != 'full':
    raise ValueError(f'Unknown kind {kind!r}: full or smoke.')
  return config.lock()
