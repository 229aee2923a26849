r"""Variants of a config on the same units, side by side in TensorBoard.

python -m experiments.compare --config=configs/compare_regularizers.py \
  --workdir=runs/regularizers
"""

import sys

from absl import app, flags, logging
from ml_collections import config_flags

import experiments
from fviz import compare, errors
from fviz.compiler import cpu, program_cache

_CONFIG = config_flags.DEFINE_config_file(
  'config',
  'configs/compare_regularizers.py',
  'Defines get_config() and sweep(add); see fviz/config.py.',
)
_WORKDIR = flags.DEFINE_string(
  'workdir', None, 'Where everything goes; give it again to resume.'
)


def main(argv):
  if len(argv) > 1:
    raise app.UsageError(f'Unexpected arguments: {argv[1:]}')
  logging.set_verbosity(logging.WARNING)
  cpu.faster()
  program_cache.keep()
  file = config_flags.get_config_filename(flags.FLAGS['config'])
  try:
    sweep = compare.sweep_of(file.partition(':')[0])
    report = compare.run(_CONFIG.value, _WORKDIR.value, sweep)
  except errors.FvizError as error:
    sys.exit(f'error: {error}')
  print(report)


if __name__ == '__main__':
  flags.mark_flag_as_required('workdir')
  experiments.start(main)
