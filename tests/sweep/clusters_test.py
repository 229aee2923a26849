import http.server
import importlib.util
import os
import socket
import threading

import pytest

from fviz import errors
from fviz.sweep import clusters

_SLURM = dict(
  SLURM_JOB_ID='5000',
  SLURM_STEP_NODELIST='node7',
  SLURM_NTASKS='16',
  SLURM_PROCID='9',
  SLURM_LOCALID='1',
)
_OPEN_MPI = dict(
  OMPI_MCA_orte_hnp_uri='1531576320.0;tcp://10.96.0.1,10.148.0.1:34911',
  OMPI_COMM_WORLD_SIZE='8',
  OMPI_COMM_WORLD_RANK='3',
  OMPI_COMM_WORLD_LOCAL_RANK='2',
)


@pytest.fixture(autouse=True)
def nowhere(monkeypatch):
  """No cluster, whatever this machine belongs to."""
  for name in list(os.environ):
    if name.startswith(('SLURM_', 'OMPI_', 'PMI_', 'TPU_', 'MEGASCALE_')):
      monkeypatch.delenv(name)
  for name in ('JOB_COMPLETION_INDEX', 'JAX_COORDINATOR_PORT'):
    monkeypatch.delenv(name, raising=False)


def _detected(monkeypatch, **given):
  for name, value in given.items():
    monkeypatch.setenv(name, value)
  return clusters.detected()


def test_nothing_is_known_without_a_cluster():
  assert clusters.detected() == ('', None, None, None)


@pytest.mark.parametrize(
  'nodes, first',
  [
    ('node7', 'node7'),
    ('node001,host2', 'node001'),
    ('node[001-015],host2', 'node001'),
    ('gpu-a[3,007-015],host2', 'gpu-a3'),
    ('10.0.0.1', '10.0.0.1'),
  ],
)
def test_slurm(monkeypatch, nodes, first):
  given = _SLURM | dict(SLURM_STEP_NODELIST=nodes)
  # 61440 + 5000 % 4096.
  assert _detected(monkeypatch, **given) == (f'{first}:62344', 16, 9, '1')


def test_another_port(monkeypatch):
  found = _detected(monkeypatch, JAX_COORDINATOR_PORT='77', **_SLURM)
  assert found.coordinator == 'node7:77'


@pytest.mark.parametrize(
  'uri, host',
  [
    ('1531576320.0;tcp://10.96.0.1,10.148.0.1:34911', '10.96.0.1'),
    ('1531576320.0;tcp://10.96.0.1:34911', '10.96.0.1'),
    ('1531576320.0;tcp6://[fe80::b9b,2620:10d::2]:43370', '[fe80::b9b]'),
  ],
)
def test_open_mpi_inside_slurm(monkeypatch, uri, host):
  given = _SLURM | _OPEN_MPI | dict(OMPI_MCA_orte_hnp_uri=uri)
  port = 61440 + 1531576320 // 4096 % 4096
  assert _detected(monkeypatch, **given) == (f'{host}:{port}', 8, 3, '2')


def test_mpi_that_does_not_name_the_first_machine(monkeypatch):
  given = dict(PMI_SIZE='4', PMI_RANK='1')
  assert _detected(monkeypatch, **given) == ('', 4, 1, None)
  given = _OPEN_MPI | dict(OMPI_MCA_orte_hnp_uri='')
  assert _detected(monkeypatch, **given) == ('', 8, 3, '2')


def test_a_tpu_pod_of_gke_and_its_slices(monkeypatch):
  given = dict(TPU_WORKER_HOSTNAMES='t-0.s,t-1.s', TPU_WORKER_ID='1')
  assert _detected(monkeypatch, **given) == ('t-0.s:9876', 2, 1, None)
  given |= dict(
    MEGASCALE_NUM_SLICES='3',
    MEGASCALE_SLICE_ID='2',
    MEGASCALE_COORDINATOR_ADDRESS='first.s:8080',
  )
  assert _detected(monkeypatch, **given) == ('first.s:9876', 6, 5, None)


class _Metadata(http.server.BaseHTTPRequestHandler):
  """What a machine of a TPU pod knows about itself."""

  known = {}

  def do_GET(self):
    name = self.path.removeprefix('/computeMetadata/v1/instance/attributes/')
    fine = name in self.known and self.headers['Metadata-Flavor'] == 'Google'
    self.send_response(200 if fine else 404)
    self.end_headers()
    self.wfile.write(self.known.get(name, '').encode())

  def log_message(self, *unused):
    pass


@pytest.fixture
def metadata(monkeypatch):
  """A metadata server on a machine with TPUs; takes what it is to know."""
  monkeypatch.setattr(importlib.util, 'find_spec', lambda name: name)
  server = http.server.HTTPServer(('127.0.0.1', 0), _Metadata)
  monkeypatch.setenv('GCE_METADATA_IP', f'127.0.0.1:{server.server_port}')
  monkeypatch.setenv('http_proxy', 'http://127.0.0.1:9')  # Is not asked.
  thread = threading.Thread(target=server.serve_forever)
  thread.start()
  yield lambda **known: monkeypatch.setattr(_Metadata, 'known', known)
  server.shutdown()
  thread.join()
  server.server_close()


def _known(number, hosts, **more):
  return {
    'agent-worker-number': number,
    'worker-network-endpoints': hosts,
    **{name.replace('_', '-'): value for name, value in more.items()},
  }


@pytest.mark.parametrize(
  'hosts', ['10.0.0.7,10.0.0.8', 'unknown:8470:10.0.0.7,unknown:8470:10.0.0.8']
)
def test_a_tpu_pod(monkeypatch, metadata, hosts):
  metadata(**_known('1', hosts))
  assert clusters.detected() == ('10.0.0.7:9876', 2, 1, None)
  slices = (
    "ACCELERATOR_TYPE: 'v4-16'\nMEGASCALE_NUM_SLICES: '2'\n"
    "MEGASCALE_SLICE_ID: '1'\nMEGASCALE_COORDINATOR_ADDRESS: '10.0.0.1:8080'\n"
  )
  metadata(**_known('1', hosts, tpu_env=slices))
  assert clusters.detected() == ('10.0.0.1:9876', 4, 3, None)
  monkeypatch.setenv('TPU_SKIP_MDS_QUERY', '1')
  assert clusters.detected() == clusters.UNKNOWN


def test_a_machine_with_tpus_outside_of_the_cloud(metadata):
  metadata()
  assert clusters.detected() == clusters.UNKNOWN


def test_kubernetes(monkeypatch):
  name = 'sweep-3.fviz.default.svc.cluster.local'
  monkeypatch.setattr(socket, 'getfqdn', lambda: name)
  given = dict(KUBERNETES_SERVICE_HOST='10.0.0.1', JOB_COMPLETION_INDEX='3')
  first = 'sweep-0.fviz.default.svc.cluster.local:9876'
  assert _detected(monkeypatch, **given) == (first, None, 3, None)
  monkeypatch.setattr(socket, 'getfqdn', lambda: 'sweep-3-x7f')
  assert clusters.detected() == ('', None, 3, None)


@pytest.mark.parametrize(
  'given, message',
  [
    (_SLURM | dict(SLURM_NTASKS='many'), "like SLURM.*'many'"),
    (_SLURM | dict(SLURM_STEP_NODELIST=''), 'like SLURM.*NODELIST'),
    (dict(PMI_SIZE='4'), 'like MPICH.*PMI_RANK'),
    (_OPEN_MPI | dict(OMPI_MCA_orte_hnp_uri='tcp://1.2'), 'like Open MPI'),
  ],
)
def test_what_cannot_be_read_is_named(monkeypatch, given, message):
  with pytest.raises(errors.FvizError, match=message):
    _detected(monkeypatch, **given)
