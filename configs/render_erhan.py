r"""A unit's maximum on a sphere (Erhan et al. 2009).

python -m experiments.render --config=configs/render_erhan.py \
  --out=runs/erhan

  configs/render_erhan.py        96 px, all of the recipe's steps
  configs/render_erhan.py:smoke  a few steps at 32 px: seconds

Expect high-frequency noise, in low layers with the unit's pattern in the
middle.
"""

from fviz import config as configs


def get_config(kind: str = 'full'):
  config = configs.render()
  config.recipe = 'erhan()'
  config.objective = "neuron('mixed2', 7)"
  config.size = 96
  if kind == 'smoke':
    config.size = 32
    config.steps = 3
  elif kind != 'full':
    raise ValueError(f'Unknown kind {kind!r}: full or smoke.')
  return config.lock()
