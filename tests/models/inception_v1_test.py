"""inception5h: its graph imported, against the graph evaluated in NumPy."""

import zipfile

import formula
import graphs
import jax
import numpy as np
import pytest

from fviz import errors, models, objectives
from fviz.models import inception_v1 as family
from fviz.models.weights import layouts


@pytest.fixture(scope='module')
def graph():
  return graphs.inception5h()


@pytest.fixture(scope='module')
def archive(graph, tmp_path_factory):
  """As inception5h.zip is: the graph and its list of labels."""
  path = tmp_path_factory.mktemp('graph') / 'inception5h.zip'
  labels = ['dummy', 'kit fox', 'goldfish', *map(str, range(3, 1008))]
  with zipfile.ZipFile(path, 'w') as file:
    file.writestr('tensorflow_inception_graph.pb', graph.SerializeToString())
    file.writestr('imagenet_comp_graph_label_strings.txt', '\n'.join(labels))
  return path


@pytest.fixture(scope='module')
def network(archive):
  return models.load('inception_v1', archive)


def test_every_node_of_the_graph(network, graph):
  images = formula.images(224)
  expected = graphs.run(graph, np.float32(images * 255) - 117)
  layers = tuple(network.layers)
  apply = jax.jit(lambda v, x: network.apply(v, x, layers))
  activations = apply(network.variables, images)
  assert set(layers) <= set(expected)  # Whose 'output' is another head.
  wanted = [
    node.name
    for node in graph.node
    if node.op in ('BiasAdd', 'Relu', 'MaxPool', 'LRN', 'Concat', 'Softmax')
    and not node.name.startswith(('head0', 'nn0', 'softmax0'))
  ]
  assert len(wanted) == 57 * 2 + 4 + 9 + 2 + 9 + 2
  for name in wanted:
    np.testing.assert_allclose(
      activations[name],
      expected[name],
      rtol=1e-4,
      atol=1e-4 * expected[name].std(),
      err_msg=name,
    )
  np.testing.assert_allclose(
    activations['output'],
    expected['softmax2_pre_activation'],
    rtol=1e-4,
    atol=1e-4,
  )


def test_parameter_count(network):
  """Counted from the published widths, not from the module."""
  conv = lambda kernel, inputs, outputs: kernel**2 * inputs * outputs + outputs
  count = conv(7, 3, 64) + conv(1, 64, 64) + conv(3, 64, 192)
  for (
    inputs,
    single,
    reduce3,
    wide3,
    reduce5,
    wide5,
    last,
  ) in graphs.BLOCKS.values():
    count += conv(1, inputs, single) + conv(1, inputs, reduce3)
    count += conv(3, reduce3, wide3) + conv(1, inputs, reduce5)
    count += conv(5, reduce5, wide5) + conv(1, inputs, last)
  count += 1024 * 1008 + 1008
  assert layouts.parameters(network) == count


def test_labels_come_with_the_graph(network, graph, tmp_path):
  assert len(network.labels) == 1008
  bound = objectives.bind(objectives.logit('goldfish'), network)
  assert bound.leaves[0].value == 2
  assert bound.layers == ('output',)
  path = tmp_path / 'tensorflow_inception_graph.pb'
  path.write_bytes(graph.SerializeToString())
  assert models.load('inception_v1', path).labels == ()
  list_ = tmp_path / 'imagenet_comp_graph_label_strings.txt'
  list_.write_text('dummy\ngoldfish\n')
  assert models.load('inception_v1', path).labels == ('dummy', 'goldfish')


def test_other_image_sizes_work(network):
  shapes = jax.eval_shape(
    lambda v, x: network.apply(v, x, ('mixed4a', 'output')),
    network.variables,
    jax.ShapeDtypeStruct((2, 96, 130, 3), 'float32'),
  )
  assert shapes['mixed4a'].shape == (2, 6, 9, 508)
  assert shapes['output'].shape == (2, 1008)


def test_damaged_and_foreign_graphs(graph, tmp_path):
  path = tmp_path / 'x.pb'
  path.write_bytes(graph.SerializeToString()[:5000])
  with pytest.raises(errors.FvizError, match='truncated'):
    models.load('inception_v1', path)
  small = type(graph)()
  small.node.add(name='input', op='Placeholder')
  path.write_bytes(small.SerializeToString())
  with pytest.raises(errors.FvizError, match='holds no weights'):
    models.load('inception_v1', path)
  small = type(graph)()
  small.CopyFrom(graph)
  [node] = [n for n in small.node if n.name == 'mixed4a_3x3_w']
  node.name = 'renamed_w'
  path.write_bytes(small.SerializeToString())
  with pytest.raises(errors.FvizError) as error:
    models.load('inception_v1', path)
  message = str(error.value)
  assert 'missing in the file: mixed4a_3x3_w (3, 3, 96, 204)' in message
  assert 'not in the model: renamed_w (3, 3, 96, 204)' in message


def test_local_response_norm_by_the_definition():
  """In float64; alpha is not divided by the window."""
  x = 40 * np.random.default_rng(0).normal(size=(1, 2, 3, 20))
  expected = np.empty_like(x)
  for i in range(20):
    near = x[..., max(i - 5, 0) : i + 6]
    expected[..., i] = x[..., i] / (2 + 1e-4 * (near**2).sum(-1)) ** 0.5
  y = family.LocalResponseNorm()(x.astype('f'))
  np.testing.assert_allclose(y, expected, rtol=1e-5)
