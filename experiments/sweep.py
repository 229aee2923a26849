r"""Pictures of all channels of a layer, resumable, in TensorBoard.

python -m experiments.sweep --config=configs/sweep.py --workdir=runs/mixed3 \
  --config.layer=mixed4 --config.channels=3,7
"""

import sys

from absl import app, flags, logging
from ml_collections import config_flags

from fviz import cpu, errors, preemption, sweep

_CONFIG = config_flags.DEFINE_config_file(
  'config', 'configs/sweep.py', 'What to do; see fviz/config.py.'
)
_WORKDIR = flags.DEFINE_string(
  'workdir', None, 'Where everything goes; give it again to resume.'
)


def main(argv):
  if len(argv) > 1:
    raise app.UsageError(f'Unexpected arguments: {argv[1:]}')
  logging.set_verbosity(logging.WARNING)
  cpu.faster()
  try:
    with preemption.graceful() as stop:
      report = sweep.run(_CONFIG.value, _WORKDIR.value, stop=stop)
  except errors.FvizError as error:
    sys.exit(f'error: {error}')
  print(report)


if __name__ == '__main__':
  flags.mark_flag_as_required('workdir')
  app.run(main)
