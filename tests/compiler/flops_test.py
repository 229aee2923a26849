import jax
import jax.numpy as jnp
import pytest
import small

from fviz import errors, models, networks
from fviz.compiler import flops


def test_layers_by_hand():
  found = flops.trace(small.network(), 24)
  # 3x3 convolutions of 3 -> 8 channels at 12 x 12 and 8 -> 12 at 6 x 6.
  conv, conv_1 = 2 * 144 * 8 * 27, 2 * 36 * 12 * 72
  assert found.flops['conv'] == found.flops['norm'] == conv
  assert found.flops['conv_1'] == conv + conv_1
  assert found.flops['logits'] == conv + conv_1 + 2 * 12 * 5
  assert found.same == {'output': 'logits'}


def test_agrees_with_the_compiler():
  network = models.load('pareidolia')
  found = flops.trace(network, 32)
  images = jax.ShapeDtypeStruct((1, 32, 32, 3), jnp.float32)
  for layer in ('conv1', 'mixed2/branch1/conv1', 'mixed4'):
    run = lambda v, x: network.apply(v, x, (layer,))
    lowered = jax.jit(run).lower(network.variables, images)
    measured = lowered.cost_analysis()['flops']
    # The compiler counts sums and maxima too, and no padding.
    assert 0.75 < found.flops[layer] / measured < 1.25, layer
  assert found.same['mixed1/branch1'] == 'mixed1/branch1/conv1'
  assert list(found.flops) == list(network.layers)


def test_grouped_convolutions():
  apply = lambda v, x, layers: {
    'a': jax.lax.conv_general_dilated(
      x,
      v,
      (1, 1),
      'SAME',
      dimension_numbers=('NHWC', 'HWIO', 'NHWC'),
      feature_group_count=3,
    )
  }
  network = networks.from_function(
    apply, jnp.ones((3, 3, 1, 6)), ['a'], input_size=(8, 8)
  )
  assert flops.trace(network, 8).flops['a'] == 2 * 64 * 6 * 9


def test_too_small_images_are_refused():
  network = models.load('pareidolia')
  with pytest.raises(errors.FvizError, match='size'):
    flops.trace(network, 0)
