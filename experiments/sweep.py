r"""Pictures of all channels of a layer, resumable, in TensorBoard.

python -m experiments.sweep --config=configs/sweep.py --workdir=runs/mixed3 \
  --config.layer=mixed4 --config.channels=3,7

On many hosts: the same with --distributed everywhere, see docs/scaling.md.
"""

import sys

from absl import app, flags, logging
from ml_collections import config_flags

import experiments
from fviz import errors, sweep
from fviz.compiler import cpu, program_cache
from fviz.sweep import preemption, processes

_CONFIG = config_flags.DEFINE_config_file(
  'config', 'configs/sweep.py', 'What to do; see fviz/config.py.'
)
_WORKDIR = flags.DEFINE_string(
  'workdir', None, 'Where everything goes; give it again to resume.'
)
_DISTRIBUTED = flags.DEFINE_bool(
  'distributed', False, 'Share the work with other processes.'
)
_COORDINATOR = flags.DEFINE_string(
  'coordinator', '', 'HOST:PORT of process 0; not under SLURM or on TPU pods.'
)
_PROCESSES = flags.DEFINE_integer('processes', None, 'How many; as above.')
_PROCESS = flags.DEFINE_integer('process', None, 'Which one; as above.')
_JOIN_TIMEOUT = flags.DEFINE_float(
  'join_timeout', processes.TIMEOUT, 'Seconds to wait for the others.'
)


def main(argv):
  if len(argv) > 1:
    raise app.UsageError(f'Unexpected arguments: {argv[1:]}')
  logging.set_verbosity(logging.WARNING)
  cpu.faster()
  program_cache.keep()
  try:
    group = processes.join(
      _DISTRIBUTED.value,
      _WORKDIR.value,
      _COORDINATOR.value,
      _PROCESSES.value,
      _PROCESS.value,
      _JOIN_TIMEOUT.value,
    )
    with preemption.graceful() as stop:
      report = sweep.run(_CONFIG.value, _WORKDIR.value, stop=stop, group=group)
  except errors.FvizError as error:
    sys.exit(f'error: {error}')
  print(report)


if __name__ == '__main__':
  flags.mark_flag_as_required('workdir')
  experiments.start(main)
