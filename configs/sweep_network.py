r"""Every channel of every layer of a network.

python -m experiments.sweep --config=configs/sweep_network.py --workdir=runs/all
python -m experiments.sweep --config=configs/sweep_network.py:squeezenet1_0 \
  --workdir=runs/squeezenet
fviz sweep --layer '*' --workdir runs/all

  configs/sweep_network.py           the embedded network
  configs/sweep_network.py:MODEL     another one of the zoo, at its size
  configs/sweep_network.py:smoke     16 px, 4 steps, two channels a layer

Before it starts it says how long it will take and how much disk, from a trial
of two layers. Each layer is compiled once, its channels follow each other;
layers that are the same array under another name are left out. A part of the
network is a pattern: --config.layer='mixed3*,!*/pre_relu'.

Expect gratings and colours in the first layers, textures in the middle, parts
of objects near the end. Run it again to resume, on many hosts with
--distributed: docs/scaling.md.
"""

from fviz import config as configs


def get_config(kind: str = 'pareidolia'):
  config = configs.sweep()
  config.layer = '*'
  config.size = 96  # As pareidolia was trained.
  config.steps = 128
  config.snapshots = 1  # Sheets of the finished pictures, none on the way.
  config.optimizer = 'adam(0.08)'  # Few steps: larger ones.
  config.transforms = (
    'pad(6)|jitter(4)|scale(0.9, 1.1)|rotate(-10, 10)|jitter(2)'
  )
  if kind == 'smoke':
    config.channels = (0, 1)
    config.size = 16
    config.steps = 4
    config.transforms = 'pad(2)|jitter(2)|jitter(2)'
  elif kind != 'pareidolia':
    config.model = kind
    config.size = 224
    config.transforms = configs.sweep().transforms
  return config.lock()
