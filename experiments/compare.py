r"""Candidates on the same units, side by side in TensorBoard.

python -m experiments.compare --config=configs/compare_regularizers.py \
  --workdir=runs/regularizers
"""

from absl import flags
from ml_collections import config_flags

import experiments
from fviz import compare

config_flags.DEFINE_config_file(
  'config',
  'configs/compare_regularizers.py',
  'Defines get_config() and sweep(add); see fviz.config.compare.',
)
_WORKDIR = flags.DEFINE_string(
  'workdir', None, 'Where everything goes; give it again to resume.'
)


def run(config) -> compare.Report:
  file = config_flags.get_config_filename(flags.FLAGS['config'])
  candidates = compare.sweep_of(file.partition(':')[0])
  return compare.run(config, _WORKDIR.value, candidates)


if __name__ == '__main__':
  experiments.start(run)
