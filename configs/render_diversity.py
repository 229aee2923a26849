r"""Four pictures of one channel that differ (Olah et al. 2017).

python -m experiments.render --config=configs/render_diversity.py \
  --out=runs/diversity

  configs/render_diversity.py        96 px, all of the recipe's steps
  configs/render_diversity.py:smoke  a few steps at 32 px: seconds

Expect four facets of what the channel responds to.
"""

from fviz import config as configs


def get_config(kind: str = 'full'):
  config = configs.render()
  config.recipe = 'diversity()'
  config.objective = "channel('mixed4', 7) - 100 * diversity('mixed4')"
  config.size = 96
  if kind == 'smoke':
    config.size = 32
    config.steps = 3
  elif kind != 'full':
    raise ValueError(f'Unknown kind {kind!r}: full or smoke.')
  return config.lock()
