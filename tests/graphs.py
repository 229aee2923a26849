"""inception5h's graph, built node by node, and evaluated in NumPy.

The published file is not at hand in tests. This builds a GraphDef with its
node names, operations, attributes and shapes, filled by formula; and runs any
graph of these operations without a look at our module.
"""

import zlib

import numpy as np
from tensorboard.compat.proto import graph_pb2
from tensorboard.util import tensor_util

# 1x1, 3x3 (reduced, out), 5x5 (reduced, out), pool_reduce: the published
# widths, kept apart from the module's own table on purpose.
BLOCKS = {
  'mixed3a': (192, 64, 96, 128, 16, 32, 32),
  'mixed3b': (256, 128, 128, 192, 32, 96, 64),
  'mixed4a': (480, 192, 96, 204, 16, 48, 64),
  'mixed4b': (508, 160, 112, 224, 24, 64, 64),
  'mixed4c': (512, 128, 128, 256, 24, 64, 64),
  'mixed4d': (512, 112, 144, 288, 32, 64, 64),
  'mixed4e': (528, 256, 160, 320, 32, 128, 128),
  'mixed5a': (832, 256, 160, 320, 48, 128, 128),
  'mixed5b': (832, 384, 192, 384, 48, 128, 128),
}
BEFORE = {'mixed4a': 'maxpool4', 'mixed5a': 'maxpool10'}


def inception5h():
  """The graph, with its first auxiliary head."""
  graph = graph_pb2.GraphDef()
  _node(graph, 'input', 'Placeholder')
  x = _conv(graph, 'conv2d0', 'input', 3, 64, 7, stride=2)
  x = _pool(graph, 'maxpool0', x)
  x = _lrn(graph, 'localresponsenorm0', x)
  x = _conv(graph, 'conv2d1', x, 64, 64, 1, padding='VALID')
  x = _conv(graph, 'conv2d2', x, 64, 192, 3)
  x = _lrn(graph, 'localresponsenorm1', x)
  x = _pool(graph, 'maxpool1', x)
  for name, widths in BLOCKS.items():
    if name in BEFORE:
      x = _pool(graph, BEFORE[name], x)
    x = _mixed(graph, name, x, *widths)
    if name == 'mixed4a':
      _auxiliary(graph, x)
  node = _node(graph, 'avgpool0', 'AvgPool', x)
  _window(node, 7, 1, 'VALID')
  _const(graph, 'avgpool0/reshape/shape', np.int32([-1, 1024]))
  x = 'avgpool0/reshape'
  _node(graph, x, 'Reshape', 'avgpool0', 'avgpool0/reshape/shape')
  _dense(graph, 'softmax2', x, 1024, 1008)
  _node(graph, 'output2', 'Identity', 'softmax2')
  return graph


def run(graph, images):
  """All nodes of a graph: name -> array, for the input `images`."""
  values = {}
  for node in graph.node:
    inputs = [values[name] for name in node.input]
    if node.op == 'Placeholder':
      values[node.name] = images
    else:
      values[node.name] = _OPS[node.op](node.attr, *inputs)
  return values


def _node(graph, name, op, *inputs):
  node = graph.node.add()
  node.name, node.op = name, op
  node.input.extend(inputs)
  return node


def _const(graph, name, value):
  node = _node(graph, name, 'Const')
  node.attr['value'].tensor.CopyFrom(tensor_util.make_tensor_proto(value))
  return name


def _weights(name, shape):
  random = np.random.RandomState(zlib.crc32(name.encode()))
  values = random.standard_normal(shape).astype(np.float32)
  if len(shape) == 1:
    return values * np.float32(0.1)
  return values * np.float32(np.sqrt(2 / np.prod(shape[:-1])))


def _conv(graph, name, x, inputs, outputs, kernel, stride=1, padding='SAME'):
  w = _const(graph, f'{name}_w', _weights(f'{name}_w', (kernel, kernel, inputs, outputs)))  # fmt: skip  # noqa: E501
  b = _const(graph, f'{name}_b', _weights(f'{name}_b', (outputs,)))
  node = _node(graph, f'{name}_pre_relu/conv', 'Conv2D', x, w)
  node.attr['strides'].list.i.extend([1, stride, stride, 1])
  node.attr['padding'].s = padding.encode()
  _node(graph, f'{name}_pre_relu', 'BiasAdd', node.name, b)
  _node(graph, name, 'Relu', f'{name}_pre_relu')
  return name


def _window(node, size, stride, padding='SAME'):
  node.attr['ksize'].list.i.extend([1, size, size, 1])
  node.attr['strides'].list.i.extend([1, stride, stride, 1])
  node.attr['padding'].s = padding.encode()


def _pool(graph, name, x, stride=2):
  _window(_node(graph, name, 'MaxPool', x), 3, stride)
  return name


def _lrn(graph, name, x):
  attr = _node(graph, name, 'LRN', x).attr
  attr['depth_radius'].i = 5
  attr['bias'].f, attr['alpha'].f, attr['beta'].f = 2.0, 1e-4, 0.5
  return name


def _mixed(
  graph, name, x, inputs, single, reduce3, wide3, reduce5, wide5, last
):
  conv = lambda part, x, *shape: _conv(graph, f'{name}_{part}', x, *shape)
  branches = [conv('1x1', x, inputs, single, 1)]
  bottleneck = conv('3x3_bottleneck', x, inputs, reduce3, 1)
  branches.append(conv('3x3', bottleneck, reduce3, wide3, 3))
  bottleneck = conv('5x5_bottleneck', x, inputs, reduce5, 1)
  branches.append(conv('5x5', bottleneck, reduce5, wide5, 5))
  pooled = _pool(graph, f'{name}_pool', x, stride=1)
  branches.append(conv('pool_reduce', pooled, inputs, last, 1))
  axis = _const(graph, f'{name}/concat_dim', np.int32(3))
  _node(graph, name, 'Concat', axis, *branches)
  return name


def _auxiliary(graph, x):
  _window(_node(graph, 'head0_pool', 'AvgPool', x), 5, 3, 'VALID')
  _conv(graph, 'head0_bottleneck', 'head0_pool', 508, 128, 1)
  shape = _const(graph, 'head0_flat/shape', np.int32([-1, 2048]))
  _node(graph, 'head0_flat', 'Reshape', 'head0_bottleneck', shape)
  _dense(graph, 'nn0', 'head0_flat', 2048, 1024)
  _dense(graph, 'softmax0', 'nn0', 1024, 1008)
  _node(graph, 'output', 'Identity', 'softmax0')


def _dense(graph, name, x, inputs, outputs):
  softmax = name.startswith('softmax')
  before = f'{name}_pre_activation' if softmax else f'{name}_pre_relu'
  w = _const(graph, f'{name}_w', _weights(f'{name}_w', (inputs, outputs)))
  b = _const(graph, f'{name}_b', _weights(f'{name}_b', (outputs,)))
  _node(graph, f'{before}/matmul', 'MatMul', x, w)
  _node(graph, before, 'BiasAdd', f'{before}/matmul', b)
  _node(graph, name, 'Softmax' if softmax else 'Relu', before)


def _windows(x, size, stride, padding, fill):
  """[n, h, w, size, size, c]: what each output position sees."""
  if padding == b'SAME':
    pads = []
    for n in x.shape[1:3]:
      total = max((-(-n // stride) - 1) * stride + size - n, 0)
      pads.append((total // 2, total - total // 2))
    x = np.pad(x, [(0, 0), *pads, (0, 0)], constant_values=fill)
  view = np.lib.stride_tricks.sliding_window_view(x, (size, size), (1, 2))
  return view[:, ::stride, ::stride].transpose(0, 1, 2, 4, 5, 3)


def _run_conv(attr, x, w):
  size = w.shape[0]
  stride = attr['strides'].list.i[1]
  view = _windows(x, size, stride, attr['padding'].s, 0)
  out = view.reshape(-1, w[..., 0].size) @ w.reshape(-1, w.shape[-1])
  return out.reshape(*view.shape[:3], -1)


def _run_pool(reduce, fill):
  def pool(attr, x):
    size, stride = attr['ksize'].list.i[1], attr['strides'].list.i[1]
    view = _windows(x, size, stride, attr['padding'].s, fill)
    return reduce(view, axis=(3, 4))

  return pool


def _run_lrn(attr, x):
  radius, squares = attr['depth_radius'].i, x.astype(np.float64) ** 2
  sums = np.stack(
    [
      squares[..., max(i - radius, 0) : i + radius + 1].sum(-1)
      for i in range(x.shape[-1])
    ],
    -1,
  )
  scale = (attr['bias'].f + attr['alpha'].f * sums) ** attr['beta'].f
  return (x / scale).astype(np.float32)


def _run_softmax(attr, x):
  del attr
  e = np.exp(x - x.max(-1, keepdims=True))
  return e / e.sum(-1, keepdims=True)


_OPS = {
  'Const': lambda attr: tensor_util.make_ndarray(attr['value'].tensor),
  'Conv2D': _run_conv,
  'BiasAdd': lambda attr, x, b: x + b,
  'Relu': lambda attr, x: np.maximum(x, 0),
  'MaxPool': _run_pool(np.max, -np.inf),
  'AvgPool': _run_pool(np.mean, np.nan),
  'LRN': _run_lrn,
  'Concat': lambda attr, axis, *x: np.concatenate(x, int(axis)),
  'Reshape': lambda attr, x, shape: x.reshape(shape),
  'MatMul': lambda attr, x, w: x @ w,
  'Softmax': _run_softmax,
  'Identity': lambda attr, x: x,
}
