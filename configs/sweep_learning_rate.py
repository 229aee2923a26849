r"""A sweep over hyperparameters: learning rate and decay of the spectrum.

python -m experiments.compare --config=configs/sweep_learning_rate.py \
  --workdir=runs/rates

All candidates differ in numbers only, so they are one compiled program. It
takes minutes on two CPU cores; `:smoke` takes seconds. The HParams tab shows
activation and noise over both numbers.
"""

from fviz import config as configs


def get_config(kind: str = 'full'):
  config = configs.compare()
  config.layer = 'mixed3'
  config.channels = (7, 64, 150, 280)
  config.parameterization = 'fourier(decay=1.0)'
  config.color = 'decorrelated'
  config.transforms = 'pad(6)|jitter(4)|scale(0.9, 1.1)|jitter(2)'
  config.size = 64
  config.steps = 64
  if kind == 'smoke':
    config.channels = (7,)
    config.size = 32
    config.steps = 4
    config.snapshots = 2
  elif kind != 'full':
    raise ValueError(f'Unknown kind {kind!r}: full or smoke.')
  return config.lock()


def sweep(add):
  for rate in (0.01, 0.05, 0.2):
    for decay in (0.75, 1.0, 1.5):
      add(
        f'rate={rate}-decay={decay}',
        optimizer=f'adam({rate})',
        parameterization=f'fourier(decay={decay})',
      )
