"""Which process of how many this is, as its cluster tells.

The first that is found counts. Process 0 listens on the first machine that the
cluster names, at a port that follows from the number of the job, so that two
jobs on one machine do not meet; JAX_COORDINATOR_PORT is another port. Several
TPU slices are one run, by MEGASCALE_NUM_SLICES, MEGASCALE_SLICE_ID and
MEGASCALE_COORDINATOR_ADDRESS. MPICH does not tell where process 0 is, and
Kubernetes not how many processes there are.

JAX finds most of these, too, but has no public function that tells of it.
"""

import contextlib
import http.client
import importlib.util
import os
import re
import socket
from collections.abc import Mapping
from typing import NamedTuple

from fviz import errors

_METADATA = '/computeMetadata/v1/instance/attributes/'
_TIMEOUT = 10.0  # Seconds for the metadata server, which is on the machine.
# Above what Linux hands out by itself, so that jobs rarely find theirs taken.
_PORTS = range(61440, 65536)
_PORT = 9876  # Where no job has a number.


class Place(NamedTuple):
  """Where a process stands among those that share a sweep, if it is known.

  Attributes:
    coordinator: 'host:port' where process 0 listens.
    process: number of this one, from 0.
    devices: the numbers of the GPUs that it is to use, '0' or '0,1'.
  """

  coordinator: str = ''
  processes: int | None = None
  process: int | None = None
  devices: str | None = None


UNKNOWN = Place()


def detected() -> Place:
  """What the cluster tells; nothing is known where there is none.

  Raises:
    FvizError: a cluster is found, but what it says cannot be read.
  """
  for name, variables, find in _CLUSTERS:
    try:
      if variables <= {*os.environ} and (place := find(os.environ)):
        return place
    except (ArithmeticError, LookupError, OSError, ValueError) as error:
      raise errors.FvizError(
        f'This looks like {name}, but what it says cannot be read '
        f'({type(error).__name__}: {error}): give coordinator, processes and '
        'process.'
      ) from error
  return UNKNOWN


def _open_mpi(given: Mapping[str, str]) -> Place:
  # The launcher's addresses: '1531576320.0;tcp://10.0.0.1,10.1.0.1:34911'.
  uri, coordinator = given.get('OMPI_MCA_orte_hnp_uri', ''), ''
  if host := re.search(r'tcp://([^,:]+)|tcp6://(\[[^,\]]+)', uri):
    job = int(uri.partition('.')[0]) // 4096  # The rest numbers its parts.
    coordinator = _at(host[1] or f'{host[2]}]', job)
  count, index = given['OMPI_COMM_WORLD_SIZE'], given['OMPI_COMM_WORLD_RANK']
  gpu = given.get('OMPI_COMM_WORLD_LOCAL_RANK')
  return Place(coordinator, int(count), int(index), gpu)


def _slurm(given: Mapping[str, str]) -> Place:
  # 'node7', 'node[001-015],host2' or 'node[001,007-015]'.
  nodes = given['SLURM_STEP_NODELIST']
  first = re.match(r'([^,\[]+)(?:\[([^],-]+))?', nodes)
  if not first:
    raise ValueError(f'SLURM_STEP_NODELIST is {nodes!r}')
  host = _at(first[1] + (first[2] or ''), int(given['SLURM_JOB_ID']))
  count, index = int(given['SLURM_NTASKS']), int(given['SLURM_PROCID'])
  return Place(host, count, index, given.get('SLURM_LOCALID'))


def _mpich(given: Mapping[str, str]) -> Place:
  return Place('', int(given['PMI_SIZE']), int(given['PMI_RANK']))


def _tpu_of_gke(given: Mapping[str, str]) -> Place | None:
  hosts = given.get('TPU_PROCESS_ADDRESSES', given.get('TPU_WORKER_HOSTNAMES'))
  if not hosts:
    return None
  return _slice(hosts.split(','), given['TPU_WORKER_ID'], given)


def _tpu_of_gce(given: Mapping[str, str]) -> Place | None:
  if not importlib.util.find_spec('libtpu') or 'TPU_SKIP_MDS_QUERY' in given:
    return None
  if (index := _metadata('agent-worker-number')) is None:
    return None
  # Names of machines; or, as it was earlier, 'name:number:address' of each.
  hosts = (_metadata('worker-network-endpoints') or '').split(',')
  hosts = [host.rpartition(':')[2] for host in hosts]
  slices = _metadata('tpu-env') or ''
  more = dict(re.findall(r"^(\w+): *'?([^'\n]*)", slices, re.M))
  return _slice(hosts, index, {**more, **given})


def _slice(hosts: list[str], index: str, given: Mapping[str, str]) -> Place:
  """The place of one machine of a TPU slice, of which there may be several."""
  slices = int(given.get('MEGASCALE_NUM_SLICES') or 1)
  number = int(given.get('MEGASCALE_SLICE_ID') or 0)
  host = given.get('MEGASCALE_COORDINATOR_ADDRESS') or hosts[0]
  count = len(hosts)
  place = number * count + int(index)
  return Place(_at(host.partition(':')[0]), count * slices, place)


def _metadata(name: str) -> str | None:
  """What a machine of Google's cloud knows about itself; None elsewhere."""
  server = os.environ.get('GCE_METADATA_IP', 'metadata.google.internal')
  link = http.client.HTTPConnection(server, timeout=_TIMEOUT)
  with contextlib.closing(link), contextlib.suppress(OSError):
    link.request('GET', _METADATA + name, headers={'Metadata-Flavor': 'Google'})
    answer = link.getresponse()
    if answer.status == http.HTTPStatus.OK:
      return answer.read(1 << 20).decode().strip()


def _pod(given: Mapping[str, str]) -> Place:
  """A pod of an indexed Job whose subdomain is a headless service."""
  index, coordinator = given['JOB_COMPLETION_INDEX'], ''
  # job-3.service.namespace.svc.cluster.local, where job-0 is process 0.
  pod, dot, domain = socket.getfqdn().partition('.')
  if dot and pod.endswith(f'-{index}'):
    coordinator = _at(f'{pod.removesuffix(index)}0.{domain}')
  return Place(coordinator, None, int(index))


def _at(host: str, job: int | None = None) -> str:
  """Where process 0 listens; `job` is the number of the job, if it has one."""
  port = _PORT if job is None else _PORTS[job % len(_PORTS)]
  return f'{host}:{os.environ.get("JAX_COORDINATOR_PORT") or port}'


# Names, and the variables that they set, in the order in which they are looked
# for: Open MPI runs inside SLURM, too.
_CLUSTERS = (
  ('Open MPI', {'OMPI_COMM_WORLD_SIZE'}, _open_mpi),
  ('SLURM', {'SLURM_JOB_ID', 'SLURM_STEP_NODELIST', 'SLURM_PROCID'}, _slurm),
  ('MPICH', {'PMI_SIZE'}, _mpich),
  ('a TPU pod of GKE', set(), _tpu_of_gke),
  ('a TPU pod', set(), _tpu_of_gce),
  ('Kubernetes', {'JOB_COMPLETION_INDEX', 'KUBERNETES_SERVICE_HOST'}, _pod),
)
