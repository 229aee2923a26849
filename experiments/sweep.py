r"""Pictures of all channels of a layer, resumable, in TensorBoard.

python -m experiments.sweep --config=configs/sweep.py --workdir=runs/mixed3 \
  --config.layer=mixed4 --config.channels=3,7

On many hosts: the same with --distributed everywhere, see docs/scaling.md.
"""

from absl import flags
from ml_collections import config_flags

import experiments
from fviz.commands import sweep
from fviz.sweep import clusters, processes

config_flags.DEFINE_config_file(
  'config', 'configs/sweep.py', 'What to do; see fviz.config.sweep.'
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


def run(config):
  path = _WORKDIR.value
  given = clusters.Place(_COORDINATOR.value, _PROCESSES.value, _PROCESS.value)
  group = processes.join(_DISTRIBUTED.value, path, given, _JOIN_TIMEOUT.value)
  return sweep.make(config, path, group)


if __name__ == '__main__':
  experiments.start(run)
