r"""Feature visualization of a channel (Olah et al. 2017, lucid).

python -m experiments.render --config=configs/render_lucid.py \
  --out=runs/lucid

  configs/render_lucid.py        96 px, all of the recipe's steps
  configs/render_lucid.py:smoke  a few steps at 32 px: seconds

Expect a texture or part that repeats, in colour, here with specks that this
network likes; Inception's pictures are smooth.
"""

from fviz import config as configs


def get_config(kind: str = 'full'):
  config = configs.render()
  config.recipe = 'lucid()'
  config.objective = "channel('mixed3', 7)"
  config.size = 96
  if kind == 'smoke':
    config.size = 32
    config.steps = 3
  elif kind != 'full':
    raise ValueError(f'Unknown kind {kind!r}: full or smoke.')
  return config.lock()
