"""Which process of how many this is, as its cluster tells.

| cluster      | number of processes  | number of this one   | GPU           |
|--------------|----------------------|----------------------|---------------|
| Open MPI     | OMPI_COMM_WORLD_SIZE | OMPI_COMM_WORLD_RANK | ...LOCAL_RANK |
| SLURM        | SLURM_NTASKS         | SLURM_PROCID         | SLURM_LOCALID |
| MPICH, Intel | PMI_SIZE             | PMI_RANK             |               |
| TPUs in GKE  | TPU_WORKER_HOSTNAMES | TPU_WORKER_ID        |               |
| TPUs in GCE  | the metadata server  | the metadata server  |               |
| Kubernetes   |                      | JOB_COMPLETION_INDEX |               |

The first that is found counts. Process 0 listens on the first machine that the
cluster names, at a port that follows from the number of the job, so that two
jobs on one machine do not meet; JAX_COORDINATOR_PORT is another port. Several
TPU slices are one run, by MEGASCALE_NUM_SLICES, MEGASCALE_SLICE_ID and
MEGASCALE_COORDINATOR_ADDRESS. MPICH does not tell where process 0 is, and
Kubernetes not how many processes there are.

JAX finds most of these, too, but has no public function that tells of it.
"""

from __future__ import annotations

import importlib.util
import os
import re
import socket
import urllib.request
from collections.abc import Callable, Mapping
from typing import NamedTuple

from fviz import errors

_METADATA = 'http://{}/computeMetadata/v1/instance/attributes/{}'
_TIMEOUT = 10.0  # Seconds for the metadata server, which is on the machine.
# Above what Linux hands out by itself, so that jobs rarely find theirs taken.
_FIRST_PORT, _PORTS = 61440, 4096
_PORT = 9876  # Where no job has a number.


class Place(NamedTuple):
  """Where a process stands among those that share a sweep; None is unknown.

  Attributes:
    coordinator: 'host:port' where process 0 listens.
    processes: how many there are.
    process: number of this one, from 0.
    devices: the numbers of the GPUs that it is to use, '0' or '0,1'; None for
      all that it sees.
  """

  coordinator: str | None = None
  processes: int | None = None
  process: int | None = None
  devices: str | None = None


def detected() -> Place:
  """What the cluster tells; nothing is known where there is none.

  Raises:
    FvizError: a cluster is found, but what it says cannot be read.
  """
  for name, find in _CLUSTERS.items():
    try:
      if place := find(os.environ):
        return place
    except (ArithmeticError, LookupError, OSError, ValueError) as error:
      raise errors.FvizError(
        f'This looks like {name}, but what it says cannot be read '
        f'({type(error).__name__}: {error}): give coordinator, processes and '
        'process.'
      ) from error
  return Place()


def _open_mpi(given: Mapping[str, str]) -> Place | None:
  if 'OMPI_COMM_WORLD_SIZE' not in given:
    return None
  # The launcher's addresses: '1531576320.0;tcp://10.0.0.1,10.1.0.1:34911'.
  uri = given.get('OMPI_MCA_orte_hnp_uri', '')
  host = re.search(r'tcp://([^,:]+)|tcp6://(\[[^,\]]+)', uri)
  coordinator = None
  if host:
    job = int(uri.partition('.')[0]) // 4096  # The rest numbers its parts.
    name = host[1] or f'{host[2]}]'
    coordinator = _at(name, _FIRST_PORT + job % _PORTS)
  return Place(
    coordinator,
    int(given['OMPI_COMM_WORLD_SIZE']),
    int(given['OMPI_COMM_WORLD_RANK']),
    given.get('OMPI_COMM_WORLD_LOCAL_RANK'),
  )


def _slurm(given: Mapping[str, str]) -> Place | None:
  if not {'SLURM_JOB_ID', 'SLURM_STEP_NODELIST', 'SLURM_PROCID'} <= {*given}:
    return None
  # 'node7', 'node[001-015],host2' or 'node[001,007-015]'.
  nodes = given['SLURM_STEP_NODELIST']
  first = re.match(r'([^,\[]+)(?:\[([^],-]+))?', nodes)
  if not first:
    raise ValueError(f'SLURM_STEP_NODELIST is {nodes!r}')
  port = _FIRST_PORT + int(given['SLURM_JOB_ID']) % _PORTS
  return Place(
    _at(first[1] + (first[2] or ''), port),
    int(given['SLURM_NTASKS']),
    int(given['SLURM_PROCID']),
    given.get('SLURM_LOCALID'),
  )


def _mpich(given: Mapping[str, str]) -> Place | None:
  if 'PMI_SIZE' not in given:
    return None
  return Place(None, int(given['PMI_SIZE']), int(given['PMI_RANK']))


def _tpu_of_gke(given: Mapping[str, str]) -> Place | None:
  hosts = given.get('TPU_PROCESS_ADDRESSES', given.get('TPU_WORKER_HOSTNAMES'))
  if not hosts:
    return None
  return _slice(hosts.split(','), int(given['TPU_WORKER_ID']), given)


def _tpu_of_gce(given: Mapping[str, str]) -> Place | None:
  if not importlib.util.find_spec('libtpu') or 'TPU_SKIP_MDS_QUERY' in given:
    return None
  index = _metadata('agent-worker-number')
  if index is None:
    return None
  # Names of machines; or, as it was earlier, 'name:number:address' of each.
  hosts = (_metadata('worker-network-endpoints') or '').split(',')
  more = dict(
    re.findall(r"^(\w+): *'?([^'\n]*)", _metadata('tpu-env') or '', re.M)
  )
  hosts = [host.rpartition(':')[2] for host in hosts]
  return _slice(hosts, int(index), {**more, **given})


def _slice(hosts: list[str], index: int, given: Mapping[str, str]) -> Place:
  """The place of one machine of a TPU slice, of which there may be several."""
  slices = int(given.get('MEGASCALE_NUM_SLICES') or 1)
  number = int(given.get('MEGASCALE_SLICE_ID') or 0)
  host = given.get('MEGASCALE_COORDINATOR_ADDRESS') or hosts[0]
  return Place(
    _at(host.partition(':')[0], _PORT),
    len(hosts) * slices,
    number * len(hosts) + index,
  )


def _metadata(name: str) -> str | None:
  """What a machine of Google's cloud knows about itself; None elsewhere."""
  server = os.environ.get('GCE_METADATA_IP', 'metadata.google.internal')
  request = urllib.request.Request(
    _METADATA.format(server, name), headers={'Metadata-Flavor': 'Google'}
  )
  # It is asked directly, whatever proxy there is.
  opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
  try:
    with opener.open(request, timeout=_TIMEOUT) as answer:
      return answer.read(1 << 20).decode().strip()
  except OSError:
    return None


def _kubernetes(given: Mapping[str, str]) -> Place | None:
  """A pod of an indexed Job whose subdomain is a headless service."""
  index = given.get('JOB_COMPLETION_INDEX')
  if index is None or 'KUBERNETES_SERVICE_HOST' not in given:
    return None
  # job-3.service.namespace.svc.cluster.local, where job-0 is process 0.
  pod, dot, domain = socket.getfqdn().partition('.')
  coordinator = None
  if dot and pod.endswith(f'-{index}'):
    coordinator = _at(f'{pod.removesuffix(index)}0.{domain}', _PORT)
  return Place(coordinator, None, int(index))


def _at(host: str, port: int) -> str:
  return f'{host}:{os.environ.get("JAX_COORDINATOR_PORT") or port}'


# In the order in which they are looked for: Open MPI runs inside SLURM, too.
_CLUSTERS: dict[str, Callable[[Mapping[str, str]], Place | None]] = {
  'Open MPI': _open_mpi,
  'SLURM': _slurm,
  'MPICH': _mpich,
  'a TPU pod of GKE': _tpu_of_gke,
  'a TPU pod': _tpu_of_gce,
  'Kubernetes': _kubernetes,
}
