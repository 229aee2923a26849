"""fviz sweep: all channels of layers, resumable, on one host or many."""

import argparse

from ml_collections import ConfigDict

from fviz import config as configs
from fviz import sweep
from fviz.commands import arguments
from fviz.sweep import clusters, preemption, processes

_TEXT = """\
render all channels of layers, resumable, on one host or many
  fviz sweep --layer mixed3 --workdir runs/mixed3
  fviz sweep --layer mixed4 --channel 3,7 --steps 512 --workdir runs/two
  fviz sweep --layer '*,!*/pre_relu' --workdir runs/all
  srun fviz sweep --distributed --layer '*' --workdir /shared/runs/all
"""


def add(subparsers: arguments.Subparsers) -> None:
  """Declares the arguments."""
  p = arguments.parser(subparsers, 'sweep', _TEXT, run)
  arguments.add(p, arguments.OF_PICTURES)
  arguments.add_overrides(p, "optimizer='adam(0.1)'")
  p.add_argument('--workdir', required=True, help='give it again to resume')
  p.add_argument(
    '--distributed',
    action='store_true',
    help='share the work with other processes; they are found under SLURM, '
    'Open MPI and on TPU pods, elsewhere give the next three',
  )
  p.add_argument('--coordinator', default='', help='HOST:PORT of process 0')
  p.add_argument('--processes', type=int, help='how many there are')
  p.add_argument('--process', type=int, help='which one this is, from 0')
  p.add_argument(
    '--join-timeout', type=float, default=300.0, help='seconds to wait (300)'
  )


def run(args: argparse.Namespace) -> sweep.Report:
  """What the run came to."""
  config, path = arguments.filled(configs.sweep(), args), args.workdir
  given = clusters.Place(args.coordinator, args.processes, args.process)
  group = processes.join(args.distributed, path, given, args.join_timeout)
  return make(config, path, group)


def make(
  config: ConfigDict, workdir: str, group: processes.Group
) -> sweep.Report:
  """Sweeps and prints what is known before the work; SIGTERM ends it early."""
  with preemption.graceful() as stop:
    tell = lambda text: print(text, flush=True)
    return sweep.run(config, workdir, stop=stop, group=group, tell=tell)
