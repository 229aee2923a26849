"""Numbers that need a network, on networks whose answers are known."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fviz import errors, networks
from fviz.compare import judge, metrics

_SIZE = 16
_LABELS = ('red', 'green', 'blue')


def _network(labels=_LABELS, scale=4.0, name='colours'):
  """Layer 'rgb' is the picture, the logits are its mean colour."""

  def apply(scale, images, layers):
    found = {'rgb': images, 'logits': scale * images.mean((1, 2))}
    return {layer: found[layer] for layer in layers}

  return networks.from_function(
    apply,
    jnp.float32(scale),
    ['rgb', 'logits'],
    labels=labels,
    input_size=(_SIZE, _SIZE),
    name=name,
  )


def _pictures(n=4):
  return np.random.default_rng(0).random([n, _SIZE, _SIZE, 3], np.float32)


def test_strength_of_units():
  images = _pictures()
  images[0, ..., 1] = 0.5 + images[0, ..., 1] / 2
  channels = np.array([1, 0, 2, 2])
  found = judge.Judge(_network(), 'rgb').measure(images, channels)
  means = images.astype(np.float64).mean((1, 2))
  for i, channel in enumerate(channels):
    own = means[i, channel]
    assert found[i]['activation'] == pytest.approx(own, rel=1e-5)
    assert found[i]['rank'] == 1 + np.sum(means[i] > own)
  assert found[0]['rank'] == 1


def test_held_out_transforms_are_sixteen_and_the_same_for_all():
  images = _pictures(3)
  one = judge.Judge(_network(), 'rgb')
  found = one.measure(images, np.array([0, 1, 0]))
  alone = one.measure(images[2:], np.array([0]))
  values, transform = [], jax.jit(judge.held_out(_SIZE))
  for draw in range(16):
    key = jax.random.fold_in(jax.random.key(16), draw)
    seen = transform(key, jnp.asarray(images[2:]))
    assert seen.shape == images[2:].shape
    values.append(float(np.asarray(seen)[0, ..., 0].mean()))
  assert np.std(values) > 1e-4
  for got in (found[2], alone[0]):
    assert got['heldout_mean'] == pytest.approx(np.mean(values), rel=1e-4)
    assert got['heldout_worst'] == pytest.approx(np.min(values), rel=1e-4)


def test_class_and_transfer():
  images = _pictures(2)
  images[0, ..., 2] = 1.0
  images[1, ..., 0] = 1.0
  other = _network(('blue', 'grey', 'red'), scale=2.0, name='other')
  found = judge.Judge(_network(), 'rgb', other).measure(
    images, np.zeros(2, int)
  )
  assert [one['class'] for one in found] == ['blue', 'red']
  for image, one, here, there in zip(
    images, found, (2, 0), (0, 2), strict=True
  ):
    mean = image.astype(np.float64).mean((0, 1))
    softmax = lambda x: np.exp(x) / np.exp(x).sum()
    assert one['class_probability'] == pytest.approx(
      softmax(4 * mean)[here], rel=1e-4
    )
    assert one['transfer'] == pytest.approx(softmax(2 * mean)[there], rel=1e-4)
  # A unit of the logits is a class itself, and 'green' is unknown there.
  own = judge.Judge(_network(), 'logits', other)
  (one,) = own.measure(images[:1], np.array([1]))
  assert one['class'] == 'green' and np.isnan(one['transfer'])


def test_networks_without_common_labels_are_refused():
  other = _network(('cat', 'dog', 'bird'), name='animals')
  with pytest.raises(errors.FvizError, match='share no labels'):
    judge.Judge(_network(), 'rgb', other)


def test_names_are_those_of_the_table():
  found = judge.Judge(_network(), 'rgb').measure(_pictures(1), np.array([0]))[0]
  assert set(found) - {'class'} <= set(metrics.METRICS)
