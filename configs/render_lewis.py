r"""Creation by refinement (Lewis 1988): every logit at a wanted value.

python -m experiments.render --config=configs/render_lewis.py \
  --out=runs/lewis

  configs/render_lewis.py        96 px, all of the recipe's steps
  configs/render_lewis.py:smoke  a few steps at 32 px: seconds

Expect coloured noise: a picture that the critic judges as asked, without any
prior.
"""

from fviz import config as configs


def get_config(kind: str = 'full'):
  config = configs.render()
  config.recipe = 'lewis()'
  config.objective = "target('logits', 5.0)"
  config.size = 96
  if kind == 'smoke':
    config.size = 32
    config.steps = 3
  elif kind != 'full':
    raise ValueError(f'Unknown kind {kind!r}: full or smoke.')
  return config.lock()
