r"""Hand-made priors, set 3 (Yosinski et al. 2015); 1, 2 and 4 by name.

python -m experiments.render --config=configs/render_yosinski.py \
  --out=runs/yosinski

  configs/render_yosinski.py        96 px, all of the recipe's steps
  configs/render_yosinski.py:smoke  a few steps at 32 px: seconds

Expect soft blobs of the unit's pattern in the middle, on grey. The rates are
CaffeNet's: with gain=1 this network leaves the noise of the start, blurred.
Set 2, with its strong decay, wants gain=3000; set 4 is bold and sparse.
"""

from fviz import config as configs


def get_config(kind: str = 'full'):
  config = configs.render()
  config.recipe = 'yosinski(3, gain=300)'
  config.stretch = True  # As their toolbox shows pictures.
  config.objective = "neuron('mixed4', 7)"
  config.size = 96
  if kind == 'smoke':
    config.size = 32
    config.steps = 3
  elif kind != 'full':
    raise ValueError(f'Unknown kind {kind!r}: full or smoke.')
  return config.lock()
