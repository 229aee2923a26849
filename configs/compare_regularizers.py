r"""Regularizers and parameterizations of the literature, on the same units.

python -m experiments.compare --config=configs/compare_regularizers.py \
  --workdir=runs/regularizers

  configs/compare_regularizers.py            eight channels of the embedded
                                             network at 96 px
  configs/compare_regularizers.py:inception  sixteen channels of mixed_6 of
                                             Inception v3 at 112 px; add
                                             --config.weights=FILE
  configs/compare_regularizers.py:smoke      two channels, four steps: a minute,
                                             nearly all of it compilation

Expect brittle noise from plain pixels, at least on Inception, and recognizable
motifs from Fourier with robustness; see docs/regularizers.md. The first two
took 5 and 9 minutes of CPU time. In TensorBoard each candidate is a run with
the same tags, and a row of the HParams tab.
"""

from fviz import compare
from fviz import config as configs


def get_config(kind: str = 'full'):
  config = configs.compare()
  config.layer = 'mixed3'
  config.channels = tuple(range(0, 304, 38))  # Evenly spaced, not chosen.
  config.size = 96
  config.steps = 96
  if kind == 'inception':
    config.model = 'inception_v3'
    config.layer = 'mixed_6'
    config.channels = tuple(range(0, 768, 48))
    config.size = 112
    config.steps = 64
  elif kind == 'smoke':
    config.channels = (0, 38)
    config.size = 48
    config.steps = 4
    config.snapshots = 2
  elif kind != 'full':
    raise ValueError(f'Unknown kind {kind!r}: full, inception or smoke.')
  return config.lock()


def sweep(add):
  compare.regularizers(add)
  # Yours beside them: add('my_tv', **{'regularizers.total_variation': 1.0})
