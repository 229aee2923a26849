"""Objectives: formulas, binding, and the axis of jobs."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fviz import objectives, types
from fviz.errors import FvizError
from fviz.types import Layer, Network

RANDOM = np.random.default_rng(3)
MASK = RANDOM.uniform(size=[4, 6])
MATRIX = RANDOM.normal(size=[5, 5])
TENSOR = RANDOM.normal(size=[2, 3, 5])
MADE = {
  'channel': objectives.channel('mixed', 2),
  'neuron': objectives.neuron('mixed', 1, 2, 3),
  'layer': objectives.layer('mixed'),
  'deepdream': objectives.deepdream('mixed'),
  'direction': objectives.direction('mixed', np.arange(5.0), 2.0),
  'logit': objectives.logit('dog'),
  'log_odds': objectives.log_odds('dog'),
  'region': objectives.region('mixed', 2, MASK),
  'weighted_channels': objectives.weighted_channels('mixed', np.arange(5.0)),
  'direction_neuron': objectives.direction_neuron('mixed', np.arange(5.0), 1.0),
  'tensor_direction': objectives.tensor_direction('mixed', TENSOR, 2.0),
  'whitened_direction': objectives.whitened_direction(
    'mixed', np.arange(5.0), MATRIX
  ),
  'target': objectives.target('mixed', 0.5),
  'opacity': objectives.opacity(),
  'diversity': objectives.diversity('mixed'),
  'interpolation': objectives.interpolation('mixed', 1, 'logits', 2),
  'alignment': objectives.alignment('mixed', 3.0),
  'match': objectives.match('mixed'),
  'caricature': objectives.caricature('mixed', 1.0),
  'distance': objectives.distance('mixed'),
  'style': objectives.style('mixed'),
  'input_difference': objectives.input_difference(),
}
LABELS = ('cat', 'dog', 'hot dog', 'sea lion', 'lion', 'sea')
NETWORK = Network(
  None,
  {},
  {'mixed': Layer(5, (4, 6), 8), 'logits': Layer(6, (), 0)},
  LABELS,
  name='tiny',
)


def _activations(seed=0):
  a, b, c, d = jax.random.split(jax.random.key(seed), 4)
  return {
    'mixed': jax.random.normal(a, (2, 4, 6, 5)),
    'logits': jax.random.normal(b, (2, 6)),
    types.reference('mixed'): jax.random.normal(c, (2, 4, 6, 5)),
    types.reference(): jax.random.uniform(d, (2, 3, 3, 4)),
  }


IMAGES = jax.random.uniform(jax.random.key(9), (2, 3, 3, 4))


def _value(objective, activations):
  return objective(activations, IMAGES)


def test_all_are_here():
  assert set(MADE) == set(objectives.CONFIG_NAMES)


@pytest.mark.parametrize('name', MADE)
def test_conformance(name, quick_compile):
  o, a = objectives.bind(MADE[name], NETWORK), _activations()
  eager = _value(o, a)
  assert eager.shape == ()
  np.testing.assert_allclose(jax.jit(_value)(o, a), eager, rtol=1e-5)
  for point in (a, jax.tree.map(jnp.zeros_like, a)):
    grads = jax.jit(jax.grad(_value, argnums=1))(o, point)
    assert all(jnp.isfinite(g).all() for g in grads.values())
  both = jax.tree.map(lambda *x: jnp.stack(x), a, _activations(1))
  many = jax.jit(jax.vmap(_value, (None, 0)))(o, both)
  np.testing.assert_allclose(many[0], eager, rtol=1e-5)


def test_formulas():
  a = {k: np.asarray(v, np.float64) for k, v in _activations().items()}
  m = a['mixed']
  v = np.arange(5.0)
  dot = m @ v
  cos = dot / (np.linalg.norm(m, axis=-1) + 1e-4)
  cos /= np.linalg.norm(v) + 1e-4
  p = np.exp(a['logits'])
  p = p[:, 1] / p.sum(-1)
  want = {
    'channel': m[..., 2].mean(),
    'neuron': m[:, 2, 3, 1].mean(),
    'layer': m.mean(),
    'deepdream': (m**2).mean(),
    'direction': (dot * np.maximum(cos, 0.1) ** 2).mean(),
    'logit': a['logits'][:, 1].mean(),
    'log_odds': np.log(p / (1 - p)).mean(),
    'region': (m[..., 2] * MASK).sum((1, 2)).mean() / MASK.sum(),
    'weighted_channels': dot.mean(),
    'direction_neuron': (dot * np.maximum(cos, 0.1))[:, 2, 3].mean(),
    'target': -((m - 0.5) ** 2).mean(),
    'opacity': np.asarray(IMAGES)[..., -1].mean(),
  }
  want |= _formulas_of_several(a)
  assert set(want) == set(MADE)
  for name, value in want.items():
    got = _value(objectives.bind(MADE[name], NETWORK), _activations())
    np.testing.assert_allclose(got, value, rtol=1e-5, err_msg=name)
  got = _value(objectives.neuron('mixed', 0), _activations())
  np.testing.assert_allclose(got, m[:, 2, 3, 0].mean(), rtol=1e-5)


def _formulas_of_several(a):
  m, r = a['mixed'], a[types.reference('mixed')]
  crop = m[:, 1:3, 1:4]
  dots = (crop * TENSOR).sum(-1)
  norm = lambda x: np.linalg.norm(x, axis=-1)
  cos = dots / (norm(crop) + 1e-4) / (norm(TENSOR) + 1e-4)
  center = m[:, 2, 3]
  white = center @ (MATRIX @ np.arange(5.0)) / 5
  flat = [x.reshape(-1, 5) for x in m]
  grams = [x.T @ x for x in flat]
  grams = [g / np.linalg.norm(g) for g in grams]
  others = [x.reshape(-1, 5) for x in r]
  dot = [(x * y).mean() for x, y in zip(m, r, strict=True)]
  angles = [
    (x * y).sum() / np.linalg.norm(x) / np.linalg.norm(y)
    for x, y in zip(m, r, strict=True)
  ]
  pixels = np.asarray(IMAGES, np.float64) - a[types.reference()]
  return {
    'tensor_direction': (dots * np.maximum(cos, 0.1) ** 2).mean(),
    'whitened_direction': np.mean(
      white * np.maximum(white / (norm(center) + 1e-4), 0.1) ** 2
    ),
    'diversity': 2 * (grams[0] * grams[1]).sum() / 2,
    # Of two images, the first is all one channel, the second the other.
    'interpolation': m[0, ..., 1].mean() + a['logits'][1, 2],
    'alignment': -((m[0] - m[1]) ** 2).mean() / 3,
    'match': -np.mean(
      [((x - y) ** 2).sum() / (y**2).sum() for x, y in zip(m, r, strict=True)]
    ),
    'caricature': np.mean(
      [d * max(0.1, c) for d, c in zip(dot, angles, strict=True)]
    ),
    'distance': norm(m - r).mean(),
    'style': -np.mean(
      [
        np.abs(x.T @ x - y.T @ y).mean() / len(x)
        for x, y in zip(flat, others, strict=True)
      ]
    ),
    'input_difference': np.mean(
      [np.sqrt((image**2).mean()) for image in pixels]
    ),
  }


@pytest.mark.parametrize(
  'array', [np.array([2.0, 3.0]), np.float32([2, 3]), jnp.array([2.0, 3.0])]
)
def test_arrays_and_numbers_of_numpy_stand_on_either_side(array):
  unit = objectives.channel('mixed', 2)
  a = _activations()
  value = np.asarray(a['mixed'], np.float64)[..., 2].mean()
  for made, want in (
    (array * unit, [2 * value, 3 * value]),
    (unit * array, [2 * value, 3 * value]),
    (array + unit, [2 + value, 3 + value]),
    (array - unit, [2 - value, 3 - value]),
    (array[0] * unit - array, [2 * value - 2, 2 * value - 3]),
  ):
    assert isinstance(made, types.Objective)
    jobs, many = objectives.batch(objectives.bind(made, NETWORK))
    assert jobs == 2
    got = jax.vmap(_value, (0, None))(many, a)
    np.testing.assert_allclose(got, want, rtol=1e-5)


@pytest.mark.parametrize('loss', ['l1', 'dot'])
def test_other_losses_of_inversion(loss):
  a = _activations()
  m = np.asarray(a['mixed'], np.float64)
  r = np.asarray(a[types.reference('mixed')], np.float64)
  want = {
    'l1': [
      -np.abs(x - y).sum() / np.abs(y).sum() for x, y in zip(m, r, strict=True)
    ],
    'dot': [
      (x * y).sum() / (y**2).sum() - 1 for x, y in zip(m, r, strict=True)
    ],
  }
  got = _value(objectives.match('mixed', loss), a)
  np.testing.assert_allclose(got, np.mean(want[loss]), rtol=1e-5)


def test_without_a_reference_the_message_says_what_to_do():
  with pytest.raises(FvizError, match='reference image'):
    _value(objectives.match('mixed'), {'mixed': jnp.ones([1, 2])})


def test_a_position_outside_is_nan():
  assert jnp.isnan(_value(objectives.neuron('mixed', 0, 4, 0), _activations()))


def test_equal_objectives_share_a_compilation():
  traces = []
  compiled = jax.jit(lambda o, a: traces.append(1) or _value(o, a))
  for i in range(3):
    o = objectives.bind(objectives.channel('mixed', i), NETWORK)
    compiled(o, _activations())
  assert len(traces) == 1


@pytest.mark.parametrize(
  'label, index', [('dog', 1), ('CAT', 0), ('hot', 2), ('sea', 5), (3, 3)]
)
def test_labels(label, index):
  bound = objectives.bind(objectives.logit(label), NETWORK)
  assert bound.layers == ('logits',)
  assert bound.leaves[0].value == index


@pytest.mark.parametrize(
  'objective, message',
  [
    (objectives.logit('horse'), 'Unknown label of tiny'),
    (objectives.logit('lio'), '3: sea lion, 4: lion'),
    (objectives.channel('mixd', 0), "Did you mean 'mixed'"),
    (objectives.channel('mixed', 5), 'index 5 .*0 to 4'),
    (objectives.channel('mixed', -1), 'index -1 .*0 to 4'),
    (objectives.channel('mixed', 0.5), 'integer'),
    (objectives.direction('mixed', np.ones(4)), 'length 4.*5 channels'),
    (objectives.neuron('mixed', 0, -1, 0), 'negative'),
    (2 * objectives.channel('mixed', 9) + 1, 'index 9'),
  ],
)
def test_bind_refuses(objective, message):
  with pytest.raises(FvizError, match=message):
    objectives.bind(objective, NETWORK)


def test_neuron_needs_both_coordinates():
  with pytest.raises(FvizError, match='both'):
    objectives.neuron('mixed', 0, y=1)


def test_batch_equals_a_loop_without_gathers():
  o = objectives.channel('mixed', [0, 3, 4]) + 0.5 * objectives.direction(
    'mixed', np.ones(5)
  )
  jobs, many = objectives.batch(objectives.bind(o, NETWORK))
  assert jobs == 3
  a = _activations()
  run = jax.jit(jax.vmap(_value, (0, None)))
  text = run.lower(many, a).as_text()
  assert 'stablehlo.gather' not in text
  for job, got in zip(range(3), run(many, a), strict=True):
    one = jax.tree.map(lambda leaf, job=job: leaf[job], many)
    np.testing.assert_allclose(got, _value(one, a), rtol=1e-5)


def test_batch_of_labels_and_vectors():
  jobs, many = objectives.batch(
    objectives.bind(objectives.logit(['dog', 'cat']), NETWORK)
  )
  assert jobs == 2 and many.leaves[0].value.tolist() == [1, 0]
  assert (
    objectives.batch(objectives.direction('mixed', np.ones([4, 5])))[0] == 4
  )


def test_batch_without_jobs_and_with_different_ones():
  assert objectives.batch(objectives.channel('mixed', 1))[0] is None
  two = objectives.channel('mixed', [0, 1]) + objectives.channel(
    'mixed', [0] * 3
  )
  with pytest.raises(FvizError, match=r'\[2, 3\]'):
    objectives.batch(two)
