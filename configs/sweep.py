r"""All channels of one layer of the embedded network.

python -m experiments.sweep --config=configs/sweep.py --workdir=runs/mixed3

  configs/sweep.py             every channel at 128 px, 256 steps: minutes on
                               two CPU cores, seconds on a GPU
  configs/sweep.py:quick       as strong pictures in fewer, larger steps, see
                               docs/speed.md
  configs/sweep.py:quickstart  smaller pictures, at most three minutes on two
                               cores
  configs/sweep.py:smoke       four channels, eight steps: seconds

Expect textures that differ from channel to channel: stripes, scales, eyes,
petals; the TensorBoard slider goes through the optimization.
"""

from fviz import config as configs


def get_config(kind: str = 'full'):
  config = configs.sweep()
  if kind == 'quickstart':
    config.layer = 'mixed2'
    config.size = 64
    config.steps = 48
    config.transforms = (
      'pad(6)|jitter(4)|scale(0.9, 1.1)|rotate(-10, 10)|jitter(2)'
    )
    config.optimizer = 'adam(0.08)'  # Few steps: larger ones.
  elif kind == 'quick':  # The numbers of recipes.quick.
    config.steps = 200
    config.optimizer = 'adam(0.15)'
    config.transforms = (
      'pad(12)|jitter(8)|scale(0.85, 1.2)|rotate(-15, 15)|jitter(4)'
    )
  elif kind == 'smoke':
    config.channels = (0, 1, 2, 3)
    config.size = 32
    config.steps = 8
    config.snapshots = 2
    config.transforms = 'pad(2)|jitter(2)|jitter(2)'
  elif kind != 'full':
    raise ValueError(
      f'Unknown kind {kind!r}: full, quick, quickstart or smoke.'
    )
  return config.lock()
