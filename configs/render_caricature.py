r"""What a layer sees in a photo, exaggerated (lucid).

python -m experiments.render --config=configs/render_caricature.py \
  --out=runs/caricature

  configs/render_caricature.py        96 px, all of the recipe's steps
  configs/render_caricature.py:smoke  a few steps at 32 px: seconds

Expect the photo's forms redrawn in the layer's own patterns.
"""

from fviz import config as configs


def get_config(kind: str = 'full'):
  config = configs.render()
  config.recipe = 'caricature()'
  config.objective = "caricature('mixed3')"
  config.image = 'sample'
  config.size = 96
  if kind == 'smoke':
    config.size = 32
    config.steps = 3
  elif kind != 'full':
    raise ValueError(f'Unknown kind {kind!r}: full or smoke.')
  return config.lock()
