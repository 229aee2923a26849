"""Networks small enough to compile in a second."""

import jax
import jax.numpy as jnp
from flax import linen as nn
from flax import nnx

from fviz import networks


class Net(nnx.Module):
  """conv, batch norm, ReLU, pools, conv, logits."""

  def __init__(self, rngs, channels=3):
    self.conv = nnx.Conv(channels, 8, (3, 3), strides=(2, 2), rngs=rngs)
    self.norm = nnx.BatchNorm(8, rngs=rngs)
    self.drop = nnx.Dropout(0.5, rngs=rngs)
    self.conv_1 = nnx.Conv(8, 12, (3, 3), rngs=rngs)
    self.logits = nnx.Linear(12, 5, rngs=rngs)

  def __call__(self, x):
    x = self.drop(nnx.relu(self.norm(self.conv(x))))
    x = nnx.max_pool(x, (3, 3), (2, 2), 'SAME')
    x = nnx.avg_pool(x, (3, 3), (1, 1), 'SAME', count_include_pad=False)
    x = jax.nn.relu(self.conv_1(x))
    return self.logits(x.mean((1, 2)))


class LinenNet(nn.Module):
  """The same in Linen."""

  @nn.compact
  def __call__(self, x, train=True):
    x = nn.Conv(8, (3, 3), strides=(2, 2), name='conv')(x)
    x = nn.BatchNorm(use_running_average=not train, name='norm')(x)
    x = nn.max_pool(nn.relu(x), (3, 3), (2, 2), 'SAME')
    x = nn.avg_pool(x, (3, 3), (1, 1), 'SAME', count_include_pad=False)
    x = nn.relu(nn.Conv(12, (3, 3), name='conv_1')(x))
    return nn.Dense(5, name='logits')(x.mean((1, 2)))


def model(seed=0, channels=3):
  """A `Net` with statistics that are not trivial."""
  net = Net(nnx.Rngs(seed), channels)
  net.norm.mean[...] = 0.1 * jnp.arange(8, dtype=jnp.float32)
  net.norm.var[...] = 1.0 + 0.1 * jnp.arange(8, dtype=jnp.float32)
  return net


def linen_variables(net):
  """A `Net`'s weights as the variables of a `LinenNet`."""
  pick = lambda m, *names: {k: getattr(m, k)[...] for k in names}
  return {
    'params': {
      'conv': pick(net.conv, 'kernel', 'bias'),
      'norm': pick(net.norm, 'scale', 'bias'),
      'conv_1': pick(net.conv_1, 'kernel', 'bias'),
      'logits': pick(net.logits, 'kernel', 'bias'),
    },
    'batch_stats': {'norm': pick(net.norm, 'mean', 'var')},
  }


def network(seed=0, channels=3, labels=('a', 'b', 'c', 'd', 'e')):
  return networks.from_nnx(
    model(seed, channels),
    input_size=(24, 24),
    input_channels=channels,
    labels=labels,
    name='small',
  )
